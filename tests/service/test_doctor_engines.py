"""Each engine is let work, in a process of its own: what it really runs on is told, also when it dies."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.config import Settings
from edge.doctor import engines
from edge.doctor.check import Check
from edge.doctor.engines import check_engines
from tests.support.synthetic_whisper import make_model

pytest.importorskip("faster_whisper")


async def examined(*, listener_runs: bool = False, **listener: Any) -> dict[str, Check]:
    settings = msgspec.convert({"listener": listener}, Settings)
    return {check.name: check for check in await check_engines(settings, listener_runs=listener_runs)}


async def test_what_was_asked_for_and_what_is_used_are_told_apart() -> None:
    found = await examined(voiceprint={"device": "cuda"}, recognizer={"whisper": {"device": "cuda"}})
    for engine in ("engine onnxruntime", "engine ctranslate2"):
        check = found[engine]
        assert check.requested == "cuda"
        if check.actual.startswith("cpu"):  # this machine has no GPU
            assert (check.verdict, bool(check.advice)) == ("absent", True)
    on_cpu = await examined()
    assert {check.verdict for check in on_cpu.values()} == {"ok"}
    assert on_cpu["engine onnxruntime"].actual.startswith("cpu (version")


async def test_a_model_is_loaded_and_its_memory_told(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "tiny", hears="стоп")
    listener = {"input": "default", "recognizer": {"whisper": {"model": str(folder)}}}
    found = await examined(**listener)
    assert found["engine whisper"].actual.startswith("cpu int8; loaded in ")
    assert "MiB available" in found["engine whisper"].actual
    assert "engine whisper" not in await examined(listener_runs=True, **listener)


async def test_an_engine_that_dies_is_a_finding(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "onnxruntime.py").write_text("import os; os.abort()")
    (tmp_path / "ctranslate2.py").write_text("raise ImportError('libcudnn.so.9 is not there')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = await examined()
    assert found["engine onnxruntime"].actual == "the trial failed"
    assert found["engine onnxruntime"].advice
    assert "libcudnn.so.9 is not there" in found["engine ctranslate2"].advice


async def test_an_engine_that_hangs_is_a_finding(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "onnxruntime.py").write_text("import time; time.sleep(60)")
    (tmp_path / "ctranslate2.py").write_text("import time; time.sleep(60)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(engines, "CUDA_STARTS_WITHIN_S", 0.5)
    assert "did not end" in (await examined())["engine onnxruntime"].advice


async def test_libraries_beside_wheels_are_found_as_the_listener_s_unit_finds_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "ctranslate2.py").write_text("import os; raise ImportError(os.environ['LD_LIBRARY_PATH'])")
    (tmp_path / "gpu-libraries").mkdir()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    assert f"{tmp_path}/gpu-libraries" in (await examined())["engine ctranslate2"].advice
    unit = "systemd/optional/shuttle-guide-listener.service.d/gpu.conf"
    assert (
        "Environment=LD_LIBRARY_PATH=/opt/shuttle-guide/current/gpu-libraries"
        in (Path(__file__).parents[2] / unit).read_text()
    )
