"""A client's control connection: what it sets, asks and calls for its sound."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from edge.recognizer_server.audio_message import BadMessage
from edge.recognizer_server.control_message import Command, failure, read_command, success
from edge.recognizer_server.dictation import Dictation
from edge.recognizer_server.service import ControlLine, RecognizerService, client_name

SERVER_INFORMATION = "server"
"""The parameter that holds the start-up block."""
IS_RECORDING = "is_recording"
NO_SOUND = "no sound of this client is connected, it counts for the next that is"


def control_line(service: RecognizerService) -> Callable[[WebSocket], Any]:
    """The WebSocket endpoint that takes clients' commands."""

    async def serve(socket: WebSocket) -> None:
        await socket.accept()
        name = client_name(socket)
        line = ControlLine(service.default_parameters())
        service.control_came(name, line)
        try:
            while (message := await socket.receive())["type"] != "websocket.disconnect":
                await socket.send_text(answer_to(message.get("text"), line, service))
        except WebSocketDisconnect:
            pass  # who leaves before the answer is there wants it no more
        finally:
            service.control_left(name, line)

    return serve


def answer_to(message: str | None, line: ControlLine, service: RecognizerService) -> str:
    """Carry out one command; the answer says what came of it."""
    request_id = None
    try:
        if message is None:
            raise BadMessage("expected a command in JSON as text, came a binary message")
        command = read_command(message)
        request_id = command.request_id
        return _carry_out(command, line, service)
    except BadMessage as error:
        service.counters["bad_commands"] += 1
        return failure(error, request_id)


def _carry_out(command: Command, line: ControlLine, service: RecognizerService) -> str:
    dictation = service.pairs.data_of(line)
    match command.command:
        case "set_parameter":
            line.parameters = line.parameters.set(command.name, command.value)
            if dictation is not None:
                dictation.parameters = line.parameters
            told = f"Parameter {command.name} set to {json.dumps(command.value)}"
            return success(command, message=told if dictation is not None else f"{told}; {NO_SOUND}")
        case "get_parameter":
            value = _value(command.name, line, dictation, service)
            return success(command, parameter=command.name, value=value)
        case _:
            if dictation is not None:
                _call(command, dictation)
            return success(command, message=f"Method {command.name} called")


def _value(name: str, line: ControlLine, dictation: Dictation | None, service: RecognizerService) -> Any:
    if name == SERVER_INFORMATION:
        return service.information
    if name == IS_RECORDING:
        return dictation is not None and dictation.speaking
    return line.parameters.get(name)


def _call(command: Command, dictation: Dictation) -> None:
    match command.name:
        case "set_microphone":
            dictation.muted = command.value is False
            if dictation.muted:
                dictation.end()
        case "abort" | "clear_audio_queue":
            dictation.drop()
        case "stop" | "perform_final_transcription":
            dictation.end()
        case _:  # a server listens without being told to
            pass
