"""The reference server's variables, read from its ``.env`` file, as settings of ours.

They come from a file and never from the process's environment, where ``LANGUAGE`` belongs to the desktop.
What they become are variables of ours (``SHUTTLE_GUIDE_…``): bounds, precedence and error lines are those of
all settings.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from dotenv.parser import parse_stream

from edge.config import ENV_PREFIX, ConfigError
from edge.config.own_file import NotOursError, read_named
from edge.recognizer_server.language_tag import NAMES, language_code

Ours = dict[str, str]
"""Variables of ours without their prefix."""


class _Variable(NamedTuple):
    """One variable of the reference."""

    default: str | None
    """What counts where the file does not set it; None: our own setting."""
    become: Callable[[str], Ours]
    """The value as ours. Raises ValueError: says what is expected."""
    may_be_empty: bool = False
    """An empty value says something; else it is as if it was not there."""


WHISPER = "LISTENER__RECOGNIZER__WHISPER__"
ENDPOINTING = "LISTENER__ENDPOINTING__"
SERVER = "RECOGNIZER_SERVER__"


def _as(*names: str) -> Callable[[str], Ours]:
    return lambda value: dict.fromkeys(names, value)


def _language(value: str) -> Ours:
    """A language by the names that we know; empty: it is found out."""
    code = language_code(value)
    if code and code not in NAMES:
        raise ValueError(f"expected {', '.join(NAMES)}, or nothing to have it found out")
    return {f"{SERVER}LANGUAGES": code} if code else {}


def _device(value: str) -> Ours:
    if value.lower() not in ("cuda", "cpu", "auto"):
        raise ValueError("expected cuda, cpu or auto (cuda, and the CPU where that does not work)")
    return {f"{WHISPER}DEVICE": "cpu" if value.lower() == "cpu" else "cuda"}


def _switch(name: str) -> Callable[[str], Ours]:
    def become(value: str) -> Ours:
        if value.lower() not in ("true", "false", "1", "0", "yes", "no"):
            raise ValueError("expected true or false")
        return {name: "true" if value.lower() in ("true", "1", "yes") else "false"}

    return become


def _silence(value: str) -> Ours:
    return _as(
        f"{ENDPOINTING}SILENCE_S", f"{ENDPOINTING}SILENCE_AFTER_SHORT_S", f"{ENDPOINTING}SILENCE_COMPLETE_S"
    )(value)


def _unused_sensitivity(value: str) -> Ours:
    if value not in ("0", "1", "2", "3"):
        raise ValueError("expected 0, 1, 2 or 3 (and it changes nothing: one detector decides alone here)")
    return {}


VARIABLES: Mapping[str, _Variable] = {
    "WHISPER_MODEL": _Variable("medium", _as(f"{WHISPER}MODEL")),
    "REALTIME_MODEL": _Variable("tiny", _as(f"{WHISPER}INTERIM_MODEL"), may_be_empty=True),
    "LANGUAGE": _Variable("ru", _language, may_be_empty=True),
    "DEVICE": _Variable(None, _device),
    "BEAM_SIZE": _Variable("5", _as(f"{WHISPER}BEAM")),
    "SILERO_SENSITIVITY": _Variable("0.05", _as(f"{ENDPOINTING}SENSITIVITY")),
    "WEBRTC_SENSITIVITY": _Variable(None, _unused_sensitivity),
    "POST_SPEECH_SILENCE_DURATION": _Variable("1.5", _silence),
    "MIN_LENGTH_OF_RECORDING": _Variable("2.0", _as(f"{SERVER}MIN_LENGTH_S")),
    "ENABLE_REALTIME_TRANSCRIPTION": _Variable(None, _switch("LISTENER__CAPTIONS")),
    "CONTROL_PORT": _Variable(None, _as(f"{SERVER}CONTROL_PORT")),
    "DATA_PORT": _Variable(None, _as(f"{SERVER}DATA_PORT")),
    "SERVER_HOST": _Variable(None, _as(f"{SERVER}HOST")),
    "INITIAL_PROMPT": _Variable(None, _as("LISTENER__RECOGNIZER__HINT"), may_be_empty=True),
}
"""All that are understood."""


def read_env_file(path: Path) -> dict[str, str]:
    """What the file sets, and the reference's defaults for what it does not, as variables of ours.

    Raises:
        ConfigError: it cannot be read, or has a variable that is none of these; one line.
    """
    try:
        text = read_named(path)
    except (NotOursError, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"config: {path} is not read: {reason}") from error
    given: dict[str, str] = {}
    for line in parse_stream(io.StringIO(text)):  # a "$" in a prompt is itself
        if line.error or (line.key is not None and line.value is None):
            written = line.original.string
            number = line.original.line + written[: -len(written.lstrip()) or None].count("\n")
            raise ConfigError(f"config: {path}, line {number}: expected NAME=VALUE")
        if line.key is not None:
            given[line.key] = line.value or ""
    return variables_of(given, str(path))


def variables_of(given: Mapping[str, str], source: str) -> dict[str, str]:
    """Our variables for what stands in a file. Pure.

    Raises:
        ConfigError: as ``read_env_file``.
    """
    if unknown := [name for name in given if name not in VARIABLES]:
        raise ConfigError(
            f"config: {source} sets {', '.join(map(json.dumps, unknown))}, which is none of "
            f"{', '.join(VARIABLES)}"
        )
    found: dict[str, str] = {}
    for name, variable in VARIABLES.items():
        value = given.get(name, "").strip()
        if not value and not (name in given and variable.may_be_empty):
            if variable.default is None:
                continue
            value = variable.default
        try:
            ours = variable.become(value)
        except ValueError as error:
            raise ConfigError(f"config: {name} = {value!r}: {error} (from {source})") from error
        found |= {f"{ENV_PREFIX}{key}": each for key, each in ours.items()}
    return found
