"""One command of a client's control connection. Pure.

Source of the layout: RealtimeSTT 1.1.2, ``RealtimeSTT/audio_recorder_client.py`` and its server.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from edge.recognizer_server.audio_message import BadMessage

MAX_COMMAND_CHARS = 64 * 1024
COMMANDS = ("set_parameter", "get_parameter", "call_method")
METHODS = frozenset(
    {
        "abort",
        "clear_audio_queue",
        "listen",
        "perform_final_transcription",
        "set_microphone",
        "stop",
        "text",
        "wakeup",
    }
)


class Command(NamedTuple):
    """What a client asks."""

    command: str
    """One of ``COMMANDS``."""
    name: str
    """The parameter or the method."""
    value: Any = None
    """For ``set_parameter``; for ``call_method`` the first argument."""
    request_id: int | str | None = None
    """Goes back with the answer."""


def read_command(message: str) -> Command:
    """
    Raises:
        BadMessage: it is none; says what was expected.
    """
    if len(message) > MAX_COMMAND_CHARS:
        raise BadMessage(f"expected at most {MAX_COMMAND_CHARS} characters, came {len(message)}")
    try:
        told = json.loads(message)
    except (ValueError, RecursionError):
        raise BadMessage("expected a command in JSON, came something else") from None
    command = told.get("command") if isinstance(told, dict) else None
    if command not in COMMANDS:
        raise BadMessage(f'expected a "command", one of {", ".join(COMMANDS)}')
    request_id = told.get("request_id")
    if isinstance(request_id, bool) or not isinstance(request_id, int | str | None):
        raise BadMessage('expected a "request_id" that is a number or text')
    if isinstance(request_id, str) and len(request_id) > 100:
        raise BadMessage('expected a "request_id" of at most 100 characters')
    key = "method" if command == "call_method" else "parameter"
    name = told.get(key)
    if not isinstance(name, str) or not name:
        raise BadMessage(f'expected the name of a {key} in "{key}"')
    if command == "set_parameter":
        if "value" not in told:
            raise BadMessage('expected a "value"')
        return Command(command, name, told.get("value"), request_id)
    if command == "get_parameter":
        return Command(command, name, None, request_id)
    if name not in METHODS:
        raise BadMessage(f"there is no method of this name; there are {', '.join(sorted(METHODS))}")
    argument = _first_argument(told)
    if name == "set_microphone" and not isinstance(argument, bool | None):
        raise BadMessage("set_microphone: expected true or false")
    return Command(command, name, argument, request_id)


def _first_argument(told: dict[str, Any]) -> Any:
    given = told.get("args")
    if isinstance(given, list) and given:
        return given[0]
    named = told.get("kwargs")
    return next(iter(named.values()), None) if isinstance(named, dict) else None


def success(command: Command, **told: Any) -> str:
    """The answer to a command that was carried out."""
    return _answer({"status": "success", **told}, command.request_id)


def failure(error: BadMessage, request_id: int | str | None = None) -> str:
    """The answer to a command that was not carried out."""
    return _answer({"status": "error", "message": str(error)}, request_id)


def _answer(told: dict[str, Any], request_id: int | str | None) -> str:
    return json.dumps(told if request_id is None else {**told, "request_id": request_id})
