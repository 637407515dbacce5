"""The published JSON Schemas are those of the code, and the code keeps to them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from msgspec import Raw

from edge.config import Settings, TelemetrySettings
from edge.fleet.commands import RefusedCommandError, parse
from edge.fleet.frame import BirthBody, FleetStateBody, OutboxBody, ReceiptBody, framed
from edge.ingest.native import NativeDialect
from edge.ingest.parsed import Refused
from edge.messages import GuideWords, Playback, Priority, ProcessState, TimedWord
from edge.telemetry import asyncapi, payloads, schema
from edge.telemetry.spoken import spoken_payload
from tests.unit.test_payloads import ended_turn

FOLDER = Path(__file__).parents[2] / "docs/schema"
DIALECT = NativeDialect(Settings())


def complaints(name: str, body: Any) -> list[str]:
    validator = jsonschema.Draft202012Validator(schema.schema(name))
    return [error.message for error in validator.iter_errors(body)]


def sounding_words() -> GuideWords:
    return GuideWords(
        instance="i",
        turn_id="t",
        priority=Priority.ANNOUNCEMENT,
        language="en",
        text="5 km left",
        words=(TimedWord(0, 4, 800.0), TimedWord(5, 9, None, estimated=True)),
        ends_mono=801.0,
    )


def test_words_are_told_outside_in_unix_time() -> None:
    told = spoken_payload(sounding_words(), 1e9, 1.8e9)
    assert (told.kind, told.ts, told.ends_at) == ("announcement", 1.8e9, 1e9 + 801)
    assert [(word.begins_at, word.estimated) for word in told.words] == [(1e9 + 800, False), (None, True)]


@pytest.mark.parametrize("name", schema.FILES)
def test_the_files_are_what_the_code_says(name: str) -> None:
    path = FOLDER / f"{name}.schema.json"
    remedy = "run: python -m edge.telemetry.schema docs/schema"
    assert path.read_text(encoding="utf-8") == schema.text(name), remedy


def test_there_is_no_file_too_many() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {f"{name}.schema.json" for name in schema.FILES}


def test_what_we_publish_fits_its_schema() -> None:
    state = ProcessState(process="ingest", instance="i", ready=True, status="at work")
    playback = Playback(
        instance="i", started_mono=0.0, turn_id=None, output="absent", voice=None, muted=False, volume=1
    )
    for name, payload in (
        ("turn", payloads.turn(ended_turn(), TelemetrySettings())),
        ("status", payloads.status(True)),
        ("ready", payloads.ready({"ingest": state}, ("ingest", "speaker"))),
        ("state", payloads.state({"ingest": state}, playback, None, Settings())),
        ("state", payloads.state({}, None, None, Settings())),
        ("spoken", msgspec.json.encode(spoken_payload(GuideWords(instance="i"), 1e9, 1.8e9))),
        ("spoken", msgspec.json.encode(spoken_payload(sounding_words(), 1e9, 1.8e9))),
    ):
        assert complaints(name, json.loads(payload)) == []


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("event", {"label": "dog"}),
        ("event", {"text": "две собаки справа", "id": 7, "firmware": "x"}),
        ("event", {"label": "dog", "count": "several", "side": "rear", "distance": 3, "seen_at": None}),
        ("event", {"count": 2}),
        ("event", {"label": "dog", "count": 0}),
        ("event", {"label": "dog", "language": "de"}),
        ("event", {"label": "dog", "id": "a\nb"}),
        ("announce", {"text": "Next stop: Luna", "language": "en", "ttl": 30}),
        ("announce", {}),
        ("safety", {"text": ""}),
        ("vehicle", {"speed_kmh": 12.5, "doors": "open"}),
        ("vehicle", {"speed": 12.5}),
        ("vehicle", {"reversing": "yes"}),
    ],
)
def test_what_the_schema_allows_is_taken_and_what_is_refused_it_forbids(
    name: str, body: dict[str, Any]
) -> None:
    """The parser does without a bad value where it can; nobody should rely on that."""
    parsed = DIALECT.parse(
        f"shuttle/demo/{name}",
        json.dumps(body).encode(),
        retain=False,
        received_mono=1000.0,
        received_at=1.8e9,
    )
    assert complaints(name, body) or not isinstance(parsed, Refused), parsed


def test_the_asyncapi_document_is_what_the_code_says() -> None:
    remedy = "run: python -m edge.telemetry.schema docs/schema"
    assert (FOLDER.parent / asyncapi.FILE_NAME).read_text("utf-8") == asyncapi.text(
        schema.FILES, {*schema.FLEET}
    ), remedy


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = asyncapi.document(schema.FILES, {*schema.FLEET})
    references = re.findall(r'"\$ref": "([^"]+)"', json.dumps(document))
    assert len(references) > 50
    for reference in references:
        if not reference.startswith("#/"):
            assert (FOLDER.parent / reference).exists(), reference
            continue
        node: Any = document
        for key in reference.removeprefix("#/").split("/"):
            node = node[key]
    addresses = {channel["address"] for channel in document["channels"].values()}
    assert {"guide/v1/{shuttle}/turn", "guide/v1/all/cmd/mute", "shuttle/{id}/announce"} <= addresses


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("announce", {"id": "a", "ts": 1.8e9, "text": "Stop"}),
        ("announce", {"id": "a", "ts": 1.8e9, "texts": {"ru": "Остановка"}, "ttl": 5}),
        ("announce", {"id": "a", "text": "Stop"}),
        ("announce", {"id": "a b", "ts": 1.8e9, "text": "Stop"}),
        ("announce", {"id": "a", "ts": 1.8e9, "text": "Stop", "priority": "safety"}),
        ("cmd-volume", {"id": "a", "ts": 1.8e9, "value": 2}),
        ("cmd-microphone", {"id": "a", "ts": 1.8e9, "value": "off"}),
        ("cmd-cancel", {"id": "a", "ts": 1.8e9}),
    ],
)
def test_what_the_schema_of_a_command_forbids_the_fleet_is_refused(name: str, body: dict[str, Any]) -> None:
    complained = complaints(f"fleet-{name}", body)
    try:
        parse(
            name.removeprefix("cmd-"),
            json.dumps(body).encode(),
            now_at=1.8e9,
            language="ru",
            ttl_of=lambda name: 60.0,
        )
    except RefusedCommandError:
        assert complained
    else:
        assert not complained


def test_what_a_shuttle_tells_its_fleet_fits_its_schema() -> None:
    stamp: Any = {"id": "x", "shuttle": "seven", "boot": "b", "seq": 1, "ts": 1.8e9}
    outbox = OutboxBody(waiting=1, bytes=2, lost={"turn": 1}, unheard=())
    state = payloads.state({}, None, None, Settings())
    for name, body in (
        ("turn", payloads.turn(ended_turn(), TelemetrySettings())),
        ("status", payloads.status(True)),
        ("state", FleetStateBody(guide=Raw(state), outbox=outbox)),
        ("receipt", ReceiptBody(command="c", name="announce", state="played")),
        ("birth", BirthBody(version="1", language="ru", groups=("a",), commands=("mute",))),
    ):
        assert complaints(f"fleet-{name}", json.loads(framed(body, **stamp))) == [], name
