"""Who plays and records through this session's sound server (PulseAudio, PipeWire), as ``pactl`` tells."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from edge.config.child_environment import without_secrets
from edge.ingest.parsed import printable
from edge.vitals.sound_cards import Direction

ANSWERS_WITHIN_S = 5.0
LISTS: dict[Direction, tuple[str, str, str]] = {
    "playback": ("sink-inputs", "sink", "sinks"),
    "capture": ("source-outputs", "source", "sources"),
}
"""Direction → what ``pactl`` calls its streams, the key of a stream's device, and its devices."""


class ServerStream(NamedTuple):
    """A stream at the sound server: somebody plays or records."""

    direction: Direction
    device: str
    """The sink or source."""
    program: str
    pid: int | None


def read_server_streams() -> list[ServerStream]:
    """Who plays or records at the sound server; nobody where there is none, or no ``pactl``."""
    found: list[ServerStream] = []
    for direction, (streams, _, devices) in LISTS.items():
        found += streams_of(direction, _list(streams), _list(devices))
    return found


def streams_of(direction: Direction, streams: Any, devices: Any) -> Iterator[ServerStream]:
    """Pure. Args: what ``pactl --format=json list`` tells; what it does not is left out."""
    _, key, _ = LISTS[direction]
    names = {each.get("index"): each.get("name") for each in _tables(devices)}
    for stream in _tables(streams):
        properties = stream.get("properties")
        told = properties if isinstance(properties, dict) else {}
        pid = str(told.get("application.process.id", ""))
        yield ServerStream(
            direction,
            printable(str(names.get(stream.get(key)) or "?")),
            printable(str(told.get("application.process.binary") or told.get("application.name") or "?")),
            int(pid) if pid.isdecimal() and len(pid) < 10 else None,
        )


def _tables(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _list(what: str) -> Any:
    command = ["pactl", "--format=json", "list", what]
    try:
        ended = subprocess.run(
            command, capture_output=True, timeout=ANSWERS_WITHIN_S, env=without_secrets(), check=True
        )
        return msgspec.json.decode(ended.stdout)
    except (OSError, subprocess.SubprocessError, msgspec.DecodeError, UnicodeDecodeError):
        return []
