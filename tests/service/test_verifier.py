"""Whose voice an utterance is, is told beside its recognition, and no trouble with it costs an answer."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.config import ListenerSettings, Settings, Voiceprint
from edge.listener.segment import Segment
from edge.listener.voiceprint import (
    EmbeddingModel,
    EnrolledVoice,
    EnrolledVoices,
    KnownVoice,
    Verifier,
    verifier,
)
from tests.support.synthetic_voiceprint import make_model
from tests.support.waiting import until

pytest.importorskip("kaldi_native_fbank")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


def sound(seed: int) -> NDArray[np.int16]:
    """Two seconds of noise with a colour of its own."""
    rng = np.random.default_rng(seed)
    noise = np.convolve(rng.standard_normal(2 * 16_000 + 31), rng.standard_normal(32), "valid")
    swell = 1 + 0.9 * np.sin(np.arange(len(noise)) / 2000)
    return np.asarray(1000 * noise * swell, np.int16)


def utterance(samples: NDArray[np.int16], *, speech_s: float = 1.5) -> Segment:
    return Segment("a", samples, 10.0, 10.0 + speech_s)


class Bench:
    """A verifier with a synthetic model, and what it delivered."""

    def __init__(self, folder: Path) -> None:
        self.model_path = folder / "model.onnx"
        self.enrolled = EnrolledVoices(folder)
        self.counters: Counter[str] = Counter()
        self.delivered: asyncio.Queue[tuple[Segment, KnownVoice | None]] = asyncio.Queue()
        voiceprint = Voiceprint(model=str(self.model_path), threshold=0.7)
        self.verifier = Verifier(
            Settings(state_dir=str(folder), listener=ListenerSettings(voiceprint=voiceprint)),
            lambda segment, voice: self.delivered.put_nowait((segment, voice)),
            self.counters,
        )

    def enrol(self, name: str, samples: NDArray[np.int16], *, model: str | None = None) -> None:
        embedder = EmbeddingModel(self.model_path, "cpu")
        self.enrolled.save(
            EnrolledVoice(
                name=name,
                role="guide",
                model=model or embedder.fingerprint,
                embeddings={"test": embedder.embed(samples).tolist()},
            )
        )

    async def whose(self, samples: NDArray[np.int16]) -> str | None:
        assert self.verifier.check(utterance(samples))
        async with asyncio.timeout(30):
            _, voice = await self.delivered.get()
        return voice and voice.name


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread of this machine may come late to its work."""
    monkeypatch.setattr(verifier, "DEADLINE_S", 20.0)


@pytest.fixture
async def bench(tmp_path: Path) -> Bench:
    make_model(tmp_path / "model.onnx")
    return Bench(tmp_path)


async def test_an_enrolled_voice_is_found_and_another_is_not(bench: Bench) -> None:
    bench.enrol("guide", sound(1))
    await bench.verifier.start()
    assert bench.verifier.fact == "cpu → cpu, enrolled: guide"
    assert await bench.whose(sound(1)) == "guide"
    assert await bench.whose(sound(2)) is None
    await bench.verifier.close()


async def test_who_is_enrolled_meanwhile_counts_at_once(bench: Bench) -> None:
    await bench.verifier.start()
    assert not bench.verifier.check(utterance(sound(1))), "nobody is enrolled"
    assert bench.verifier.fact.endswith("enrolled: nobody")
    bench.enrol("guide", sound(1))
    assert await bench.whose(sound(1)) == "guide"
    bench.enrolled.forget("guide")
    assert not bench.verifier.check(utterance(sound(1)))
    await bench.verifier.close()


async def test_a_short_word_is_not_waited_for(bench: Bench) -> None:
    bench.enrol("guide", sound(1))
    await bench.verifier.start()
    assert not bench.verifier.check(utterance(sound(1), speech_s=0.3))
    await bench.verifier.close()


async def test_the_event_loop_goes_on_meanwhile(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[str] = []
    bench.enrol("guide", sound(1))
    await bench.verifier.start()
    embed = EmbeddingModel.embed

    def watched(model: EmbeddingModel, samples: NDArray[np.int16]) -> NDArray[np.float32]:
        threads.append(threading.current_thread().name)
        return embed(model, samples)

    monkeypatch.setattr(EmbeddingModel, "embed", watched)
    assert await bench.whose(sound(1)) == "guide"
    assert threads == ["voiceprint_0"]
    await bench.verifier.close()


async def test_a_voice_of_another_model_is_void_and_that_is_said_once(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.enrol("guide", sound(1), model="another")
    await bench.verifier.start()
    assert not bench.verifier.check(utterance(sound(1)))
    assert not bench.verifier.check(utterance(sound(1)))
    assert bench.verifier.fact.endswith("enrolled: nobody; void: guide")
    assert caplog.text.count("enrol it anew") == 1
    await bench.verifier.close()


async def test_without_a_model_it_is_off_which_is_no_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    bench = Bench(tmp_path)
    await bench.verifier.start()
    assert bench.verifier.fact.startswith("off: expected one .onnx file in ")
    assert not bench.verifier.check(utterance(sound(1)))
    assert [record.levelname for record in caplog.records] == ["INFO"]
    await bench.verifier.close()


@pytest.mark.parametrize(
    "spoil",
    [lambda path: path.write_bytes(b"no model"), lambda path: make_model(path, bins=40)],
    ids=["corrupt", "another signature"],
)
async def test_a_model_that_cannot_be_used_is_one_line_and_the_check_is_off(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, spoil: Callable[[Path], object]
) -> None:
    bench = Bench(tmp_path)
    spoil(bench.model_path)
    await bench.verifier.start()
    assert bench.verifier.fact.startswith("off: cannot run ")
    assert not bench.verifier.check(utterance(sound(1)))
    (record,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert "\n" not in record.getMessage()
    await bench.verifier.close()


async def _break(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(model: EmbeddingModel, samples: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(EmbeddingModel, "embed", broken)


async def _hang(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifier, "DEADLINE_S", 0.05)
    monkeypatch.setattr(EmbeddingModel, "embed", lambda model, samples: threading.Event().wait(1))


@pytest.mark.parametrize("trouble", [_break, _hang])
async def test_a_check_that_fails_or_hangs_costs_no_answer(
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
    trouble: Callable[[Bench, pytest.MonkeyPatch], Awaitable[None]],
) -> None:
    bench.enrol("guide", sound(1))
    await bench.verifier.start()
    await trouble(bench, monkeypatch)
    assert await bench.whose(sound(1)) is None
    assert bench.counters["voiceprint.failed"] == 1
    await bench.verifier.close()


async def test_behind_a_check_that_hangs_nobody_waits(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    bench.enrol("guide", sound(1))
    await bench.verifier.start()
    embed = EmbeddingModel.embed
    monkeypatch.setattr(verifier, "DEADLINE_S", 0.05)
    monkeypatch.setattr(EmbeddingModel, "embed", lambda model, samples: release.wait(30))
    async with asyncio.timeout(30):
        while bench.verifier.check(utterance(sound(1))):  # one that the thread never came to hangs nothing
            _, voice = await bench.delivered.get()
            assert voice is None
    assert bench.counters["voiceprint.failed"] > 0
    monkeypatch.setattr(verifier, "DEADLINE_S", 30.0)
    monkeypatch.setattr(EmbeddingModel, "embed", embed)
    release.set()
    await until(lambda: bench.verifier.check(utterance(sound(1))))
    _, voice = await bench.delivered.get()
    assert voice is not None
    await bench.verifier.close()
