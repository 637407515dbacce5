"""Who is taken, whose connections belong together, the order of sentences, what the old file means."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.config import ConfigError, load
from edge.listener.recognizers import Recognition
from edge.listener.segment import Transcript
from edge.recognizer_server.admission import ClientBounds, refusal
from edge.recognizer_server.env_file import VARIABLES, read_env_file, variables_of
from edge.recognizer_server.pairing import TOGETHER_S, ClientName, Pairs
from edge.recognizer_server.sentences import Sentences


@pytest.mark.parametrize(
    ("now", "code"),
    [
        ({}, None),
        ({"draining": True, "works": False}, "draining"),
        ({"works": False}, "no_recognizer"),
        ({"clients": 4}, "full"),
        ({"clients": 3, "of_address": 2}, "full_for_address"),
        ({"longest_wait_s": 11.0}, "overloaded"),
    ],
)
def test_who_is_not_taken_is_told_why_and_when_to_come_again(now: dict[str, float], code: str | None) -> None:
    usual = {"clients": 0, "of_address": 0, "longest_wait_s": 0.0, "draining": False, "works": True}
    why = refusal(ClientBounds(4, 2), **{**usual, **now})  # type: ignore[arg-type]
    assert (why.code if why else None) == code
    assert why is None or (why.retry_after_s > 0 and len(why.why) > 20)


class _End:
    """One end of a connection."""


NAMED, OTHER = ClientName("|a", is_given=True), ClientName("|b", is_given=True)
ADDRESS = ClientName("@10.0.0.7", is_given=False)
LATER_S = 100 * TOGETHER_S


@pytest.mark.parametrize("name", [NAMED, ADDRESS])
def test_two_connections_of_one_name_find_each_other_in_any_order(name: ClientName) -> None:
    pairs: Pairs[_End, _End] = Pairs()
    control, data = _End(), _End()
    assert pairs.add_control(name, control, 0.0) is None
    assert pairs.add_data(OTHER, _End(), 0.0) is None
    assert pairs.add_data(name, data, 0.1) is control
    assert pairs.data_of(control) is data
    later_control, later_data = _End(), _End()
    assert pairs.add_data(name, later_data, LATER_S) is None
    assert pairs.add_control(name, later_control, LATER_S + 0.1) is later_data


@pytest.mark.parametrize("name", [NAMED, ADDRESS])
def test_a_probe_leaves_nothing_and_a_new_sound_finds_its_old_commands(name: ClientName) -> None:
    pairs: Pairs[_End, _End] = Pairs()
    probe, control, first, second = _End(), _End(), _End(), _End()
    pairs.add_control(name, probe, 0.0)
    pairs.remove_control(name, probe)
    pairs.add_control(name, control, 0.0)
    assert pairs.add_data(name, first, 0.0) is control
    pairs.remove_data(name, first)
    assert pairs.data_of(control) is None
    assert pairs.add_data(name, second, LATER_S) is control
    assert pairs.remove_control(name, control) is None
    assert pairs.add_data(name, _End(), LATER_S) is None


def test_who_shares_an_address_does_not_command_anothers_sound() -> None:
    pairs: Pairs[_End, _End] = Pairs()
    lone_data, lone_control, control, data = _End(), _End(), _End(), _End()
    pairs.add_data(ADDRESS, lone_data, 0.0)
    assert pairs.add_control(ADDRESS, lone_control, LATER_S) is None, "that sound does without commands"
    assert pairs.add_control(ADDRESS, control, 2 * LATER_S) is None
    assert pairs.add_data(ADDRESS, data, 2 * LATER_S + 0.1) is control, "the other one waits for nothing"
    assert pairs.remove_control(ADDRESS, control) is None
    assert pairs.add_control(ADDRESS, _End(), 3 * LATER_S) is None


def test_clients_of_one_address_that_start_in_the_same_moment_are_paired_in_order() -> None:
    pairs: Pairs[_End, _End] = Pairs()
    controls, datas = [_End(), _End()], [_End(), _End()]
    for control in controls:
        pairs.add_control(ADDRESS, control, 0.0)
    assert [pairs.add_data(ADDRESS, data, 0.2) for data in datas] == controls


def test_commands_of_a_named_client_that_come_again_find_the_sound() -> None:
    pairs: Pairs[_End, _End] = Pairs()
    old, new, newest, data = _End(), _End(), _End(), _End()
    pairs.add_control(NAMED, old, 0.0)
    pairs.add_data(NAMED, data, 0.0)
    assert pairs.add_control(NAMED, new, LATER_S) is None, "nobody has noticed yet that the old one is gone"
    assert pairs.remove_control(NAMED, old) == (new, data)
    assert pairs.data_of(new) is data
    assert pairs.remove_control(NAMED, new) is None
    assert pairs.add_control(NAMED, newest, 2 * LATER_S) is data


def _understood(utterance: str, text: str | None = "said") -> Recognition:
    return Recognition(utterance, False, None if text is None else Transcript(text, "en"), "")


def test_sentences_come_out_in_the_order_in_which_they_were_said() -> None:
    sentences = Sentences()
    assert not sentences.said("1", 100)
    assert not sentences.said("2", 100)
    sentences.understood(_understood("2"))
    assert sentences.ready() == []
    sentences.understood(_understood("1", None))
    assert [each.segment_id for each in sentences.ready()] == ["1", "2"]
    assert len(sentences) == 0


def test_a_guess_counts_if_nothing_was_said_behind_it() -> None:
    sentences = Sentences()
    sentences.guess("1", 100)
    sentences.understood(_understood("1"))
    assert sentences.said("1", 100)
    assert [each.segment_id for each in sentences.ready()] == ["1"]
    sentences.guess("2", 100)
    assert not sentences.said("2", 120), "more was said"
    sentences.guess("3", 100)
    sentences.void("3")
    sentences.understood(_understood("3"))
    assert not sentences.said("3", 100)
    sentences.guess("4", 100)
    sentences.understood(_understood("4", None))
    assert not sentences.said("4", 100), "it failed: once more"


def settings_of_file(tmp_path: Path, text: str, **ours: str) -> object:
    path = tmp_path / "reference.env"
    path.write_text(text)
    return load({**read_env_file(path), **ours}, dotenv=None)


def test_the_old_file_has_its_own_defaults(tmp_path: Path) -> None:
    settings = load(variables_of({}, "x"), dotenv=None)
    whisper, ends = settings.listener.recognizer.whisper, settings.listener.endpointing
    assert (whisper.model, whisper.interim_model, whisper.beam) == ("medium", "tiny", 5)
    assert settings.recognizer_server.languages == ("ru",)
    assert (ends.sensitivity, ends.silence_s, ends.silence_complete_s) == (0.05, 1.5, 1.5)
    assert settings.recognizer_server.min_length_s == 2.0
    assert (settings.recognizer_server.control_port, settings.recognizer_server.data_port) == (8011, 8012)


def test_every_variable_of_the_old_file_counts(tmp_path: Path) -> None:
    path = tmp_path / "reference.env"
    path.write_text(
        "# a dispatcher's desk\nWHISPER_MODEL=large-v3\nREALTIME_MODEL=base\nLANGUAGE=de\nDEVICE=auto\n"
        "BEAM_SIZE=3\nSILERO_SENSITIVITY=0.4\nWEBRTC_SENSITIVITY=3\nPOST_SPEECH_SILENCE_DURATION=0.6\n"
        "MIN_LENGTH_OF_RECORDING=0.5\nENABLE_REALTIME_TRANSCRIPTION=false\nCONTROL_PORT=9011\n"
        "DATA_PORT=9012\nSERVER_HOST=127.0.0.2\nINITIAL_PROMPT='Ubud, $5'\n"
    )
    assert all(f"{name}=" in path.read_text() for name in VARIABLES)
    settings = load(read_env_file(path), dotenv=None)
    listener, server = settings.listener, settings.recognizer_server
    whisper = listener.recognizer.whisper
    assert (whisper.model, whisper.interim_model, whisper.beam) == ("large-v3", "base", 3)
    assert (server.languages, whisper.device, listener.captions) == (("de",), "cuda", False)
    assert (listener.endpointing.sensitivity, listener.endpointing.silence_s) == (0.4, 0.6)
    assert (server.min_length_s, server.control_port, server.data_port) == (0.5, 9011, 9012)
    assert (server.host, listener.recognizer.hint) == ("127.0.0.2", "Ubud, $5")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"WISPER_MODEL": "base"}, '"WISPER_MODEL", which is none of WHISPER_MODEL'),
        ({"PATH": "/bin", "HTTP_PROXY": "x"}, '"PATH", "HTTP_PROXY"'),
        ({"DEVICE": "tpu"}, "DEVICE = 'tpu': expected cuda, cpu or auto"),
        ({"WEBRTC_SENSITIVITY": "9"}, "WEBRTC_SENSITIVITY = '9': expected 0, 1, 2 or 3"),
        ({"ENABLE_REALTIME_TRANSCRIPTION": "maybe"}, "expected true or false"),
        ({"LANGUAGE": "tlh"}, "LANGUAGE = 'tlh': expected ru, en, id, de, fr, or nothing"),
        ({"LANGUAGE": "de,fr"}, "LANGUAGE = 'de,fr': expected"),
        ({"BEAM_SIZE": "many"}, "listener.recognizer.whisper.beam = 'many'"),
        ({"CONTROL_PORT": "0"}, "recognizer_server.control_port"),
    ],
)
def test_what_the_old_file_cannot_have_is_named_in_one_line(given: dict[str, str], why: str) -> None:
    with pytest.raises(ConfigError) as told:
        load(variables_of(given, "reference.env"), dotenv=None)
    assert why in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("text", "languages"),
    [
        ("LANGUAGE=de\n", ("de",)),
        ("export LANGUAGE=fr", ("fr",)),
        ('LANGUAGE="de" # German\r\nBEAM_SIZE=3\r\n', ("de",)),
        ("\ufeffLANGUAGE='fr'\n", ("fr",)),
        ("LANGUAGE = DE \n", ("de",)),
        ("LANGUAGE=de-AT\n", ("de",)),
        ("LANGUAGE=fr_FR.UTF-8\n", ("fr",)),
        ("LANGUAGE=German\n", ("de",)),
        ("LANGUAGE=en\nLANGUAGE=id\n", ("id",)),
        ("# LANGUAGE=de\n", ("ru",)),
        ("", ("ru",)),
        ("LANGUAGE=\n", ("ru", "en", "id", "de", "fr")),
        ("LANGUAGE=''\n", ("ru", "en", "id", "de", "fr")),
        ("LANGUAGE=auto\n", ("ru", "en", "id", "de", "fr")),
    ],
)
def test_its_language_however_it_is_written(tmp_path: Path, text: str, languages: tuple[str, ...]) -> None:
    path = tmp_path / "reference.env"
    path.write_text(text)
    assert load(read_env_file(path), dotenv=None).recognizer_server.languages == languages


@pytest.mark.parametrize(
    ("text", "line"),
    [("LANGUAGE: de\n", 1), ("BEAM_SIZE=3\nLANGUAGE\n", 2), ('\nLANGUAGE="de\n', 2), ("=de", 1)],
)
def test_a_line_that_sets_nothing_does_not_leave_the_default(tmp_path: Path, text: str, line: int) -> None:
    path = tmp_path / "reference.env"
    path.write_text(text)
    with pytest.raises(ConfigError, match=f"line {line}: expected NAME=VALUE"):
        read_env_file(path)


def test_what_it_leaves_empty_has_its_default_unless_that_says_something(tmp_path: Path) -> None:
    path = tmp_path / "reference.env"
    path.write_text("".join(f"{name}=\n" for name in VARIABLES))
    settings = load(read_env_file(path), dotenv=None)
    whisper, ends = settings.listener.recognizer.whisper, settings.listener.endpointing
    assert (whisper.model, whisper.interim_model, whisper.beam) == ("medium", None, 5)
    assert (ends.sensitivity, ends.silence_s, settings.recognizer_server.min_length_s) == (0.05, 1.5, 2.0)


def test_the_process_environment_has_nothing_to_say_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "de:en")
    monkeypatch.setenv("WHISPER_MODEL", "tiny")
    assert load(variables_of({}, "x"), dotenv=None).recognizer_server.languages == ("ru",)
