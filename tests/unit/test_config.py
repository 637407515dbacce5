"""Settings: they work without a file, a bad one is named in one line, a secret never shows."""

from __future__ import annotations

import copy
import json
import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from edge import config
from edge.cli.main import main
from edge.config import ConfigError, Settings, as_dict, load
from edge.config.former_names import present_name
from edge.config.gone import GONE, without_gone
from edge.config.orders import recognizer_order, recognizer_orders
from scripts import config_reference

ROOT = Path(__file__).parents[2]
CONTRACT = {
    "SHUTTLE__ID": "s7",
    "SHUTTLE__LANGUAGE": "en",
    "MQTT__HOST": "broker.local",
    "MQTT__PORT": "1884",
    "GROQ__BASE_URL": "http://127.0.0.1:9",
    "GROQ__MODEL": "m",
    "OPENAI__BASE_URL": "http://127.0.0.1:9/v1",
    "ELEVENLABS__BASE_URL": "ws://127.0.0.1:9",
    "ELEVENLABS__VOICE_ID": "v",
    "ELEVENLABS__MODEL_ID": "m",
    "SPEAKER__OUTPUT": "wav:/tmp/x.wav",
    "COMMENTATOR__CHATTINESS": "unlimited",
    "RUNTIME_DIR": "/tmp/run",
}


def loaded(**env: str) -> Settings:
    return load({f"SHUTTLE_GUIDE_{key}": value for key, value in env.items()}, dotenv=None)


def test_it_works_with_nothing() -> None:
    settings = load({}, dotenv=None)
    assert settings.services["elevenlabs"].voice == "y2Y5MeVPm6ZQXK64WUui"
    assert settings.services["elevenlabs"].speech_model == "eleven_flash_v2_5"


def test_the_promised_environment_variables_work() -> None:
    tree = as_dict(loaded(**CONTRACT))
    for name, value in CONTRACT.items():
        node = tree
        for key in present_name(name.lower().split("__")):
            node = node[key]
        assert str(node) == value


def test_keys_come_from_their_usual_variables_and_from_credentials(tmp_path: Path) -> None:
    (tmp_path / "groq_api_key").write_text("from-credential\n")
    env = {
        "CREDENTIALS_DIRECTORY": str(tmp_path),
        "GROQ_API_KEY": "x",
        "OPENAI_API_KEY": "o",
        "ELEVENLABS_API_KEY": "",
    }
    settings = load(env, dotenv=None)
    assert settings.services["groq"].api_key is not None
    assert settings.services["groq"].api_key.reveal() == "from-credential"
    assert settings.services["openai"].api_key is not None
    assert settings.services["elevenlabs"].api_key is None


def test_an_empty_credential_is_no_key_and_hides_none(tmp_path: Path) -> None:
    for name in ("groq_api_key", "openai_api_key"):
        (tmp_path / name).write_text("\n")  # what a unit sets where the key's file is absent
    settings = load({"CREDENTIALS_DIRECTORY": str(tmp_path), "OPENAI_API_KEY": "o"}, dotenv=None)
    assert settings.services["groq"].api_key is None
    assert settings.services["openai"].api_key is not None


def test_a_command_of_root_finds_the_credentials_that_the_units_are_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(load.__globals__, "DEFAULT_CREDENTIALS", tmp_path)
    (tmp_path / "mqtt_password").write_text("of-the-broker\n")
    password = load({}, dotenv=None).mqtt.password
    assert password is not None
    assert password.reveal() == "of-the-broker"


def test_under_systemd_the_state_goes_where_the_unit_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/shuttle-guide/ingest")
    assert load({}, dotenv=None).state_dir == "/var/lib/shuttle-guide/ingest"


def test_one_key_of_a_nested_section_can_be_set_alone() -> None:
    settings = loaded(SPEAKER__BUDGET__MAX_MS="1000")
    assert settings.speaker.budget.max_ms == 1000
    assert settings.speaker.budget.initial_ms == Settings().speaker.budget.initial_ms


def test_a_table_comes_from_the_environment_as_json_or_key_by_key() -> None:
    assert loaded(PIPER__VOICES='{"ru": "denis", "en": "amy"}').piper.voices == {"ru": "denis", "en": "amy"}
    assert loaded(PIPER__VOICES__RU="irina").piper.voices == {"ru": "irina"}
    both = loaded(PIPER__VOICES__RU="irina", PIPER__VOICES='{"ru": "denis", "en": "amy"}')
    assert both.piper.voices == {"ru": "irina", "en": "amy"}
    names = loaded(
        LISTENER__ADDRESSEE__NAMES='{"ru": ["гид"]}', LISTENER__ADDRESSEE__NAMES__EN="guide, captain"
    )
    assert names.listener.addressee.names == {"ru": ("гид",), "en": ("guide", "captain")}


def test_an_order_of_recognizers_is_a_list_or_a_table_from_each_source(tmp_path: Path) -> None:
    def order(**variables: str) -> object:
        return loaded(**variables).listener.recognizer.order

    name = "LISTENER__RECOGNIZER__ORDER"
    assert order(**{name: "gigaam, faster_whisper"}) == ("gigaam", "faster_whisper")
    assert order(**{name: '{"ru": ["gigaam"]}'}) == {"ru": ("gigaam",)}
    assert order(**{f"{name}__RU": "gigaam,faster_whisper"}) == {"ru": ("gigaam", "faster_whisper")}
    file = tmp_path / "guide.toml"
    file.write_text('[listener.recognizer.order]\nru = ["gigaam", "faster_whisper"]\n')
    settings = load({"SHUTTLE_GUIDE_CONFIG": str(file)}, dotenv=None)
    assert recognizer_orders(settings) == {
        "ru": ("gigaam", "faster_whisper"),
        "en": ("faster_whisper",),
        "id": ("faster_whisper",),
    }
    assert recognizer_order(settings) == ("gigaam", "faster_whisper")


@pytest.mark.parametrize(
    ("order", "cloud_allowed", "english"),
    [
        ('{"en": ["groq"]}', "false", ("faster_whisper",)),
        ('{"en": ["groq"]}', "true", ("groq",)),
        ('{"en": ["gigaam"]}', "false", ("faster_whisper",)),
        ("gigaam", "true", ("groq", "openai", "faster_whisper")),
        ('{"en": ["gigaam", "pocketsphinx"]}', "false", ("gigaam", "pocketsphinx")),
    ],
)
def test_a_language_that_no_recognizer_of_its_order_can_hear_has_the_default(
    order: str, cloud_allowed: str, english: tuple[str, ...]
) -> None:
    settings = loaded(LISTENER__RECOGNIZER__ORDER=order, LISTENER__RECOGNIZER__CLOUD_ALLOWED=cloud_allowed)
    assert recognizer_orders(settings)["en"] == english


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ('order = ["whisper"]', r"order\[0\] = 'whisper': allowed: .*faster_whisper, gigaam, parakeet"),
        ('order = {ru = ["whisper"]}', r"order\.ru\[0\] = 'whisper': allowed: .*faster_whisper, gigaam"),
        ('order = {de = ["gigaam"]}', r"order.*allowed: ru, en, id"),
        ('order = "gigaam"', r"order = 'gigaam': Expected `object \| array`"),
        ("order = {ru = 3}", r"order.*Expected `array`"),
    ],
)
def test_a_wrong_order_of_recognizers_is_one_line(tmp_path: Path, written: str, told: str) -> None:
    file = tmp_path / "guide.toml"
    file.write_text(f"[listener.recognizer]\n{written}\n")
    with pytest.raises(ConfigError, match=told) as caught:
        load({"SHUTTLE_GUIDE_CONFIG": str(file)}, dotenv=None)
    assert "\n" not in str(caught.value)


def test_settings_that_are_gone_are_told_in_a_line_each_and_stop_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file, dotenv = tmp_path / "guide.toml", tmp_path / ".env"
    file.write_text(
        '[listener.vad]\ndevice = "cuda"\n[listener.recognizer.guards]\navg_logprob = -2\n[mqtt]\nport = 7\n'
    )
    dotenv.write_text("SHUTTLE_GUIDE_LISTENER__VAD__AGGRESSIVENESS=9\n")
    env = {
        "SHUTTLE_GUIDE_CONFIG": str(file),
        "SHUTTLE_GUIDE_LISTENER__RECOGNIZER__GUARDS__COMPRESSION_RATIO": "5",
    }
    assert load(env, dotenv=dotenv).mqtt.port == 7
    lines = [record.getMessage() for record in caplog.records]
    assert [line.partition(": ")[2].partition(" is no setting any more")[0] for line in lines] == [
        "listener.vad.device",
        "listener.recognizer.guards",
        "listener.vad.aggressiveness",
        "listener.recognizer.guards",
    ]
    assert lines[0] == (
        f"config: listener.vad.device is no setting any more (from {file}): "
        "the detector runs on the CPU, where it is fastest; remove it"
    )
    assert "(from SHUTTLE_GUIDE_LISTENER__VAD__AGGRESSIVENESS)" in lines[2]


def test_what_is_gone_takes_along_only_the_sections_that_held_nothing_else() -> None:
    tree = {"pool": {"max_age_days": 3}, "speaker": {"fade_ms": None, "volume": 1}, "mqtt": 7, "x": {}}
    before = copy.deepcopy(tree)
    left, names = without_gone(tree)
    assert left == {"speaker": {"volume": 1}, "mqtt": 7, "x": {}}
    assert set(names) == {"pool.max_age_days", "speaker.fade_ms"}
    assert tree == before
    assert without_gone({"listener": {"recognizer": {"guards": {"a": {"b": 1}}}}}) == (
        {},
        ["listener.recognizer.guards"],
    )


def test_what_is_gone_is_nowhere_in_the_tree() -> None:
    there = {".".join(entry.path) for entry in config_reference.entries()}
    assert not [name for name in GONE if any(f"{each}.".startswith(f"{name}.") for each in there)]


def test_nothing_here_still_sets_what_is_gone() -> None:
    spelt = {name: name.upper().replace(".", "__") for name in GONE}
    files = [ROOT / "README.md", ROOT / "guide.example.toml", ROOT / ".env.example"]
    for folder in ("bench", "deploy", "docs", "examples", "scripts", "systemd", "tests"):
        files += [path for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".md", ".yml", ".j2")]
    for path in files:
        text = path.read_text("utf-8") if path != Path(__file__) else ""
        found = [name for name, variable in spelt.items() if name in text or variable in text]
        assert not found, path


def test_config_check_names_what_is_gone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHUTTLE_GUIDE_LISTENER__VAD__DEVICE", "cuda")
    assert main(["config", "check"]) == 0
    assert "listener.vad.device" in capsys.readouterr().out
    assert main(["config", "check", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"ok": True, "gone": ["listener.vad.device"]}


def test_an_empty_variable_or_key_is_none(tmp_path: Path) -> None:
    file = tmp_path / "guide.toml"
    file.write_text('[groq]\napi_key = ""\n')
    env = {"SHUTTLE_GUIDE_CONFIG": str(file), "SHUTTLE_GUIDE_MQTT__PORT": ""}
    settings = load(env, dotenv=None)
    assert settings.services["groq"].api_key is None
    assert settings.mqtt.port == 1883


def test_a_key_in_the_wrong_place_does_not_show() -> None:
    with pytest.raises(ConfigError) as error:
        load({"SHUTTLE_GUIDE_GROQ": "gsk_secret", "GROQ_API_KEY": "x"}, dotenv=None)
    assert "gsk_secret" not in str(error.value)
    shown = as_dict(loaded(OPENAI__BASE_URL="https://user:hush@host/v1"))
    assert "hush" not in str(shown)


def test_dotenv_and_file_and_environment_override_in_that_order(tmp_path: Path) -> None:
    file = tmp_path / "guide.toml"
    file.write_text('[shuttle]\nid = "file"\nlanguage = "id"\n[mqtt]\nport = 1\n')
    dotenv = tmp_path / ".env"
    dotenv.write_text("SHUTTLE_GUIDE_SHUTTLE__ID=dotenv\nSHUTTLE_GUIDE_MQTT__PORT=2\n")
    env = {"SHUTTLE_GUIDE_CONFIG": str(file), "SHUTTLE_GUIDE_MQTT__PORT": "3"}
    settings = load(env, dotenv=dotenv)
    assert (settings.shuttle.language, settings.shuttle.id, settings.mqtt.port) == ("id", "dotenv", 3)


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("MQTT__PORT", "99999", r"mqtt\.port = '99999'.*65535.*SHUTTLE_GUIDE_MQTT__PORT"),
        ("MQTT__PORT", "many", r"mqtt\.port = 'many'.*int"),
        (
            "COMMENTATOR__CHATTINESS",
            "loud",
            r"chattiness = 'loud'.*allowed: silent, low, normal, high, unlimited",
        ),
        ("SHUTTLE__LANGUAGE", "fr", r"language = 'fr'.*allowed: ru, en, id"),
        ("SHUTTLE__ID", "a/b", r"shuttle\.id = 'a/b'"),
        (
            "SPEAKER__VOICES",
            "espeak,robot",
            r"voices\[1\] = 'robot'.*allowed: openai, .*elevenlabs, piper, rhvoice, espeak",
        ),
        ("SPEAKER__VOLUME", "2", r"volume = '2'.*<= 1"),
        ("LISTENER__ENDPOINTING__SILENCE_S", "0", r"silence_s = '0'.*> 0"),
        ("LISTENER__ENDPOINTING__SENSITIVITY", "30", r"sensitivity = '30'.*<= 0.99"),
        ("GROQ__BASE_URL", "api.groq.com", r"groq\.base_url = 'api\.groq\.com': expected an address such as"),
        ("OPENAI__BASE_URL", "http://127.0.0.1:many", r"openai\.base_url = .*expected an address such as"),
        ("ELEVENLABS__BASE_URL", "http://[::1", r"elevenlabs\.base_url = .*expected an address such as"),
        ("MQTT__HOTS", "x", r"no setting 'hots'.*SHUTTLE_GUIDE_MQTT__HOTS"),
        ("COLOUR", "x", r"no setting 'colour'.*SHUTTLE_GUIDE_COLOUR"),
        ("GROQ__KEY", "x", r"groq: there is no setting 'key' here.*SHUTTLE_GUIDE_GROQ__KEY"),
        ("PIPER__VOICES", "ru=denis", r"piper\.voices = 'ru=denis': expected a table as JSON.*PIPER__VOICES"),
        ("PIPER__VOICES", '["denis"]', r"piper\.voices = .*expected a table as JSON"),
        (
            "PIPER__VOICES",
            '{"fr": "x"}',
            r"piper\.voices: allowed: ru, en, id .*PIPER__VOICES",
        ),
    ],
)
def test_a_bad_value_is_one_line_with_key_value_and_what_is_allowed(
    name: str, value: str, wanted: str
) -> None:
    with pytest.raises(ConfigError) as error:
        loaded(**{name: value})
    line = str(error.value)
    assert "\n" not in line
    assert re.search(wanted, line), line


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:8080/v1",
        "https://user:word@host.example/openai?x=1",
        "http://[::1]:1",
        "http://localhost",
    ],
)
def test_an_address_may_have_a_port_a_path_and_a_user(address: str) -> None:
    assert loaded(OPENAI__BASE_URL=address).services["openai"].base_url == address


@pytest.mark.parametrize("name", ["", "!", "а"])
def test_a_name_that_would_call_nobody_or_all_the_time_is_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / "guide.toml"
    file.write_text(f'[listener.addressee]\nnames = {{ ru = ["Настя", "{name}"] }}\n')
    wanted = r"listener\.addressee\.names\[\.\.\.\]\[1\]: expected a name of two letters or more"
    with pytest.raises(ConfigError, match=wanted):
        load({"SHUTTLE_GUIDE_CONFIG": str(file)})


def test_a_broken_file_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "guide.toml"
    file.write_text("[mqtt\nport=1")
    with pytest.raises(ConfigError, match=re.escape(str(file))):
        load({"SHUTTLE_GUIDE_CONFIG": str(file)}, dotenv=None)
    with pytest.raises(ConfigError, match="does not exist"):
        load({"SHUTTLE_GUIDE_CONFIG": str(tmp_path / "none.toml")}, dotenv=None)


def test_secrets_never_show() -> None:
    env = {name.upper(): "hush-hush" for name in config.SECRETS}
    settings = load(env, dotenv=None)
    assert "hush" not in repr(settings)
    assert "hush" not in str(as_dict(settings))
    with pytest.raises(ConfigError) as error:
        load(env | {"SHUTTLE_GUIDE_MQTT__PORT": "x"}, dotenv=None)
    assert "hush" not in str(error.value)


@pytest.mark.parametrize("content", ["a = " + "[" * 5000, "a = " + "9" * 5000])
def test_a_file_that_python_cannot_parse_is_one_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "guide.toml"
    path.write_text(content, "utf-8", errors="surrogateescape")
    with pytest.raises(ConfigError, match=r"guide\.toml cannot be read as TOML: [^\n]+\Z"):
        load({"SHUTTLE_GUIDE_CONFIG": str(path)}, dotenv=None)


def test_the_example_file_and_the_reference_are_what_the_settings_are() -> None:
    advice = "run: python -m scripts.config_reference"
    assert (ROOT / "guide.example.toml").read_text("utf-8") == config_reference.toml_text(), advice
    assert (ROOT / "docs/configuration.md").read_text("utf-8") == config_reference.markdown_text(), advice


def test_every_line_of_the_example_can_be_uncommented() -> None:
    lines = (ROOT / "guide.example.toml").read_text("utf-8").splitlines()
    tree = tomllib.loads("\n".join(re.sub(r"^# (?=[a-z_]+ = )", "", line) for line in lines))
    msgspec.convert(tree, Settings)


def test_every_section_refuses_unknown_keys() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"speaker": {"budget": {"initial": 1}}}, Settings)
