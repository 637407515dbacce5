"""GigaAM and Parakeet by onnx-asr: loaded, fallen back, asked in their languages alone.

The true library runs models with the true signatures, which hear fixed words.
"""

from __future__ import annotations

import asyncio
import shutil
import threading
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from edge.config import Settings
from edge.journal_events import MessageId
from edge.ladder import RungError
from edge.listener.recognizers import (
    RecognitionLadder,
    make_recognition_ladder,
    make_recognizers,
    onnx_engine,
)
from edge.listener.recognizers.language import FindLanguage
from edge.listener.recognizers.local import Cancelled
from edge.listener.recognizers.onnx_engine import OnnxEngine
from edge.listener.recognizers.onnx_models import find_onnx_model
from edge.listener.recognizers.whisper import WhisperEngine
from edge.listener.recognizers.whisper_model import find_model
from edge.listener.segment import SAMPLE_RATE, RecognitionRequest, Transcript
from edge.messages import Language
from tests.support.synthetic_onnx import make_gigaam, make_parakeet
from tests.support.synthetic_whisper import make_model

pytest.importorskip("onnx_asr")

NOISE = (np.random.default_rng(1).standard_normal(2 * SAMPLE_RATE) * 1000).astype(np.int16)
RUSSIAN = "Гид, что это за храм?"
EUROPEAN = "Guide, what is that?"
WHISPERED = "Captain, where are we going?"
PATIENT = {"initial_ms": 60_000, "max_ms": 60_000}
"""However busy the machine is, the first that works answers."""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both, and a Whisper that finds English before Russian."""
    folder = tmp_path_factory.mktemp("models")
    make_gigaam(folder / "gigaam/v3-e2e-ctc", RUSSIAN)
    make_model(folder / "whisper/small", hears=WHISPERED, languages=("en", "ru", "id"))
    shutil.copytree(folder / "whisper/small", folder / "whisper/small.en")
    make_parakeet(folder / "parakeet/tdt-0.6b-v3", EUROPEAN)
    make_model(folder / "whisper/base", hears=WHISPERED, languages=("en", "ru", "id"))
    return folder


def chosen(models: Path, **recognizer: Any) -> Settings:
    recognizer = {"budget": PATIENT} | recognizer
    listener: dict[str, Any] = {"recognizer": recognizer}
    if languages := recognizer.pop("languages", None):
        listener["languages"] = languages
    return msgspec.convert({"models_dir": str(models), "listener": listener}, Settings)


def heard(settings: Settings, name: str, language: Language | None, samples: Any = NOISE) -> Transcript:
    engine = OnnxEngine(name, settings)
    engine.load()
    return engine.transcribe(RecognitionRequest(samples, language), threading.Event())


async def recognised(settings: Settings, *languages: Language | None) -> list[Transcript]:
    ladder = make_recognition_ladder(settings)
    await ladder.start()
    try:
        return [await ladder.recognise(RecognitionRequest(NOISE, language)) for language in languages]
    finally:
        await ladder.close()


@pytest.mark.parametrize(
    ("name", "language", "text"), [("gigaam", "ru", RUSSIAN), ("parakeet", "en", EUROPEAN)]
)
def test_a_segment_becomes_text(models: Path, name: str, language: Language, text: str) -> None:
    found = heard(chosen(models), name, language)
    assert (found.text, found.language) == (text, language)
    assert found.confidence is not None
    assert found.confidence > 0.9


def test_a_long_segment_and_one_of_a_few_samples_are_taken_too(models: Path) -> None:
    long = np.concatenate([NOISE] * 16)[: 30 * SAMPLE_RATE + 50]
    assert heard(chosen(models), "gigaam", "ru", long).text == RUSSIAN
    assert heard(chosen(models), "gigaam", "ru", NOISE[:50]).text == ""


def test_what_is_cancelled_ends_before_the_next_window(models: Path) -> None:
    engine = OnnxEngine("gigaam", chosen(models))
    engine.load()
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(Cancelled):
        engine.transcribe(RecognitionRequest(NOISE, "ru"), cancelled)


def test_another_language_is_refused_and_nobody_is_to_blame(models: Path) -> None:
    with pytest.raises(RungError, match="gigaam knows ru only, came 'id'") as caught:
        heard(chosen(models), "gigaam", "id")
    assert caught.value.blameless


def test_a_model_that_is_not_there_is_one_line_with_the_command(tmp_path: Path) -> None:
    with pytest.raises(RungError, match="models fetch gigaam/v3-e2e-ctc` puts one there"):
        OnnxEngine("gigaam", chosen(tmp_path)).load()


def test_a_model_that_is_rubbish_is_one_line(models: Path, tmp_path: Path) -> None:
    shutil.copytree(models / "gigaam", tmp_path / "gigaam")
    (tmp_path / "gigaam/v3-e2e-ctc/v3_e2e_ctc.int8.onnx").write_bytes(b"no model")
    with pytest.raises(RungError, match="does not run") as caught:
        OnnxEngine("gigaam", chosen(tmp_path)).load()
    assert caught.value.permanent
    assert "\n" not in str(caught.value)


def test_a_gpu_that_is_not_there_is_told_and_the_cpu_recognises(models: Path) -> None:
    engine = OnnxEngine("gigaam", chosen(models, onnx_device="cuda"))
    engine.load()
    assert engine.fact.startswith("gigaam/v3-e2e-ctc on cuda → cpu (this onnxruntime has ")
    assert engine.transcribe(RecognitionRequest(NOISE, "ru"), threading.Event()).text == RUSSIAN


async def test_what_was_asked_for_and_is_not_used_is_a_warning_that_can_be_looked_for(
    models: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    whisper = {"device": "cuda", "threads_per_worker": 1}
    order = ["gigaam", "faster_whisper"]
    await recognised(chosen(models, order=order, onnx_device="cuda", whisper=whisper), "ru")
    await recognised(chosen(models, order=order), "ru")
    told = [line for line in caplog.records if getattr(line, "MESSAGE_ID", "") == MessageId.FELL_BACK.value]
    assert [(vars(line)["PART"], line.levelname) for line in told] == [
        ("gigaam", "WARNING"),
        ("faster_whisper", "WARNING"),
    ]
    assert "base on cuda float16 → cpu int8 (" in told[1].getMessage()


@pytest.mark.parametrize("how", ["fails", "hangs"])
def test_a_gpu_that_breaks_in_a_call_is_left_for_the_cpu(
    models: Path, how: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    opened = onnx_engine.open_model
    released = threading.Event()

    class Broken:
        def recognize(self, samples: object, sample_rate: int) -> None:
            if how == "hangs":
                released.wait(30)
            raise RuntimeError("CUDA failure 2: out of memory")

    def open_(kind: str, folder: Path, device: str) -> Any:
        return Broken() if device == "cuda" else opened(kind, folder, "cpu")

    monkeypatch.setattr(onnx_engine, "open_model", open_)
    monkeypatch.setattr(onnx_engine, "HANGS_AFTER_S", 0.2)
    engine = OnnxEngine("gigaam", chosen(models, onnx_device="cuda"))
    engine.load()
    assert engine.fact == "gigaam/v3-e2e-ctc on cuda"
    for _ in range(2):
        assert engine.transcribe(RecognitionRequest(NOISE, "ru"), threading.Event()).text == RUSSIAN
    released.set()
    assert "on cuda → cpu (" in engine.fact
    assert ("hangs" if how == "hangs" else "the GPU shares the board's memory") in engine.fact
    assert len([line for line in caplog.records if hasattr(line, "MESSAGE_ID")]) == 1


async def test_a_table_gives_each_language_its_recognizers(models: Path) -> None:
    settings = chosen(models, order={"ru": ["gigaam", "faster_whisper"], "en": ["parakeet"]})
    assert [one.name for one in make_recognizers(settings)] == ["gigaam", "faster_whisper", "parakeet"]
    russian, english, indonesian = await recognised(settings, "ru", "en", "id")
    assert (russian.text, russian.recognizer) == (RUSSIAN, "gigaam")
    assert (english.text, english.recognizer) == (EUROPEAN, "parakeet")
    assert (indonesian.text, indonesian.recognizer) == (WHISPERED, "faster_whisper"), "not in the table"


async def test_the_language_is_found_once_where_the_order_depends_on_it(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[RecognitionRequest] = []
    found = WhisperEngine.find_language
    monkeypatch.setattr(
        WhisperEngine,
        "find_language",
        lambda self, request: asked.append(request) or found(self, request),
    )
    tabled = chosen(models, order={"ru": ["gigaam"]})
    (english,) = await recognised(tabled, None)
    assert (english.text, english.language) == (WHISPERED, "en")
    (listed,) = await recognised(chosen(models, order=["gigaam", "faster_whisper"]), None)
    assert (listed.text, listed.recognizer) == (WHISPERED, "faster_whisper"), "gigaam knows no English"
    assert len(asked) == 2
    await recognised(chosen(models), None)
    await recognised(chosen(models, order=["gigaam"], languages=["ru"]), None)
    assert len(asked) == 2, "where nothing depends on it, it costs nothing"


async def test_without_a_whisper_the_first_language_counts_and_it_is_told_once(
    models: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(models / "gigaam", tmp_path / "gigaam")
    shutil.copytree(models / "parakeet", tmp_path / "parakeet")
    settings = chosen(tmp_path, order={"ru": ["gigaam"], "en": ["parakeet"]}, languages=["ru", "en"])
    first, second = await recognised(settings, None, None)
    assert {first.text, second.text} == {RUSSIAN}
    told = [line.message for line in caplog.records if "the language is not found" in line.message]
    assert len(told) == 1
    assert "ru counts: no Whisper model 'base'" in told[0]


@pytest.mark.parametrize("unfit", ["groq", "gigaam"])
async def test_a_language_whose_order_cannot_hear_it_is_heard_by_the_default_and_it_is_told_once(
    models: Path, unfit: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings = chosen(models, order={"ru": ["gigaam"], "en": [unfit]}, languages=["ru", "en"])
    first, second = await recognised(settings, "en", "en")
    assert (first.text, first.recognizer) == (second.text, second.recognizer) == (WHISPERED, "faster_whisper")
    (told,) = (line for line in caplog.records if getattr(line, "PART", "") == "recognizers of en")
    assert f"none of {unfit} knows en and is allowed, faster_whisper is used" in told.getMessage()


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Models of the Whispers that were loaded."""
    loaded: list[str] = []
    load = WhisperEngine.load
    monkeypatch.setattr(WhisperEngine, "load", lambda self: loaded.append(self._model) or load(self))
    return loaded


@pytest.mark.parametrize(
    ("interim", "loads"), [("small", ["small"]), ("small.en", ["base", "small.en"]), ("", ["base"])]
)
async def test_the_language_is_found_by_one_whisper_that_is_loaded_once_and_knows_them_all(
    models: Path, loaded: list[str], interim: str, loads: list[str]
) -> None:
    order = {"ru": ["gigaam"], "en": ["parakeet"]}
    settings = chosen(models, order=order, languages=["ru", "en"], whisper={"interim_model": interim})
    (english,) = await recognised(settings, None)
    assert (english.text, english.recognizer) == (EUROPEAN, "parakeet"), "Whisper finds English"
    assert sorted(loaded) == loads


async def test_a_whisper_that_knows_one_language_finds_none_and_that_is_told(
    models: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from ctranslate2.models import Whisper

    engine = WhisperEngine(chosen(models))
    engine.load()
    monkeypatch.setattr(Whisper, "is_multilingual", False)
    find = FindLanguage(engine, "id", loads=False)
    assert [await find(RecognitionRequest(NOISE, None)) for _ in range(2)] == ["id", "id"]
    await find.close()
    (told,) = caplog.messages
    assert "base knows one language only" in told


async def test_a_finder_that_fell_back_to_the_cpu_is_told(
    models: Path, caplog: pytest.LogCaptureFixture
) -> None:
    order = {"ru": ["gigaam"], "en": ["parakeet"]}
    await recognised(
        chosen(models, order=order, languages=["ru", "en"], whisper={"device": "cuda", "interim_model": ""}),
        "ru",
    )
    (told,) = (
        line for line in caplog.records if getattr(line, "MESSAGE_ID", "") == MessageId.FELL_BACK.value
    )
    assert "the language is found by base on cuda float16 → cpu int8 (" in told.getMessage()


def test_four_names_in_the_hints_order_are_no_repetition_where_no_hint_was_given(
    models: Path, tmp_path: Path
) -> None:
    names = "Нуану, Чангу, Убуд, Кута"
    make_gigaam(tmp_path / "gigaam/v3-e2e-ctc", names)
    engine = OnnxEngine("gigaam", chosen(tmp_path))
    engine.load()
    request = RecognitionRequest(NOISE, "ru", hint=f"{names}, Санур")
    assert engine.transcribe(request, threading.Event()).text == names


def test_the_models_folder_may_be_below_the_home(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(models.parent))
    found = find_onnx_model(chosen(Path("~") / models.name), "gigaam")
    assert found == models / "gigaam/v3-e2e-ctc"
    assert find_model(chosen(Path("~") / models.name), "base") == models / "whisper/base"


async def test_a_broken_recognizer_of_a_language_makes_room_for_the_next_of_its_order(
    models: Path, tmp_path: Path
) -> None:
    shutil.copytree(models / "whisper", tmp_path / "whisper")
    settings = chosen(tmp_path, order={"ru": ["gigaam", "faster_whisper"]})
    (russian,) = await recognised(settings, "ru")
    assert russian.recognizer == "faster_whisper"


async def test_several_at_once(models: Path) -> None:
    ladder: RecognitionLadder = make_recognition_ladder(chosen(models, order={"ru": ["gigaam"]}))
    await ladder.start()
    try:
        requests = [RecognitionRequest(NOISE, "ru")] * 6
        texts = {one.text for one in await asyncio.gather(*map(ladder.recognise, requests))}
    finally:
        await ladder.close()
    assert texts == {RUSSIAN}
