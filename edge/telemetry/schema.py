"""The published JSON Schemas of the MQTT interface: ``python -m edge.telemetry.schema docs/schema``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from edge.ingest.native_control import VehicleBody
from edge.ingest.native_event import EventBody
from edge.ingest.native_speech import AnnounceBody, SafetyBody
from edge.telemetry.payloads import ReadyPayload, StatePayload, StatusPayload, TurnPayload

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def any_of(*keys: str) -> Meta:
    """At least one of these keys: what the type alone cannot say."""
    return Meta(extra_json_schema={"anyOf": [{"required": [key]} for key in keys]})


PAYLOADS: dict[str, Any] = {
    "event": Annotated[EventBody, any_of("label", "text")],
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
}
"""Last part of the topic → what its JSON holds."""


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema of one topic's payload."""
    return {"$schema": DIALECT, "title": f"shuttle/{{id}}/{name}", **msgspec.json.schema(PAYLOADS[name])}


def text(name: str) -> str:
    """The schema as it stands in its file."""
    return json.dumps(schema(name), ensure_ascii=False, indent=2) + "\n"


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: python -m edge.telemetry.schema FOLDER", file=sys.stderr)
        return 2
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name in PAYLOADS:
        (folder / f"{name}.schema.json").write_text(text(name), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
