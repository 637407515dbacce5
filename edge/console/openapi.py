"""The OpenAPI document of the REST API, made of the structs that it answers with.

``python -m edge.console.openapi docs/openapi.json`` writes it down; a test compares.
"""

from __future__ import annotations

import json
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec

from edge.messages import SCHEMA_VERSION

REF = "#/components/schemas/{name}"
JSON = "application/json"


@cache
def document() -> dict[str, Any]:
    """OpenAPI 3.1 as plain data."""
    from edge.console.api_bodies import (
        AcceptedBody,
        CommandOrder,
        ErrorBody,
        HealthBody,
        ReplayBody,
        TurnsBody,
    )
    from edge.ingest.native_event import EventBody
    from edge.ingest.native_speech import AnnounceBody
    from edge.telemetry.payloads import StatePayload

    bodies = {
        each.__name__: each
        for each in (
            *(AcceptedBody, AnnounceBody, CommandOrder, ErrorBody, EventBody, HealthBody, ReplayBody),
            *(StatePayload, TurnsBody),
        )
    }
    _, schemas = msgspec.json.schema_components(bodies.values(), ref_template=REF)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Shuttle guide, console",
            "version": f"{metadata.version('shuttle-guide')}, schema {SCHEMA_VERSION}",
            "description": "The JSON of the MQTT interface over HTTP. What is sent is published on the "
            "on-device broker below shuttle/{id}/; safety messages cannot be sent.",
        },
        "paths": {
            "/health": {
                "get": _asks("health", "How the console is, without a token", "HealthBody", open_to_all=True)
            },
            "/api/v1/health": {"get": _asks("apiHealth", "The same", "HealthBody")},
            "/api/v1/state": {
                "get": _asks("state", "How the guide is, as on shuttle/{id}/state", "StatePayload")
            },
            "/api/v1/turns": {
                "get": _asks("turns", "The last turns, as on shuttle/{id}/turn", "TurnsBody", 422)
                | {
                    "parameters": [
                        {
                            "name": "limit",
                            "in": "query",
                            "schema": {"type": "integer", "minimum": 1, "maximum": 200, "default": 50},
                        },
                        {
                            "name": "trigger_id",
                            "in": "query",
                            "description": "What became of this trigger alone",
                            "schema": {"type": "string"},
                        },
                    ]
                }
            },
            "/api/v1/trigger": {
                "post": _tells("trigger", "Something was seen, as on shuttle/{id}/event", "EventBody")
            },
            "/api/v1/announce": {
                "post": _tells(
                    "announce",
                    "PageWords to be spoken as they are, as on shuttle/{id}/announce",
                    "AnnounceBody",
                )
            },
            "/api/v1/commands": {
                "post": _tells("commands", "A command, as on shuttle/{id}/cmd/{name}", "CommandOrder")
            },
            "/api/v1/drives": {
                "post": _asks(
                    "drives", "Replay a drive in simulation; nobody hears it", "ReplayBody", 413, 422, 503
                )
                | {
                    "requestBody": {
                        "required": True,
                        "content": {"text/plain": {"schema": {"type": "string"}}},
                    }
                }
            },
        },
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}, {}],
    }


def _asks(name: str, summary: str, answer: str, *failures: int, open_to_all: bool = False) -> dict[str, Any]:
    codes = (400, *failures) if open_to_all else (400, 401, 403, 421, 429, *failures)
    operation: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "responses": {"200": _content("Said", answer)} | {str(code): _failure(code) for code in codes},
    }
    return operation | ({"security": []} if open_to_all else {})


def _tells(name: str, summary: str, body: str) -> dict[str, Any]:
    codes = (400, 401, 403, 408, 413, 421, 422, 429, 503)
    return {
        "operationId": name,
        "summary": summary,
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": {"$ref": REF.format(name=body)}}},
        },
        "responses": {"202": _content("The broker has it", "AcceptedBody")}
        | {str(code): _failure(code) for code in codes},
    }


FAILURES = {
    400: "The request cannot be read",
    401: "No token, or a wrong one",
    403: "A page of another site",
    408: "The body came too slowly",
    413: "The body is too long",
    421: "This server has another name",
    422: "The guide would not understand it",
    429: "Too many wrong tokens",
    503: "The broker does not take it, or too much is being done",
}


def _failure(code: int) -> dict[str, Any]:
    return _content(FAILURES[code], "ErrorBody")


def _content(description: str, schema: str) -> dict[str, Any]:
    return {"description": description, "content": {JSON: {"schema": {"$ref": REF.format(name=schema)}}}}


def text() -> str:
    """The document as it stands in its file."""
    return json.dumps(document(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(text(), encoding="utf-8")
