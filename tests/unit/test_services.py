"""Services by name: what each does where an order names it, how quickly it speaks, and what is told of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.cli.talk import models_of
from edge.commentator.models.clients import chat_services
from edge.config import BUILT_IN, ConfigError, Secret, Service, Settings, load
from edge.config.notes import notes_on
from edge.config.orders import models_for_answers
from edge.config.speed import espeak_at_speed, speed_of
from edge.listener.recognizers.factory import make_recognizers
from edge.speaker.pool.fingerprint import pool_voice
from edge.speaker.voices import make_voices
from tests.support.services import service, with_services
from tests.support.speaking import speller_without_names

KEY = Secret("a-key-of-a-service")
BEFORE, AFTER = date(2026, 8, 15), date(2027, 3, 1)


def loaded(tmp_path: Path | None = None, text: str = "", **env: str) -> Settings:
    named = {f"SHUTTLE_GUIDE_{name}": value for name, value in env.items()}
    if tmp_path:
        file = tmp_path / "guide.toml"
        file.write_text(text, "utf-8")
        named["SHUTTLE_GUIDE_CONFIG"] = str(file)
    return load(named, dotenv=None)


def at_speed(speed: float, **services: Service) -> Settings:
    settings = with_services(**services)
    speaker = msgspec.structs.replace(settings.speaker, speed=speed)
    return msgspec.structs.replace(settings, speaker=speaker)


# --- entries and orders ---


def test_two_compatible_services_stand_in_one_order_under_their_own_names() -> None:
    settings = with_services(
        cerebras=service("cerebras", api_key=KEY, model="gpt-oss-120b"),
        openai=service("openai", api_key=KEY),
        mine=Service(base_url="http://127.0.0.1:9/v1", model="m", temperature=1.0),
    )
    cerebras, openai, mine = chat_services(settings, ("cerebras", "openai", "mine"))
    assert [each.name for each in (cerebras, openai, mine)] == ["cerebras", "openai", "mine"]
    assert str(cerebras.client.base_url) == "https://api.cerebras.ai/v1/"
    assert (cerebras.limit, openai.limit) == ("max_tokens", "max_completion_tokens")
    assert openai.options["reasoning_effort"] == "none", "what it would think of first is not waited for"
    assert "reasoning_effort" not in cerebras.options | mine.options
    assert (openai.options["temperature"], mine.options["temperature"]) == (0.0, 1.0)


def test_a_service_does_only_what_it_has_a_model_for() -> None:
    settings = with_services(
        chat=Service(base_url="http://127.0.0.1:9/v1", model="m"),
        talk=Service(base_url="http://127.0.0.1:9/v1", speech_model="m", voice="v"),
        ears=Service(base_url="http://127.0.0.1:9/v1", transcription_model="m"),
    )
    names = ("chat", "talk", "ears")
    listener = msgspec.structs.replace(
        settings.listener,
        recognizer=msgspec.structs.replace(settings.listener.recognizer, cloud_allowed=True, order=names),
    )
    speaker = msgspec.structs.replace(settings.speaker, voices=names)
    settings = msgspec.structs.replace(settings, listener=listener, speaker=speaker)
    assert [each.name for each in chat_services(settings, names)] == ["chat"]
    assert [each.name for each in make_voices(settings, speller_without_names())] == ["talk", "espeak"]
    assert [each.name for each in make_recognizers(settings)] == ["ears"]


def test_a_name_that_an_order_has_twice_stands_where_it_is_first() -> None:
    """A service beside itself would be paid twice, and a model on this machine loaded twice."""
    settings = with_services(mine=Service(base_url="http://127.0.0.1:9/v1", speech_model="m", voice="v"))
    voices = ("mine", "espeak", "mine", "espeak")
    speaker = msgspec.structs.replace(settings.speaker, voices=voices)
    recognizer = msgspec.structs.replace(settings.listener.recognizer, order=("pocketsphinx",) * 2)
    listener = msgspec.structs.replace(settings.listener, recognizer=recognizer)
    settings = msgspec.structs.replace(settings, speaker=speaker, listener=listener)
    assert [each.name for each in make_voices(settings, speller_without_names())] == ["mine", "espeak"]
    assert [each.name for each in make_recognizers(settings)] == ["pocketsphinx"]


@pytest.mark.parametrize("slash", ["", "/"])
def test_openai_is_asked_alike_however_its_address_is_written(slash: str) -> None:
    settings = with_services(
        mine=Service(base_url=f"{BUILT_IN['openai'].address}{slash}", model="gpt-5.6-luna", api_key=KEY)
    )
    (mine,) = chat_services(settings, ("mine",))
    assert (mine.limit, mine.options["reasoning_effort"]) == ("max_completion_tokens", "none")


def test_the_built_in_entries_need_a_key_and_those_of_cerebras_and_gemini_a_model_too() -> None:
    assert chat_services(Settings(), BUILT_IN) == []
    keys = {name: msgspec.structs.replace(each, api_key=KEY) for name, each in BUILT_IN.items()}
    writing = chat_services(with_services(**keys), ("cerebras", "gemini", "groq", "openai"))
    assert [each.name for each in writing] == ["groq", "openai"]


def test_answers_have_the_order_of_remarks_or_their_own() -> None:
    assert models_for_answers(loaded(COMMENTATOR__MODELS="openai")) == ("openai",)
    assert models_for_answers(loaded(ANSWERS__MODELS="gemini,groq")) == ("gemini", "groq")


@pytest.mark.parametrize(
    ("env", "wanted"),
    [
        ({"COMMENTATOR__MODELS": "groq,grok"}, r"commentator\.models\[1\] = 'grok': allowed: groq, openai, "),
        ({"ANSWERS__MODELS": "elevenlabs"}, r"answers\.models\[0\] = 'elevenlabs': allowed: groq"),
        (
            {"SPEAKER__VOICES": "groq"},
            r"speaker\.voices\[0\] = 'groq': allowed: openai, .*piper, rhvoice, espeak",
        ),
        ({"LISTENER__RECOGNIZER__ORDER": "espeak"}, r"order\[0\] = 'espeak': .*faster_whisper"),
        ({"SERVICES__PIPER__MODEL": "m"}, r"services\.piper: this name is taken.*SERVICES__PIPER__MODEL"),
        ({"SERVICES__9LIVES__MODEL": "m"}, r"services: expected a name of a-z"),
        ({"SERVICES__X__SPEED": "9"}, r"services\.x\.speed = '9': .*SERVICES__X__SPEED"),
        ({"SERVICES__X__BASE_URL": "ws://h"}, r"services\.x\.base_url = 'ws://h': expected an address"),
        (
            {"SERVICES": '{"x": {"api_key": "k"}}'},
            "SHUTTLE_GUIDE_SERVICES holds a key: give it as NAME_API_KEY",
        ),
        ({"SERVICES__X__PRICES__PER_LITRE": "1"}, r"services\.x\.prices: there is no setting 'per_litre'"),
    ],
)
def test_a_name_or_an_entry_that_cannot_be_is_one_line(env: dict[str, str], wanted: str) -> None:
    with pytest.raises(ConfigError, match=wanted):
        loaded(**env)


def test_a_key_goes_by_the_name_of_its_service(tmp_path: Path) -> None:
    (tmp_path / "my_llm_api_key").write_text("of-the-credential\n", "utf-8")
    (tmp_path / ".env").write_text("GEMINI_API_KEY=of-dotenv\n", "utf-8")
    (tmp_path / ".env").chmod(0o600)
    env = {
        "SHUTTLE_GUIDE_SERVICES__MY_LLM__MODEL": "m",
        "CEREBRAS_API_KEY": "of-the-environment",
        "CREDENTIALS_DIRECTORY": str(tmp_path),
    }
    services = load(env, dotenv=tmp_path / ".env").services
    keys = {name: each.api_key.reveal() for name, each in services.items() if each.api_key}
    assert keys == {
        "my_llm": "of-the-credential",
        "gemini": "of-dotenv",
        "cerebras": "of-the-environment",
    }


@pytest.mark.parametrize(
    ("names", "models", "groq_model"),
    [
        (["cerebras", "openai"], ("cerebras", "openai"), "openai/gpt-oss-20b"),
        (["balanced"], ("groq", "openai", "local"), "openai/gpt-oss-120b"),
        (["fast"], ("groq", "openai", "local"), "openai/gpt-oss-20b"),
        (["gpt"], ("openai", "groq", "local"), "openai/gpt-oss-20b"),
    ],
)
def test_talk_takes_names_of_services_and_the_presets_of_before(
    names: list[str], models: tuple[str, ...], groq_model: str
) -> None:
    settings = load(models_of(names, Settings()), dotenv=None)
    assert settings.commentator.models == models
    assert settings.services["groq"].model == groq_model


# --- names of before ---


def test_the_sections_of_before_go_on_working(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path,
        '[groq]\nmodel = "a"\n[openai]\nspeech_voice = "b"\nbase_url = "http://127.0.0.1:9/v1"\n'
        '[local]\nbase_url = "http://127.0.0.1:8/v1"\n[elevenlabs]\nvoice_id = "c"\nmodel_id = "d"\n'
        'stability = 0.1\n[listener.recognizer]\ngroq_model = "e"\nopenai_model = "f"\n',
    )
    groq, openai = settings.services["groq"], settings.services["openai"]
    assert (groq.model, groq.transcription_model) == ("a", "e")
    assert (openai.voice, openai.transcription_model) == ("b", "f")
    assert openai.address == "http://127.0.0.1:9/v1"
    assert settings.services["local"].can_be_asked
    elevenlabs = settings.services["elevenlabs"]
    assert (elevenlabs.voice, elevenlabs.speech_model, elevenlabs.stability) == ("c", "d", 0.1)


@pytest.mark.parametrize(
    ("text", "env", "model", "line"),
    [
        ('[groq]\nmodel = "a"\n[services.groq]\nmodel = "b"\n', {}, "b", "not groq.model (both from"),
        ("", {"GROQ__MODEL": "a", "SERVICES__GROQ__MODEL": "b"}, "b", "not SHUTTLE_GUIDE_GROQ__MODEL"),
        ('[services.groq]\nmodel = "b"\n', {"GROQ__MODEL": "a"}, "a", ""),  # the environment goes first
    ],
)
def test_where_both_names_are_given_one_rule_holds_and_one_line_says_so(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    text: str,
    env: dict[str, str],
    model: str,
    line: str,
) -> None:
    assert loaded(tmp_path, text, **env).services["groq"].model == model
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == bool(line)
    assert all(line in each for each in told)


def test_an_error_names_a_setting_as_it_was_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"config: elevenlabs\.voice_id = \[\]: .*guide\.toml"):
        loaded(tmp_path, "[elevenlabs]\nvoice_id = []\n")
    with pytest.raises(ConfigError, match=r"config: listener\.recognizer\.groq_model = 3: "):
        loaded(tmp_path, "[listener.recognizer]\ngroq_model = 3\n")
    with pytest.raises(ConfigError, match=r"config: groq\.api_key \(a secret\): expected text"):
        loaded(tmp_path, "[groq]\napi_key = 3\n")
    with pytest.raises(ConfigError, match=r"config: openai: there is no setting 'colour' here"):
        loaded(tmp_path, '[openai]\ncolour = "red"\n')


# --- how quickly it speaks ---


def test_a_services_speed_goes_before_that_of_all_and_each_stays_within_its_limits() -> None:
    voices = at_speed(
        1.35, openai=service("openai", speed=1.1), elevenlabs=service("elevenlabs", api_key=KEY)
    )
    assert {voice: speed_of(voices, voice) for voice in ("openai", "elevenlabs", "piper")} == {
        "openai": 1.1,
        "elevenlabs": 1.2,
        "piper": 1.35,
    }
    assert espeak_at_speed(voices).words_per_minute == 223
    assert espeak_at_speed(at_speed(0.7, openai=service("openai"))).words_per_minute == 115
    (line,) = notes_on(voices, BEFORE, "speaker")
    assert line == "elevenlabs speaks at speed 1.2, its limit, instead of 1.35"
    assert notes_on(at_speed(1.2), BEFORE) == []


def test_the_pools_voice_is_another_one_at_another_speed() -> None:
    settings = with_services(elevenlabs=service("elevenlabs"), openai=service("openai"))
    voices: dict[str, Any] = {}
    for speed in (1.0, 1.1):
        speaker = msgspec.structs.replace(settings.speaker, speed=speed)
        at = msgspec.structs.replace(settings, speaker=speaker)
        for rung in ("elevenlabs", "openai", "piper", "espeak"):
            voice = pool_voice(at, rung, "spoken1", local=False)
            assert voice is not None
            voices[f"{rung} {speed:g}"] = voice.fingerprint
    assert len(set(voices.values())) == len(voices)
    # A speed that changes nothing is no part of it: nobody's pool is thrown away.
    assert voices["elevenlabs 1"] == "elevenlabs y2Y5MeVPm6ZQXK64WUui eleven_flash_v2_5 1 0.5 0.75 spoken1"
    assert voices["openai 1"] == "openai api.openai.com gpt-4o-mini-tts ash spoken1"
    assert voices["espeak 1"] == "espeak 165 45 spoken1"


def test_what_a_local_voice_said_when_its_entries_were_levelled_one_by_one_is_made_anew() -> None:
    pool = msgspec.structs.replace(Settings().pool, local_voice=True)
    voice = pool_voice(msgspec.structs.replace(Settings(), pool=pool), "espeak", "spoken1", local=True)
    assert voice is not None
    assert voice.fingerprint == "espeak 165 45 as-it-comes spoken1"


# --- what is told ---


@pytest.mark.parametrize(
    ("name", "model", "today", "told"),
    [
        ("groq", "llama-3.1-8b-instant", BEFORE, "will be retired by its service on 2026-08-16"),
        ("groq", "llama-3.3-70b-versatile", AFTER, "was retired by its service on 2026-08-16"),
        ("cerebras", "llama3.1-8b", AFTER, "was retired by its service on 2026-05-27"),
        ("gemini", "gemini-2.5-flash", BEFORE, "will be retired by its service on 2026-12-01"),
    ],
)
def test_a_retired_model_is_told_in_one_line(name: str, model: str, today: date, told: str) -> None:
    settings = with_services(**{name: service(name, api_key=KEY, model=model)})
    commentator = msgspec.structs.replace(settings.commentator, models=(name,))
    settings = msgspec.structs.replace(settings, commentator=commentator)
    assert notes_on(settings, today, "commentator") == [
        f"services.{name}.model = {model!r} {told}; set another"
    ]
    assert notes_on(settings, today, "ingest") == []


def test_what_ships_is_not_retired() -> None:
    keys = {name: msgspec.structs.replace(each, api_key=KEY) for name, each in BUILT_IN.items()}
    assert not [note for note in notes_on(with_services(**keys), date(2026, 11, 29)) if "was retired" in note]


def test_a_model_is_retired_at_its_vendors_address_only() -> None:
    mine = service("groq", api_key=KEY, base_url="http://127.0.0.1:9", model="llama-3.1-8b-instant")
    assert notes_on(with_services(groq=mine), AFTER) == []


def test_a_service_that_an_order_names_for_nothing_is_told() -> None:
    settings = with_services(cerebras=service("cerebras", api_key=KEY))
    answers = msgspec.structs.replace(settings.answers, models=("cerebras",))
    (line,) = notes_on(msgspec.structs.replace(settings, answers=answers), BEFORE)
    assert line == "answers.models names cerebras, which does nothing there: set services.cerebras.model"


def test_a_service_that_speaks_and_has_no_voice_is_told_in_a_line() -> None:
    mine = Service(base_url="http://127.0.0.1:9/v1", speech_model="m", local=True)
    settings = with_services(mine=mine)
    settings = msgspec.structs.replace(
        settings, speaker=msgspec.structs.replace(settings.speaker, voices=("mine",))
    )
    (line,) = notes_on(settings, BEFORE)
    assert line == "speaker.voices names mine, which has no voice to speak with: set services.mine.voice"


@pytest.mark.parametrize("letter", ["\N{CYRILLIC SMALL LETTER ES}", "\u200b", "\n", "\x01"], ids=ascii)
def test_a_key_that_no_request_can_carry_is_told_in_one_line(letter: str) -> None:
    odd = service("groq", api_key=Secret(f"gsk_abcdefgh{letter}ijklmnop"))
    (line,) = notes_on(with_services(groq=odd), BEFORE)
    assert "the key of groq" in line
    assert "GROQ_API_KEY" in line
    assert "gsk_" not in line
