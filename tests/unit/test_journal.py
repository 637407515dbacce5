"""Log lines carry the turn: as fields for the journal, as text for people."""

from __future__ import annotations

import logging
import os
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from edge import journal
from edge.config import Settings
from edge.journal import stage_fields, turn_fields
from edge.journal_events import MessageId, event
from edge.messages import StageTime

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


@pytest.fixture(autouse=True)
def restored_logging(monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", root.handlers[:])
    monkeypatch.setattr(root, "level", root.level)


def test_a_readable_line_names_the_process_and_the_turn(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    journal.set_up("speaker", Settings())
    logging.getLogger("edge.x").info("hello", extra=turn_fields("abc"))
    line = capsys.readouterr().err
    assert "speaker" in line
    assert line.rstrip().endswith("hello  [turn abc]")


def test_under_systemd_the_stages_are_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    records: list[logging.LogRecord] = []

    class JournalHandler(logging.Handler):
        """The part of systemd-python's that we use: it sends all attributes of the record as fields."""

        def __init__(self, **fields: str) -> None:
            super().__init__()
            self.fields = fields

        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)
            assert self.fields == {"SYSLOG_IDENTIFIER": "shuttle-guide-speaker", "SHUTTLE_ID": "demo"}

    package, module = ModuleType("systemd"), ModuleType("systemd.journal")
    module.JournalHandler = JournalHandler  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "systemd", package)
    monkeypatch.setitem(sys.modules, "systemd.journal", module)
    stream = os.fstat(2)
    monkeypatch.setenv("JOURNAL_STREAM", f"{stream.st_dev}:{stream.st_ino}")
    journal.set_up("speaker", Settings())
    stages = (StageTime("received", 10.0), StageTime("first_sample", 10.25))
    logging.getLogger("edge.x").info("done", extra=stage_fields("abc", stages, 10.0))
    fields = vars(records[0])
    assert fields["TURN_ID"] == "abc"
    assert fields["STAGE_FIRST_SAMPLE_MS"] == 250.0


def test_fields_without_a_value_are_left_out() -> None:
    assert turn_fields("abc", ttfa_ms=None, kind="remark") == {"TURN_ID": "abc", "KIND": "remark"}
    fields = event(MessageId.RUNG_BACK, rung="groq", ladder=None)
    assert fields == {"MESSAGE_ID": MessageId.RUNG_BACK.value, "RUNG": "groq"}


def test_a_log_can_be_set_up_before_there_are_settings(capsys: pytest.CaptureFixture[str]) -> None:
    journal.set_up("speaker", None)
    logging.getLogger("edge.x").critical("config: no", extra=event(MessageId.CONFIG_REFUSED))
    assert "config: no" in capsys.readouterr().err


def test_each_event_has_an_id_of_its_own_and_a_place_in_the_operations_guide() -> None:
    text = OPERATIONS.read_text(encoding="utf-8")
    for known in MessageId:
        assert re.fullmatch("[0-9a-f]{32}", known.value)
        assert f"| {known.name} | `{known.value}` |" in text, f"{known.name} is missing in {OPERATIONS.name}"
