"""Keys and passwords stand in no line that people read: not ours, not those in an address, in no encoding."""

from __future__ import annotations

import ast
import json
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import pytest

from edge.config import SECRETS, ConfigError, Secret, Settings, as_dict, load
from edge.config.child_environment import (
    for_process,
    secrets_of_process,
    without_secrets,
)
from edge.error_lines import one_line
from edge.ladder import RungError
from edge.masking import masked, masked_address, remember
from edge.messages import ProcessName
from tests.support.canaries import KEY, PASSWORD, parts_found
from tests.support.journal_lines import journal_lines
from tests.support.sources import parsed

ROOT = Path(__file__).parents[2]
ADDRESS = f"https://user:{PASSWORD}@host.example/v1"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("https://user:word@host/v1", "https://***@host/v1"),
        ("see https://user:w@rd@host:80/v1, or not", "see https://***@host:80/v1, or not"),
        ("user:word@host", "***@host"),
        ("GET /x?api_key=abc&n=1#token=def", "GET /x?api_key=***&n=1#token=***"),
        ("X-Amz-Signature=abcdef", "X-Amz-Signature=***"),
        ("Authorization: Bearer abcdefghij", "Authorization: Bearer ***"),
        ("gsk_" + "a1" * 20, "***"),
        ("monkey=3 tokens=120 a@b", "monkey=3 tokens=120 a@b"),
        ("shuttle/demo/turn: две собаки справа", "shuttle/demo/turn: две собаки справа"),
    ],
)
def test_what_looks_like_a_key_is_left_out(text: str, told: str) -> None:
    assert masked(text) == told


def test_what_we_were_given_is_left_out_in_every_encoding() -> None:
    remember("пароль: №1 «а»")
    for form in ("пароль: №1 «а»", json.dumps("пароль: №1 «а»"), "%D0%BF%D0%B0%D1%80%D0%BE%D0%BB%D1%8C"):
        assert "арол" not in masked(form)
        assert "\\u0430\\u0440" not in masked(form)


def test_short_ones_do_not_blot_out_words() -> None:
    Secret("demo")
    assert masked("shuttle demo") == "shuttle demo"


@pytest.mark.parametrize("hostile", ["a=", "@", ":@", "://", "sk-", "Bearer ", "x" * 64, "a:", "=", "\t "])
def test_it_takes_time_in_proportion_to_the_length(hostile: str) -> None:
    def took_s(length: int) -> float:
        text = hostile * (length // len(hostile))
        began = time.process_time()
        masked(text)
        return time.process_time() - began

    short, double = (min(took_s(length) for _ in range(5)) for length in (100_000, 200_000))
    assert double <= 2.5 * short + 0.005


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (ADDRESS, "https://***@host.example/v1"),
        (f"https://user:{PASSWORD} x/@host", "https://***@host"),
        (f"user:{PASSWORD}@host", "***@host"),
        ("host", "host"),
    ],
)
def test_an_address_that_is_none_shows_none_either(address: str, shown: str) -> None:
    assert masked_address(address) == shown


def test_the_settings_are_shown_without_them(tmp_path: Path) -> None:
    file = tmp_path / "guide.toml"
    file.write_text(f'models_mirror = "{ADDRESS}"\n[listener.addressee]\nnames = {{ ru = ["{ADDRESS}"] }}\n')
    services = ("GROQ", "OPENAI", "LOCAL", "ELEVENLABS")
    env = {f"SHUTTLE_GUIDE_{name}__BASE_URL": f"{ADDRESS}?token={KEY}" for name in services}
    env |= {"SHUTTLE_GUIDE_MQTT__HOST": f"user:{PASSWORD}@host", "SHUTTLE_GUIDE_CONFIG": str(file)}
    settings = load(env | {name.upper(): KEY for name in SECRETS}, dotenv=None)
    assert not parts_found(json.dumps(as_dict(settings), ensure_ascii=False))
    assert not parts_found(repr(settings.services["groq"].api_key))


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OPENAI__BASE_URL", f"https://user:{PASSWORD}/@host"),
        ("OPENAI__BASE_URL", f"https://user:{PASSWORD} @host"),
        ("GROQ__BASE_URL", f"user:{PASSWORD}@host"),
        ("OPENAI__BASE_URL", f"ftp://host/?key={PASSWORD}"),
        ("LOG_LEVEL", "gsk_" + KEY),
        ("gsk_" + KEY, "x"),
        ("MQTT__PASSWORD__X", PASSWORD),
        ("MQTT", PASSWORD),
        ("LOCAL__BASE_URL", f"http://user:{PASSWORD}@depot.example"),
    ],
)
def test_a_refused_setting_shows_none(variable: str, value: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load({f"SHUTTLE_GUIDE_{variable}": value}, dotenv=None)
    assert not parts_found(str(refused.value)), refused.value


# --- the journal ---


@pytest.fixture
def lines() -> Iterator[Callable[[], str]]:
    with journal_lines() as told:
        yield told


def test_each_line_and_each_field_is_looked_at(lines: Callable[[], str]) -> None:
    Secret(KEY)
    log = logging.getLogger("edge.test")
    record = log.makeRecord("edge.test", logging.INFO, "", 1, "%s", (KEY,), None, extra={"SESSION": KEY})
    log.handle(record)
    assert not parts_found(lines() + str(vars(record)))


def test_a_traceback_shows_where_and_quotes_nothing(lines: Callable[[], str]) -> None:
    try:
        try:
            raise ValueError(f"came {ADDRESS} {KEY}")
        except ValueError as error:
            raise RungError("the voice is away") from error
    except RungError:
        logging.getLogger("edge.test").exception("unexpected")
    shown = lines()
    assert "test_masking.py" in shown
    assert "ValueError" in shown
    assert "the voice is away" in shown
    assert not parts_found(shown.replace("{ADDRESS}", "").replace("{KEY}", "")), shown


def test_libraries_warn_without_what_they_were_given(lines: Callable[[], str]) -> None:
    library = logging.getLogger("httpcore.http11")
    library.debug("receive_response_headers %s", PASSWORD)
    library.info("HTTP Request: GET %s", ADDRESS)
    library.warning("retrying %s", PASSWORD)
    logging.getLogger("asyncio").error(f"Task exception was never retrieved\nfuture: <{PASSWORD}>")
    shown = lines()
    assert "httpcore.http11: retrying %s" in shown
    assert "asyncio: Task exception was never retrieved" in shown
    assert not parts_found(shown), shown


def test_the_first_look_at_a_line_bounds_it() -> None:
    assert len(one_line("x" * 1_000_000)) <= 300


# --- what children get ---

KEYS_OF = {process: secrets_of_process(Settings(), process) for process in get_args(ProcessName)}


def test_each_process_gets_its_own_keys_only() -> None:
    everything = {name.upper(): KEY for name in SECRETS} | {"PATH": "/bin", "FOREIGN_API_KEY": KEY}
    everything |= {f"SHUTTLE_GUIDE_{'__'.join(path)}".upper(): KEY for path in SECRETS.values()}
    for process, wanted in KEYS_OF.items():
        given = for_process(everything, process)
        assert {name.lower() for name in given if name.lower() in SECRETS} == wanted
        assert len(given) == 1 + 2 * len(wanted)


def test_the_keys_of_further_services_go_where_these_are_asked() -> None:
    environment = {
        "SHUTTLE_GUIDE_SERVICES__MY_LLM__MODEL": "m",
        "SHUTTLE_GUIDE_SERVICES__MY_EARS__TRANSCRIPTION_MODEL": "m",
        "SHUTTLE_GUIDE_COMMENTATOR__MODELS": "my_llm",
        "SHUTTLE_GUIDE_ANSWERS__MODELS": "gemini",
        "SHUTTLE_GUIDE_SPEAKER__VOICES": "openai",
        "SHUTTLE_GUIDE_LISTENER__RECOGNIZER__ORDER": "my_ears",
        "SHUTTLE_GUIDE_LISTENER__RECOGNIZER__CLOUD_ALLOWED": "true",
    }
    keys = ("MY_LLM_API_KEY", "MY_EARS_API_KEY", "GEMINI_API_KEY", "OPENAI_API_KEY", "GROQ_API_KEY")
    given = {
        process: for_process(environment | dict.fromkeys(keys, KEY), process).keys() - environment.keys()
        for process in get_args(ProcessName)
    }
    assert given == {
        "ingest": set(),
        "listener": {"MY_EARS_API_KEY"},
        "commentator": {"MY_LLM_API_KEY", "GEMINI_API_KEY"},
        "speaker": {"OPENAI_API_KEY"},
        "telemetry": set(),
        "console": set(),
    }


def test_the_units_give_each_process_the_keys_that_it_needs_by_default() -> None:
    for process, wanted in KEYS_OF.items():
        unit = ROOT / f"systemd/shuttle-guide-{process}.service"
        given = {
            line.partition("=")[2].partition(":")[0]
            for line in unit.read_text("utf-8").splitlines()
            if line.startswith("LoadCredential=")
        }
        not_given = {"local_api_key"} | ({"fleet_password"} if process == "console" else set())
        assert given == wanted - not_given, process  # a server of one's own wants no key, mostly


def test_another_program_gets_none() -> None:
    environment = {
        **{name.upper(): KEY for name in SECRETS},
        "SHUTTLE_GUIDE_GROQ__API_KEY": KEY,
        "CREDENTIALS_DIRECTORY": "/run/credentials/x",
        "HF_TOKEN": KEY,
        "HTTPS_PROXY": f"http://user:{PASSWORD}@proxy:3128",
        "PATH": "/bin",
        "LANG": "C.UTF-8",
        "LD_LIBRARY_PATH": "/usr/lib",
        "no_proxy": "localhost",
    }
    given = without_secrets(environment)
    assert given.keys() == {"PATH", "LANG", "LD_LIBRARY_PATH", "no_proxy"}


def test_every_child_is_given_an_environment_of_its_own() -> None:
    starters = {
        "create_subprocess_exec",
        "create_subprocess_shell",
        "run",
        "Popen",
        "check_output",
        "check_call",
    }
    found = 0
    for path, tree in parsed(ROOT / "edge", "subprocess"):
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            owner = ast.unparse(node.func.value)
            if node.func.attr in starters and owner in ("subprocess", "asyncio", "asyncio.subprocess"):
                if owner == "asyncio" and node.func.attr == "run":
                    continue
                given = {word.arg: ast.unparse(word.value) for word in node.keywords}
                chosen = given.get("env", "")
                assert "without_secrets(" in chosen or "for_process(" in chosen, f"{path}:{node.lineno}"
                found += 1
    assert found >= 6
