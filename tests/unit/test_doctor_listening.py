"""The doctor says what listening lacks, and nothing where nobody shall be listened to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from edge.config import Settings
from edge.doctor.check import Check
from edge.doctor.listening import check_listening


def needs(**tree: Any) -> dict[str, Check]:
    return {need.name: need for need in check_listening(msgspec.convert(tree, Settings))}


def test_who_listens_to_nobody_needs_nothing() -> None:
    assert needs() == {}


def test_a_model_that_is_missing_is_named_with_its_place(tmp_path: Path) -> None:
    whisper = {"model": "tiny", "models_dir": str(tmp_path)}
    need = needs(listener={"input": "default", "recognizer": {"whisper": whisper}})["whisper model"]
    assert need.actual == "not found"
    assert f"{tmp_path}/tiny" in need.advice


def test_what_half_duplex_cannot_do_is_said() -> None:
    assert "no stop word" in needs(listener={"input": "default"})["duplex"].actual
    assert needs(listener={"input": "default", "duplex": "full"})["duplex"].actual == "can be interrupted"


def test_a_knowledge_folder_is_looked_for(tmp_path: Path) -> None:
    assert not needs(answers={"knowledge_dir": str(tmp_path)})["knowledge"].advice
    assert needs(answers={"knowledge_dir": str(tmp_path / "gone")})["knowledge"].advice
