"""The examples in docs/interface.md are true."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import jsonschema
import pytest

from edge.config import Settings
from edge.ingest.native import NativeDialect
from edge.ingest.parsed import Refused
from edge.telemetry import schema

PAGE = (Path(__file__).parents[2] / "docs/interface.md").read_text(encoding="utf-8")
PUBLICATION = re.compile(
    r"""mosquitto_pub .*-t (?P<topic>\S+) (-n|-m ('(?P<raw>.*)'|"(?P<quoted>.*)"|(?P<word>\S+)))"""
)


@pytest.mark.parametrize("line", [line for line in PAGE.splitlines() if line.startswith("mosquitto_pub")])
def test_what_the_page_publishes_is_understood(line: str) -> None:
    match = PUBLICATION.fullmatch(line)
    assert match, "the test cannot read this line"
    quoted = (match["quoted"] or "").replace('\\"', '"').replace("$(date +%s)", str(int(time.time())))
    parsed = NativeDialect(Settings()).parse(
        match["topic"],
        (match["raw"] or match["word"] or quoted).encode(),
        retain=" -r " in line,
        received_mono=1000.0,
        received_at=time.time(),
    )
    assert not isinstance(parsed, Refused), parsed


def test_the_turn_on_the_page_fits_its_schema() -> None:
    example = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert example
    jsonschema.validate(json.loads(example[1]), schema.schema("turn"))
