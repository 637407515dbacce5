"""Recognizers on this machine: they load, fall back, understand, and can be interrupted.

faster-whisper runs a model of random weights that "hears" fixed words; pocketsphinx understands real speech.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import sys
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from edge.config import Secret, Settings
from edge.ladder import LadderExhausted, RungError
from edge.listener.recognizers import (
    Recognition,
    RecognitionLadder,
    RecognitionQueue,
    Recognizer,
    guards,
    make_recognition_ladder,
    make_recognizers,
)
from edge.listener.recognizers import whisper as whisper_engine
from edge.listener.recognizers.factory import recognition_limits
from edge.listener.recognizers.local import Cancelled, LocalRecognizer
from edge.listener.segment import SAMPLE_RATE, RecognitionRequest, Transcript
from edge.messages import Language
from tests.support.services import service, with_services
from tests.support.spoken_english import has_synthesizer, say
from tests.support.synthetic_whisper import make_model
from tests.support.waiting import until

NOISE = (np.random.default_rng(1).standard_normal(2 * SAMPLE_RATE) * 1000).astype(np.int16)
QUESTION = "Где мы сейчас едем?"
PATIENT = {"initial_ms": 60_000, "max_ms": 60_000}
"""However busy the machine is, the first that works answers."""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``base`` (detects Russian, after Japanese), ``small``, ``silent`` and ``endless``."""
    pytest.importorskip("faster_whisper")
    folder = tmp_path_factory.mktemp("models")
    make_model(folder / "whisper" / "base", hears=QUESTION, languages=("ja", "ru", "en"))
    make_model(folder / "whisper" / "small", hears="Где мы", width=64)
    make_model(folder / "whisper" / "silent", hears="Продолжение следует", no_speech=True)
    make_model(folder / "whisper" / "endless", hears="да нет", endless=True)
    return folder


def chosen(
    models: Path | None = None,
    *,
    languages: tuple[Language, ...] = ("ru", "en", "id"),
    **recognizer: Any,
) -> Settings:
    """Args: ``models`` — the folder that has ``whisper`` with the models; ``recognizer`` — settings of it."""
    listener = {"languages": languages, "recognizer": {"budget": PATIENT} | recognizer}
    return msgspec.convert({"models_dir": str(models), "listener": listener}, Settings)


def whisper(
    models: Path, *, languages: tuple[Language, ...] = ("ru", "en", "id"), **whisper: Any
) -> Settings:
    """Args: ``whisper`` — settings of faster-whisper."""
    return chosen(models, languages=languages, whisper={"threads_per_worker": 1} | whisper)


@contextlib.asynccontextmanager
async def started(settings: Settings) -> AsyncIterator[Recognizer]:
    (recognizer,) = make_recognizers(settings)
    await recognizer.start()
    yield recognizer
    await recognizer.close()


async def recognise(recognizer: Recognizer, request: RecognitionRequest) -> Transcript:
    (transcript,) = [transcript async for transcript in recognizer.open(request)]
    return transcript


async def understood(settings: Settings, request: RecognitionRequest) -> Transcript:
    async with started(settings) as recognizer:
        assert recognizer.usable, recognizer.fact
        return await recognise(recognizer, request)


# --- faster-whisper ----------------------------------------------------------------------------


async def test_a_segment_becomes_text(models: Path) -> None:
    heard = await understood(whisper(models), RecognitionRequest(NOISE, "ru"))
    assert heard.text == QUESTION
    assert heard.language == "ru"
    assert heard.confidence is not None
    assert heard.confidence > 0.9


async def test_the_language_is_detected_among_those_that_are_configured(models: Path) -> None:
    request = RecognitionRequest(NOISE, None)
    assert (await understood(whisper(models), request)).language == "ru"
    assert (await understood(whisper(models, languages=("en", "id")), request)).language == "en"
    assert (await understood(whisper(models, languages=("id",)), request)).language == "id"


def hints_told(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The hints that the model is given from now on."""
    from faster_whisper import WhisperModel

    prompted: list[str | None] = []
    prompt = WhisperModel.get_prompt

    def noted(self: Any, *args: Any, hotwords: str | None = None, **options: Any) -> Any:
        prompted.append(hotwords)
        return prompt(self, *args, hotwords=hotwords, **options)

    monkeypatch.setattr(WhisperModel, "get_prompt", noted)
    return prompted


async def test_the_hint_is_that_of_the_language_that_was_found(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hints: dict[Language, str] = {"ru": "гид", "en": "guide"}
    async with started(whisper(models)) as recognizer:
        prompted = hints_told(monkeypatch)
        for language in (None, "en", "id"):
            await recognise(recognizer, RecognitionRequest(NOISE, language, "гид, guide, pemandu", hints))
    assert prompted == ["гид", "guide", "гид, guide, pemandu"]


async def test_a_hint_an_interim_request_and_a_long_segment_are_understood_too(models: Path) -> None:
    async with started(whisper(models)) as recognizer:
        hinted = RecognitionRequest(NOISE, "ru", hint="Нуану, Чангу, Убуд, " * 60)
        assert (await recognise(recognizer, hinted)).text
        interim = RecognitionRequest(NOISE, "ru", interim=True)
        assert (await recognise(recognizer, interim)).text == QUESTION
        long = RecognitionRequest(np.resize(NOISE, 40 * SAMPLE_RATE), "ru")
        assert (await recognise(recognizer, long)).text == f"{QUESTION} {QUESTION}"


def frames_heard(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The windows that are encoded from now on, in frames of 10 ms."""
    heard: list[int] = []
    encode = whisper_engine._encode

    def encoded(model: Any, samples: Any, frames: int) -> Any:
        heard.append(frames)
        return encode(model, samples, frames)

    monkeypatch.setattr(whisper_engine, "_encode", encoded)
    return heard


@pytest.mark.parametrize(
    ("seconds", "frames"), [(0.3, [1000]), (8.0, [1000]), (8.1, [1500]), (29.0, [3000]), (31.0, [3000, 1000])]
)
async def test_the_window_is_as_long_as_the_sound_needs(
    models: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, frames: list[int]
) -> None:
    sound = np.resize(NOISE, round(seconds * SAMPLE_RATE))
    async with started(whisper(models)) as recognizer:
        heard = frames_heard(monkeypatch)
        await recognise(recognizer, RecognitionRequest(sound, "ru"))
    assert heard == frames


@pytest.mark.parametrize(("interim", "frames"), [(False, [1000, 3000]), (True, [1000])])
async def test_what_is_doubtful_is_heard_again_in_the_whole_window(
    models: Path, monkeypatch: pytest.MonkeyPatch, interim: bool, frames: list[int]
) -> None:
    monkeypatch.setattr(guards, "SURE_AVG_LOGPROB", 1.0)
    async with started(whisper(models)) as recognizer:
        heard = frames_heard(monkeypatch)
        transcript = await recognise(recognizer, RecognitionRequest(NOISE, "ru", interim=interim))
    assert heard == frames
    assert transcript.text == QUESTION


@pytest.mark.parametrize(
    ("least", "hint", "told"),
    [(1.0, "Где мы", ["Где мы", None]), (1.0, "Нуану", ["Нуану"]), (-1.0, "Где мы", ["Где мы"])],
    ids=["doubted", "not of the hint", "believed"],
)
async def test_names_that_may_come_from_the_hint_are_heard_again_without_it(
    models: Path, monkeypatch: pytest.MonkeyPatch, least: float, hint: str, told: list[str | None]
) -> None:
    monkeypatch.setattr(guards, "TOLD_AVG_LOGPROB", least)
    async with started(whisper(models, model="small")) as recognizer:
        prompted = hints_told(monkeypatch)
        transcript = await recognise(recognizer, RecognitionRequest(NOISE, "ru", hint))
    assert prompted == told
    assert transcript.text == "Где мы"


async def test_a_hallucination_becomes_silence(models: Path) -> None:
    for model in ("silent", "endless"):
        heard = await understood(whisper(models, model=model), RecognitionRequest(NOISE, "ru"))
        assert heard.text == ""


async def test_a_model_that_does_not_stop_is_stopped_in_proportion_to_the_sound(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guards, "MAX_COMPRESSION_RATIO", 1e9)
    monkeypatch.setattr(guards, "without_loops", str)
    async with started(whisper(models, model="endless")) as recognizer:
        short = await recognise(recognizer, RecognitionRequest(NOISE[: SAMPLE_RATE // 2], "ru"))
        longer = await recognise(recognizer, RecognitionRequest(NOISE, "ru"))
    assert 10 <= len(short.text.split()) <= 16 + 6
    assert len(short.text.split()) < len(longer.text.split()) <= 16 + 24


async def test_without_a_gpu_it_runs_on_the_cpu_and_says_why(
    models: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with started(whisper(models, device="cuda")) as recognizer:
        assert recognizer.fact.startswith("base on cuda float16 → cpu int8 (cuda float16: no CUDA device")
        assert recognizer.fact in caplog.text
        assert (await recognise(recognizer, RecognitionRequest(NOISE, "ru"))).text == QUESTION


async def test_a_gpu_whose_libraries_end_the_process_does_not_end_ours(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'Unable to load libcudnn_ops.so.9' >&2\nkill -ABRT $$\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    async with started(whisper(models, device="cuda")) as recognizer:
        assert recognizer.usable
        assert "→ cpu int8" in recognizer.fact
        assert "Unable to load libcudnn_ops.so.9" in recognizer.fact


async def test_the_trial_tells_whether_a_model_runs(models: Path, tmp_path: Path) -> None:
    async def trial(folder: Path, *placement: str) -> tuple[int | None, str]:
        command = [sys.executable, "-m", "edge.listener.recognizers.whisper_trial", str(folder), *placement]
        process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
        _, complaint = await process.communicate()
        return process.returncode, complaint.decode()

    assert (await trial(models / "whisper/base", "cpu", "int8"))[0] == 0
    status, complaint = await trial(tmp_path, "cpu", "int8")
    assert status == 1
    assert "model.bin" in complaint


async def test_a_gpu_that_fails_later_is_left_and_the_segment_is_recognised_on_the_cpu(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edge.listener.recognizers import whisper_device

    def pretend(folder: Path, placement: whisper_device.Placement) -> None:
        """The trial on the GPU succeeds."""

    real = whisper_device.open_model

    def open_model(folder: Path, placement: whisper_device.Placement, **options: int) -> object:
        model = real(folder, whisper_device.Placement("cpu", "int8"), **options)
        if placement.device == "cuda":
            monkeypatch.setattr(model, "encode", out_of_memory, raising=False)
        return model

    def out_of_memory(features: object) -> None:
        raise RuntimeError("CUDA failed with error out of memory")

    monkeypatch.setattr(whisper_device, "_try_apart", pretend)
    monkeypatch.setattr(whisper_device, "open_model", open_model)
    async with started(whisper(models, device="cuda")) as recognizer:
        assert recognizer.fact == "base on cuda float16"
        requests = [recognise(recognizer, RecognitionRequest(NOISE, "ru")) for _ in range(3)]
        assert {heard.text for heard in await asyncio.gather(*requests)} == {QUESTION}
        assert "→ cpu int8 (cuda float16: RuntimeError: out of memory, CUDA" in recognizer.fact


@pytest.mark.parametrize("missing", ["model.bin", "tokenizer.json", "vocabulary.json"])
async def test_a_model_that_is_not_whole_is_named_and_nothing_is_fetched(
    models: Path, tmp_path: Path, missing: str
) -> None:
    shutil.copytree(models / "whisper/base", tmp_path / "whisper/base")
    (tmp_path / "whisper/base" / missing).unlink()
    async with started(whisper(tmp_path)) as recognizer:
        assert not recognizer.usable
        assert f"{missing} not found in {tmp_path / 'whisper/base'}" in recognizer.fact
        with pytest.raises(RungError) as raised:
            await recognise(recognizer, RecognitionRequest(NOISE, "ru"))
        assert raised.value.permanent
        shutil.copy(models / "whisper/base" / missing, tmp_path / "whisper/base")
        await recognizer.probe()
        assert (await recognise(recognizer, RecognitionRequest(NOISE, "ru"))).text == QUESTION


async def test_a_broken_model_file_is_told_in_one_line(models: Path, tmp_path: Path) -> None:
    shutil.copytree(models / "whisper/base", tmp_path / "whisper/base")
    (tmp_path / "whisper/base" / "model.bin").write_bytes(b"not a model")
    async with started(whisper(tmp_path)) as recognizer:
        assert not recognizer.usable
        assert "does not run: cpu int8:" in recognizer.fact
        assert "\n" not in recognizer.fact


async def test_a_segment_can_be_cancelled_while_the_engine_works_on_it(models: Path) -> None:
    async with started(whisper(models)) as recognizer:
        long = RecognitionRequest(np.resize(NOISE, 90 * SAMPLE_RATE), "ru")
        working = asyncio.create_task(recognise(recognizer, long))
        await asyncio.sleep(0)
        assert not working.done()
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
        assert (await recognise(recognizer, RecognitionRequest(NOISE, "ru"))).text == QUESTION


async def test_an_engine_that_is_not_installed_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "whisper/base").mkdir(parents=True)
    for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.json"):
        (tmp_path / "whisper/base" / name).touch()
    for package in ("faster_whisper", "pocketsphinx"):
        monkeypatch.setitem(sys.modules, package, None)
    for recognizer in make_recognizers(chosen(tmp_path, order=("faster_whisper", "pocketsphinx"))):
        await recognizer.start()
        assert not recognizer.usable
        assert "is not installed: pip install 'shuttle-guide[" in recognizer.fact
        await recognizer.close()


# --- cancelling an engine ----------------------------------------------------------------------


class PatientEngine:
    """Works until it is told to stop, or until the test ends its work."""

    name = "patient"
    fact = "in a test"
    fell_back = False

    def __init__(self) -> None:
        self.begun = 0
        self.stopped = 0
        self.finish = threading.Event()

    def load(self) -> None:
        """Nothing to load."""

    def transcribe(self, request: RecognitionRequest, cancelled: threading.Event) -> Transcript:
        self.begun += 1
        deadline = time.monotonic() + 20
        while not self.finish.is_set() and time.monotonic() < deadline:
            if cancelled.wait(0.01):
                self.stopped += 1
                raise Cancelled
        return Transcript("готово", "ru")


async def test_an_engine_at_work_is_told_when_nobody_waits_any_more() -> None:
    engine = PatientEngine()
    recognizer = LocalRecognizer(engine, workers=1)
    await recognizer.start()
    first, second = (
        asyncio.create_task(recognise(recognizer, RecognitionRequest(NOISE, "ru"))) for _ in range(2)
    )
    await until(lambda: engine.begun == 1)
    second.cancel()
    first.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    await until(lambda: engine.stopped == 1)
    engine.finish.set()
    assert (await recognise(recognizer, RecognitionRequest(NOISE, "ru"))).text == "готово"
    assert engine.begun == 2
    await recognizer.close()


# --- pocketsphinx ------------------------------------------------------------------------------

SPOKEN = [
    ("espeak-ng", "where is the restaurant"),
    ("flite", "where is the restaurant"),
    ("flite", "tell me about this place"),
    ("flite", "what is that building"),
]


@pytest.fixture
async def sphinx() -> AsyncIterator[Recognizer]:
    pytest.importorskip("pocketsphinx")
    async with started(chosen(order=("pocketsphinx",))) as recognizer:
        yield recognizer


@pytest.mark.parametrize(("synthesizer", "sentence"), SPOKEN)
async def test_a_spoken_sentence_is_understood(sphinx: Recognizer, synthesizer: str, sentence: str) -> None:
    if not has_synthesizer(synthesizer):
        pytest.skip(f"{synthesizer} is not installed")
    heard = await recognise(sphinx, RecognitionRequest(say(sentence, synthesizer), "en"))
    assert heard == Transcript(sentence, "en")


async def test_silence_is_an_empty_transcript(sphinx: Recognizer) -> None:
    for length in (SAMPLE_RATE, 0):
        heard = await recognise(sphinx, RecognitionRequest(np.zeros(length, np.int16), None))
        assert heard.text == ""


async def test_another_language_than_english_is_refused_with_a_reason(sphinx: Recognizer) -> None:
    with pytest.raises(RungError, match="English only, came 'ru': choose another recognizer") as raised:
        await recognise(sphinx, RecognitionRequest(NOISE, "ru"))
    assert raised.value.blameless


async def test_where_nobody_speaks_its_language_it_is_not_used() -> None:
    async with started(chosen(order=("pocketsphinx",), languages=("ru", "id"))) as recognizer:
        assert not recognizer.usable
        assert recognizer.fact == "knows English only, and listener.languages has ru, id"


async def test_a_sentence_goes_through_queue_and_ladder(sphinx: Recognizer) -> None:
    ladder = RecognitionLadder([sphinx], recognition_limits(chosen()))
    delivered: asyncio.Queue[Recognition] = asyncio.Queue()
    queue = RecognitionQueue(ladder.recognise, delivered.put_nowait, workers=2, counters=Counter())
    queue.submit("a", RecognitionRequest(say("where is the restaurant", "espeak-ng"), None))
    recognition = await delivered.get()
    assert recognition.transcript is not None
    assert recognition.transcript.text == "where is the restaurant"
    assert recognition.transcript.recognizer == "pocketsphinx"
    await queue.close()
    await ladder.close()


# --- the ladder --------------------------------------------------------------------------------


async def test_without_any_model_everything_else_lives(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ladder = make_recognition_ladder(whisper(tmp_path))
    await ladder.start()
    assert not ladder.usable()
    assert "no Whisper model 'base'" in ladder.facts()["faster_whisper"]
    for _ in range(3):
        with pytest.raises(LadderExhausted):
            await ladder.recognise(RecognitionRequest(NOISE, "ru"))
    assert caplog.text.count("no Whisper model") == 1
    await ladder.close()


@pytest.mark.parametrize(("interim_model", "written"), [("small", "Где мы"), ("missing", QUESTION)])
async def test_interim_transcripts_come_from_a_smaller_model_where_it_is_there(
    models: Path, interim_model: str, written: str
) -> None:
    ladder = make_recognition_ladder(whisper(models, interim_model=interim_model))
    await ladder.start()
    assert interim_model in ladder.facts()["interim"]
    request = RecognitionRequest(NOISE, "ru", interim=True)
    assert (await ladder.recognise(request)).text == written
    assert (await ladder.recognise(replace(request, interim=False))).text == QUESTION
    await ladder.close()


async def test_silence_is_an_answer_and_not_a_failed_recognizer(models: Path) -> None:
    ladder = make_recognition_ladder(whisper(models, model="silent"))
    await ladder.start()
    for _ in range(5):
        heard = await ladder.recognise(RecognitionRequest(NOISE, "ru"))
        assert heard.text == ""
    assert ladder.facts() == {"faster_whisper": "silent on cpu int8"}
    await ladder.close()


@pytest.mark.parametrize(
    ("recognizer", "used"),
    [
        ({}, ["faster_whisper"]),
        ({"cloud_allowed": True}, ["groq", "openai", "faster_whisper"]),
        ({"order": ("groq", "faster_whisper", "openai")}, ["faster_whisper"]),
        ({"cloud_allowed": True, "order": ("faster_whisper", "groq")}, ["faster_whisper", "groq"]),
    ],
)
def test_audio_stays_in_the_shuttle_until_the_operator_allows_otherwise(
    recognizer: dict[str, Any], used: list[str]
) -> None:
    keys = {"groq": service("groq", api_key=Secret("k")), "openai": service("openai", api_key=Secret("k"))}
    settings = with_services(chosen(**recognizer), **keys)
    assert [one.name for one in make_recognizers(settings)] == used


def test_a_cloud_without_a_key_is_left_out() -> None:
    assert [one.name for one in make_recognizers(chosen(cloud_allowed=True))] == ["faster_whisper"]
