"""The AsyncAPI document of both brokers: the topics, who tells on them, and the schema of each."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from importlib import metadata
from typing import Any

from edge.messages import SCHEMA_VERSION

FILE_NAME = "asyncapi.json"
TOLD_ON_DEVICE = frozenset({"turn", "status", "ready", "state", "alarm", "spoken"})
"""What the guide tells its own broker; all else there is told to it."""
SCOPES = ("guide/v1/{shuttle}", "guide/v1/group/{group}", "guide/v1/all")
"""For whom a command may be."""
PARAMETERS = {
    "id": "The shuttle, as shuttle.id.",
    "shuttle": "The shuttle, as shuttle.id: no dots, and none of all, group, reply.",
    "name": "Which alarm.",
    "group": "One of the shuttle's fleet.groups.",
}
_PARAMETER = re.compile(r"{(\w+)}")


def document(files: Mapping[str, tuple[str, Any]], told: Collection[str]) -> dict[str, Any]:
    """The document as plain data.

    Args:
        files: name of a schema's file → topic, and what its JSON holds.
        told: last parts of the topics on which a shuttle tells its fleet.
    """
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for name, (topic, _) in files.items():
        of_fleet = name.startswith("fleet-")
        tells = name.removeprefix("fleet-") in told if of_fleet else name in TOLD_ON_DEVICE
        leaf = topic.removeprefix(SCOPES[0])
        topics = [scope + leaf for scope in SCOPES] if of_fleet and not tells else [topic]
        for address in topics:
            at = next((part for part in ("group", "all") if address.startswith(f"guide/v1/{part}")), "")
            channel = f"{name}-{at}" if at else name
            channels[channel] = {
                "address": address,
                "servers": [{"$ref": f"#/servers/{'fleet' if of_fleet else 'on-device'}"}],
                "messages": {name: {"$ref": f"#/components/messages/{name}"}},
            }
            if names := _PARAMETER.findall(address):
                channels[channel]["parameters"] = {each: {"description": PARAMETERS[each]} for each in names}
            operations[channel] = {
                "action": "send" if tells else "receive",
                "channel": {"$ref": f"#/channels/{channel}"},
            }
    messages = {name: {"payload": {"$ref": f"schema/{name}.schema.json"}} for name in files}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Shuttle guide",
            "version": f"{metadata.version('shuttle-guide')}, schema {SCHEMA_VERSION}",
            "description": "What the guide sends and receives; see interface.md and fleet.md.",
        },
        "defaultContentType": "application/json",
        "servers": {
            "on-device": {"host": "127.0.0.1:1883", "protocol": "mqtt"},
            "fleet": {"host": "fleet.example.org:8883", "protocol": "secure-mqtt", "protocolVersion": "5"},
        },
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }


def text(files: Mapping[str, tuple[str, Any]], told: Collection[str]) -> str:
    """The document as it stands in its file."""
    return json.dumps(document(files, told), ensure_ascii=False, indent=2) + "\n"
