"""The published JSON Schemas of the MQTT interfaces: ``python -m edge.telemetry.schema docs/schema``.

The AsyncAPI document (``asyncapi.py``) is written beside the folder.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from edge.fleet.commands import BODIES, FleetBody, SpeechBody
from edge.fleet.configuration import DesiredBody, ReportedBody
from edge.fleet.frame import AlarmBody, BirthBody, FleetFrame, FleetStateBody, ReceiptBody
from edge.ingest.native_control import VehicleBody
from edge.ingest.native_event import EventBody
from edge.ingest.native_speech import AnnounceBody, AskBody, SafetyBody
from edge.telemetry import asyncapi
from edge.telemetry.payloads import AlarmPayload, ReadyPayload, StatePayload, StatusPayload, TurnPayload
from edge.telemetry.spoken import SpokenPayload

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def any_of(*keys: str) -> Meta:
    """Demand at least one of these keys, which the type alone cannot say."""
    return Meta(extra_json_schema={"anyOf": [{"required": [key]} for key in keys]})


def _leaf(name: str) -> str:
    return "alarm/{name}" if name == "alarm" else name.replace("-", "/")


PAYLOADS: dict[str, Any] = {
    "event": Annotated[EventBody, any_of("label", "text")],
    "ask": AskBody,
    "announce": AnnounceBody,
    "safety": SafetyBody,
    "vehicle": Annotated[
        VehicleBody,
        any_of(
            *("speed_kmh", "speed_mps", "reversing", "doors_open", "doors", "radio_on", "radio", "ignition")
        ),
    ],
    "turn": TurnPayload,
    "status": StatusPayload,
    "ready": ReadyPayload,
    "state": StatePayload,
    "alarm": AlarmPayload,
    "spoken": SpokenPayload,
}
"""Last part of the topic → what its JSON holds."""
FLEET: dict[str, Any] = {
    "birth": FleetFrame[BirthBody],
    "status": FleetFrame[StatusPayload],
    "state": FleetFrame[FleetStateBody[StatePayload]],
    "turn": FleetFrame[TurnPayload],
    "receipt": FleetFrame[ReceiptBody],
    "alarm": FleetFrame[AlarmBody],
    "config-reported": FleetFrame[ReportedBody],
}
"""The same of what a shuttle tells its fleet, below ``guide/v1/{shuttle}/``."""
COMMANDS: dict[str, type[FleetBody | DesiredBody]] = {
    **{name if issubclass(kind, SpeechBody) else f"cmd-{name}": kind for name, kind in BODIES.items()},
    "config-desired": DesiredBody,
}
"""The same of what the fleet tells; ``cmd-NAME`` is the topic ``cmd/NAME``."""
FILES: dict[str, tuple[str, Any]] = {
    **{name: (f"shuttle/{{id}}/{_leaf(name)}", kind) for name, kind in PAYLOADS.items()},
    **{f"fleet-{name}": (f"guide/v1/{{shuttle}}/{_leaf(name)}", kind) for name, kind in FLEET.items()},
    **{
        f"fleet-{name}": (f"guide/v1/{{shuttle}}/{name.replace('-', '/')}", kind)
        for name, kind in COMMANDS.items()
    },
}
"""Name of a schema's file → topic, and what its JSON holds."""


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema of one topic's payload."""
    topic, kind = FILES[name]
    return {"$schema": DIALECT, "title": topic, **msgspec.json.schema(kind)}


def text(name: str) -> str:
    """The schema as it stands in its file."""
    return json.dumps(schema(name), ensure_ascii=False, indent=2) + "\n"


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: python -m edge.telemetry.schema FOLDER", file=sys.stderr)
        return 2
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        (folder / f"{name}.schema.json").write_text(text(name), encoding="utf-8")
    (folder.parent / asyncapi.FILE_NAME).write_text(asyncapi.text(FILES, {*FLEET}), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
