"""A GPU that hangs: recognition leaves it for the CPU, and the process for nobody."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from bench.own_environment import REPOSITORY
from edge.config import Settings
from edge.journal_events import MessageId
from edge.listener.recognizers import (
    make_recognizers,
    whisper,
    whisper_device,
)
from edge.listener.recognizers.recognizer import Recognizer
from edge.listener.recognizers.whisper import WhisperEngine
from edge.listener.segment import SAMPLE_RATE, RecognitionRequest, Transcript
from edge.native_call import THREAD
from tests.support.guide import JsonObject
from tests.support.hanging_gpu import IN_A_LISTENER, HangingGpu, put_in
from tests.support.listening_guide import ANSWER, listener_of, listening
from tests.support.spoken_english import has_synthesizer
from tests.support.synthetic_whisper import make_model
from tests.support.waiting import until

NOISE = (np.random.default_rng(1).standard_normal(2 * SAMPLE_RATE) * 1000).astype(np.int16)
UNDERSTOOD = "captain, what is the temple?"
WATCHDOG_S = 10
"""Of the listener's unit."""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("faster_whisper")
    folder = tmp_path_factory.mktemp("models")
    make_model(folder / "whisper/base", hears=UNDERSTOOD, languages=("en",), width=64)
    return folder


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[HangingGpu]:
    monkeypatch.setattr(whisper, "HANGS_AFTER_S", 0.5)
    gpu = put_in(monkeypatch.setattr)
    yield gpu
    gpu.goes_on.set()


def recognizer_of(models: Path, *, workers: int = 2) -> Recognizer:
    recognizer = {"workers": workers, "whisper": {"device": "cuda", "threads_per_worker": 1}}
    listener = {"languages": ["en"], "recognizer": recognizer}
    (made,) = make_recognizers(msgspec.convert({"models_dir": str(models), "listener": listener}, Settings))
    return made


async def recognise(recognizer: Recognizer) -> Transcript:
    (transcript,) = [one async for one in recognizer.open(RecognitionRequest(NOISE, "en"))]
    return transcript


async def test_finding_the_language_leaves_it_too(
    models: Path, gpu: HangingGpu, caplog: pytest.LogCaptureFixture
) -> None:
    whispers = {"device": "cuda", "threads_per_worker": 1}
    listener = {"languages": ["ru", "en"], "recognizer": {"whisper": whispers}}
    engine = WhisperEngine(msgspec.convert({"models_dir": str(models), "listener": listener}, Settings))
    before = hanging()
    engine.load()
    for _ in range(3):
        assert await asyncio.to_thread(engine.find_language, RecognitionRequest(NOISE, None)) == "en"
    assert gpu.calls == 1, "the GPU is not asked again"
    await until(lambda: hanging() - before == 1)
    gpu.goes_on.set()
    await until(lambda: hanging() == before)
    assert "→ cpu int8 (cuda float16: hangs" in engine.fact
    (left,) = (record for record in caplog.records if vars(record).get("MESSAGE_ID"))
    assert vars(left)["MESSAGE_ID"] == MessageId.DEVICE_LEFT.value


def hanging() -> int:
    return sum(thread.name == THREAD for thread in threading.enumerate())


async def test_every_segment_that_hangs_is_recognised_on_the_cpu_and_the_gpu_is_never_asked_again(
    models: Path, gpu: HangingGpu, caplog: pytest.LogCaptureFixture
) -> None:
    recognizer, before = recognizer_of(models), hanging()
    await recognizer.start()
    assert recognizer.fact == "base on cuda float16"
    heard = await asyncio.gather(*(recognise(recognizer) for _ in range(5)))
    assert [one.text for one in heard] == [UNDERSTOOD] * 5
    assert recognizer.fact == (
        "base on cuda float16 → cpu int8 (cuda float16: hangs (no answer within 0.5 s))"
    ), "and the other arithmetic on the same GPU is not tried"
    assert 1 <= gpu.calls <= 2, "each worker once at most"
    await until(lambda: hanging() - before == gpu.calls)
    (left,) = (record for record in caplog.records if vars(record).get("MESSAGE_ID"))
    assert vars(left)["MESSAGE_ID"] == MessageId.DEVICE_LEFT.value
    assert "→ cpu int8" in left.getMessage()
    await recognizer.close()


async def test_a_question_that_nobody_waits_for_any_more_makes_it_step_down_too(
    models: Path, gpu: HangingGpu
) -> None:
    """As an interim transcript does, which the final one cancels."""
    recognizer = recognizer_of(models, workers=1)
    await recognizer.start()
    first = asyncio.create_task(recognise(recognizer))
    await until(lambda: gpu.calls == 1)
    first.cancel()
    assert (await recognise(recognizer)).text == UNDERSTOOD
    assert gpu.calls == 1
    await recognizer.close()


@pytest.mark.parametrize("ends", [False, True], ids=["hangs", "hangs and cannot be killed"])
async def test_a_trial_that_hangs_costs_its_time_once(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends: bool
) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\necho tried >>{tmp_path}/tried\nexec sleep 60\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setattr(whisper_device, "CUDA_STARTS_WITHIN_S", 0.5 if ends else 4.0)  # by then it has begun
    over = threading.Event()
    if ends:
        monkeypatch.setattr(whisper_device, "KILLED_WITHIN_S", 0.0)
        monkeypatch.setattr(whisper_device, "_run", lambda command: over.wait())
    recognizer = recognizer_of(models)
    await recognizer.start()
    over.set()
    assert recognizer.usable
    assert recognizer.fact.startswith("base on cuda float16 → cpu int8 (cuda float16: ")
    assert "int8_float16" not in recognizer.fact
    if not ends:
        assert "a trial did not end within 4 s" in recognizer.fact
        assert (tmp_path / "tried").read_text().splitlines() == ["tried"]
    await recognizer.close()


async def test_a_load_that_hangs_behind_a_good_trial_ends_on_the_cpu(
    models: Path, gpu: HangingGpu, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = whisper_device.open_model

    def open_model(folder: Path, placement: whisper_device.Placement, **sizes: int) -> Any:
        if placement.device == "cuda":
            gpu.goes_on.wait()
        return real(folder, placement, **sizes)

    monkeypatch.setattr(whisper_device, "open_model", open_model)
    monkeypatch.setattr(whisper_device, "CUDA_STARTS_WITHIN_S", 0.5)
    recognizer = recognizer_of(models)
    await recognizer.start()
    assert recognizer.fact.startswith("base on cuda float16 → cpu int8 (cuda float16: hangs")
    await recognizer.close()


@pytest.mark.slow
@pytest.mark.skipif(not has_synthesizer("flite"), reason="flite is not installed")
async def test_a_guide_whose_gpu_hangs_answers_on_the_cpu_and_leaves_in_time(
    models: Path, tmp_path: Path
) -> None:
    """In true processes, and for longer than the watchdog waits."""
    (tmp_path / "put_in").mkdir()
    (tmp_path / "put_in" / "sitecustomize.py").write_text(IN_A_LISTENER)
    settings = {
        "MODELS_DIR": str(models),
        "LISTENER__RECOGNIZER__WHISPER__DEVICE": "cuda",
        "TELEMETRY__ANSWER_TEXT": "true",
        **dict.fromkeys(("COMMENTATOR__BUDGET__INITIAL_MS", "COMMENTATOR__BUDGET__MAX_MS"), "20000"),
    }
    more = {"PYTHONPATH": f"{tmp_path / 'put_in'}:{REPOSITORY}"}
    async with listening(tmp_path, environment=more, **settings) as scene:
        guide = scene.guide
        await guide.until_state(lambda state: fact_of(state) == "base on cuda float16")
        listener = guide.pid("listener")
        began_mono = time.monotonic()
        scene.passenger_says("captain what is the temple")
        await guide.until(lambda: "faster_whisper: base on cuda float16 → cpu int8" in guide.log(), "the CPU")
        answers = len(scene.answers)
        turn = await scene.answer_to("captain what is the temple")
        assert (turn["outcome"], turn["text"]) == ("spoken", ANSWER)
        assert len(scene.answers) > answers
        why = "→ cpu int8 (cuda float16: hangs (no answer within 8 s))"  # as the doctor tells it
        await guide.until_state(lambda state: why in fact_of(state))
        await asyncio.sleep(max(0.0, began_mono + WATCHDOG_S + 1 - time.monotonic()))
        assert guide.pid("listener") == listener
        assert "the work hangs" not in guide.log()
        assert await guide.stop() == 0
        assert "left while this still worked: native call, native call" in guide.log(), "before it was killed"


def fact_of(state: JsonObject) -> str:
    """What the listener tells of where its recognizer runs."""
    return str(listener_of(state)["facts"].get("runs.faster_whisper", ""))
