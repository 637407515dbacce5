"""The sound of a pause tells whether a speaker has finished; without the model, words and silence decide."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from numpy.typing import NDArray

from edge.config import Settings
from edge.config.hearing import Endpointing
from edge.listener.endpointing import Endpointer
from edge.listener.framing import FRAME_S, FRAME_SAMPLES
from edge.listener.segment import Frame, Segment
from edge.listener.speech_events import SegmentReady, SpeechEvent, SpeechMaybeEnded
from edge.listener.turn_end.judge import TurnEndJudge
from edge.listener.turn_end.model import MODEL, TurnEndError, TurnEndModel
from tests.support.waiting import PATIENCE_S, until

SILENCE = Segment("s", np.zeros(16_000, np.int16), 0.0, 1.0)
LOUD = Segment("l", np.full(16_000, 12_000, np.int16), 0.0, 1.0)


def make_model(path: Path, *, shape: tuple[int, int] = (80, 800), scale: float = 1.0) -> Path:
    """Finished is what has its loudest band in the window's last second."""
    onnx = pytest.importorskip("onnx")
    helper, tensor = onnx.helper, onnx.TensorProto
    weights = np.zeros((1, *shape), np.float32)
    weights[..., -100:] = 1.0 / shape[0] / 100
    constants = {"weights": weights, "axes": np.array([1, 2], np.int64), "scale": np.float32(scale)}
    graph = helper.make_graph(
        [
            helper.make_node("Mul", ["input_features", "weights"], ["weighed"]),
            helper.make_node("ReduceSum", ["weighed", "axes"], ["sum"], keepdims=0),
            helper.make_node("Sigmoid", ["sum"], ["probability"]),
            helper.make_node("Mul", ["probability", "scale"], ["scaled"]),
            helper.make_node("Unsqueeze", ["scaled", "one"], ["logits"]),
        ],
        "turn end",
        [helper.make_tensor_value_info("input_features", tensor.FLOAT, ["n", *shape])],
        [helper.make_tensor_value_info("logits", tensor.FLOAT, ["n", 1])],
        [onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
        + [onnx.numpy_helper.from_array(np.array([1], np.int64), "one")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(path))
    return path


def speech(seconds: float) -> NDArray[np.int16]:
    return (np.random.default_rng(1).normal(0, 4000, round(seconds * 16_000))).astype(np.int16)


def test_the_model_hears_the_last_eight_seconds(tmp_path: Path) -> None:
    model = TurnEndModel(make_model(tmp_path / "m.onnx"))
    quiet = np.zeros(16_000, np.int16)
    assert model.completed(np.concatenate([quiet, speech(1)])) > model.completed(
        np.concatenate([speech(1), quiet])
    )
    assert model.completed(np.concatenate([speech(3), speech(9)])) == pytest.approx(
        model.completed(speech(9)), abs=0.1
    )
    assert 0 <= model.completed(np.zeros(0, np.int16)) <= 1


@pytest.mark.parametrize("shape", [(80, 3000), (128, 800)])
def test_another_model_is_refused_with_its_signature(tmp_path: Path, shape: tuple[int, int]) -> None:
    with pytest.raises(TurnEndError, match=r"expected one input input_features .*80, 800.*found"):
        TurnEndModel(make_model(tmp_path / "m.onnx", shape=shape))


def test_what_is_no_probability_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TurnEndError, match="expected a probability of 0 to 1"):
        TurnEndModel(make_model(tmp_path / "m.onnx", scale=50.0))


class Verdicts:
    """Collects what a judge delivers."""

    def __init__(self) -> None:
        self.told: list[tuple[float, int]] = []
        self.counters: Counter[str] = Counter()

    def judge(self, models_dir: Path) -> TurnEndJudge:
        settings = replace(Settings(), models_dir=str(models_dir))
        return TurnEndJudge(
            settings, lambda completed, frames: self.told.append((completed, frames)), self.counters
        )


async def test_without_a_model_nothing_is_judged_and_the_command_to_fetch_it_is_told(tmp_path: Path) -> None:
    verdicts = Verdicts()
    judge = verdicts.judge(tmp_path)
    await judge.start()
    judge.hear(LOUD, 5)
    judge.close()
    assert not verdicts.told
    assert f"shuttle-guide models fetch {MODEL}" in judge.fact


async def test_a_broken_model_is_told_once_and_left(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / MODEL).mkdir(parents=True)
    (tmp_path / MODEL / "broken.onnx").write_bytes(b"no model")
    judge = Verdicts().judge(tmp_path)
    with caplog.at_level(logging.ERROR):
        await judge.start()
    judge.close()
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert judge.fact.startswith("off: cannot run")


@pytest.mark.parametrize("error", [TypeError("got 'chunk_length'"), IndexError("a passenger's words")])
async def test_whatever_a_model_raises_at_its_start_is_told_once_and_hearing_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    make_model(tmp_path / MODEL / "m.onnx")

    def fail(model: TurnEndModel, samples: NDArray[np.int16]) -> float:
        raise error

    monkeypatch.setattr(TurnEndModel, "completed", fail)
    judge = Verdicts().judge(tmp_path)
    await judge.start()
    judge.hear(LOUD, 1)
    judge.close()
    assert judge.fact.startswith(f"off: {type(error).__name__}")
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "passenger" not in judge.fact + caplog.text, "what a library says may quote"


async def test_a_pause_is_judged_beside_the_event_loop(tmp_path: Path) -> None:
    make_model(tmp_path / MODEL / "m.onnx")
    verdicts = Verdicts()
    judge = verdicts.judge(tmp_path)
    await judge.start()
    judge.hear(LOUD, 7)
    await until(lambda: bool(verdicts.told))
    judge.close()
    ((completed, frames),) = verdicts.told
    assert (0 <= completed <= 1, frames, judge.fact) == (True, 7, "on")


async def test_a_model_that_hangs_or_fails_costs_its_own_verdicts_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_model(tmp_path / MODEL / "m.onnx")
    verdicts = Verdicts()
    judge = verdicts.judge(tmp_path)
    await judge.start()
    go_on = threading.Event()

    def hang(model: TurnEndModel, samples: NDArray[np.int16]) -> float:
        go_on.wait(PATIENCE_S)
        raise RuntimeError("it was shot down")

    with monkeypatch.context() as patched:
        patched.setattr(TurnEndModel, "completed", hang)
        judge.hear(LOUD, 1)
        judge.hear(LOUD, 2)  # the first one is not done
        assert judge.fact == "hangs or is slow: 1 pauses not heard"
        go_on.set()
        await until(lambda: verdicts.counters["turn_end.failed"] == 1)
    judge.hear(SILENCE, 3)
    await until(lambda: bool(verdicts.told))
    judge.close()
    assert ([frames for _, frames in verdicts.told], judge.fact) == ([3], "on")


class Stream:
    """Frames of speech and of silence, with a verdict by the sound in each pause."""

    def __init__(self) -> None:
        self.endpointer = Endpointer(Endpointing(), min_length_s=0.0)
        self.now_s = 0.0

    def feed(self, seconds: float, *, is_speech: bool, completed: float | None = None) -> list[SpeechEvent]:
        events: list[SpeechEvent] = []
        for _ in range(round(seconds / FRAME_S)):
            self.now_s += FRAME_S
            frame = Frame(np.zeros(FRAME_SAMPLES, np.int16), self.now_s)
            new = self.endpointer.push(frame, 0.95 if is_speech else 0.03, 0.2)
            events += new
            if any(isinstance(event, SpeechMaybeEnded) for event in new):
                self.endpointer.completed = completed
        return events


@pytest.mark.parametrize(("completed", "fits"), [(0.98, 0.4), (None, 0.7), (0.02, 1.5)])
def test_the_end_comes_by_the_sound(completed: float | None, fits: float) -> None:
    stream = Stream()
    stream.feed(1.0, is_speech=True)
    certain = [
        number
        for number in range(60)
        for event in stream.feed(FRAME_S, is_speech=False, completed=completed)
        if isinstance(event, SegmentReady)
    ]
    assert (certain[0] + 1) * FRAME_S == pytest.approx(fits, abs=0.05)


def test_a_verdict_ends_with_its_pause() -> None:
    stream = Stream()
    stream.feed(1.0, is_speech=True)
    stream.feed(0.4, is_speech=False, completed=0.02)
    stream.feed(0.5, is_speech=True)
    assert stream.endpointer.completed is None


def test_pauses_are_learned_also_from_ends_that_were_none() -> None:
    stream = Stream()
    for _ in range(4):
        stream.feed(1.0, is_speech=True)
        stream.feed(0.9, is_speech=False)  # an end by silence, and then the speaker goes on
    stream.feed(1.0, is_speech=True)
    assert stream.endpointer.pauses.stretch == 1.5
    for _ in range(8):
        stream.feed(0.4, is_speech=False)
        stream.feed(0.5, is_speech=True)
    assert stream.endpointer.pauses.stretch < 1.0


def test_it_is_learned_whether_verdicts_were_right() -> None:
    stream = Stream()
    for completed in (0.9, 0.2) * 30:  # whatever the model says, the speaker goes on in the first pause alone
        stream.feed(1.0, is_speech=True)
        stream.feed(0.4, is_speech=False, completed=completed)
        stream.feed(1.0, is_speech=True)
        stream.feed(3.0, is_speech=False, completed=completed)
    assert stream.endpointer.verdicts.trust < 0.3
    stream.endpointer.pauses.forget()
    assert stream.endpointer.verdicts.trust < 0.3, "it says nothing of the speaker"
