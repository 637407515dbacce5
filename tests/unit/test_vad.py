"""The detectors hear real words, in noise too, and are silent about what is none."""

from __future__ import annotations

import importlib.util
import sys
import threading
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from edge.config import hearing
from edge.listener import onnx_session, vad_silero
from edge.listener.flatness import spectral_flatness
from edge.listener.framing import FRAME_SAMPLES
from edge.listener.onnx_session import OnnxError, open_session
from edge.listener.vad import Vad, VadError
from edge.listener.vad_factory import make_vad
from edge.listener.vad_silero import SileroVad
from edge.listener.vad_webrtc import WebrtcVad
from edge.messages import Language
from tests.support.cabin import Sound, brown_noise, frames_of, needs_espeak, say

needs_silero = pytest.mark.skipif(
    importlib.util.find_spec("faster_whisper") is None, reason="faster-whisper is not installed"
)
needs_webrtc = pytest.mark.skipif(
    importlib.util.find_spec("webrtcvad") is None, reason="webrtcvad-wheels is not installed"
)
ENGINES = [
    pytest.param("silero", marks=[needs_silero, needs_espeak]),
    pytest.param("webrtc", marks=[needs_webrtc, needs_espeak]),
]
QUESTIONS: dict[Language, str] = {
    "ru": "Гид, что это за здание справа?",
    "en": "Hey guide, what is that building?",
    "id": "Apa nama gedung di sebelah kanan itu?",
}


def probabilities(vad: Vad, sound: Sound) -> list[float]:
    return [vad.probability(frame.samples) for frame in frames_of(sound)]


def share_of_speech(vad: Vad, sound: Sound) -> float:
    return float(np.mean(np.array(probabilities(vad, sound)) >= 0.5))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("language", QUESTIONS)
def test_words_of_every_language_are_speech(engine: str, language: Language) -> None:
    vad = make_vad(hearing.VadSettings(engine=engine))  # type: ignore[arg-type]
    assert share_of_speech(vad, say(QUESTIONS[language], language)) > 0.7


@pytest.mark.parametrize("engine", ENGINES)
def test_silence_and_motor_noise_are_not(engine: str) -> None:
    for sound in (np.zeros(32_000, np.float32), brown_noise(10, 0.05, seed=1), brown_noise(10, 0.2, seed=2)):
        vad = make_vad(hearing.VadSettings(engine=engine))  # type: ignore[arg-type]
        heard = probabilities(vad, sound)
        # A noise that comes out of nothing is a sound of its own: WebRTC takes a second to get used to it.
        assert np.mean(np.array(heard[len(heard) // 3 :]) >= 0.5) < 0.1


@needs_silero
@needs_espeak
def test_silero_hears_words_as_loud_as_the_motor() -> None:
    speech = say(QUESTIONS["ru"], "ru")
    sound = speech + brown_noise(len(speech) / 16_000, 0.1, seed=3)[: len(speech)]
    assert share_of_speech(SileroVad(), sound) > 0.5


@needs_silero
@needs_espeak
def test_after_a_reset_silero_hears_as_if_new() -> None:
    speech = say(QUESTIONS["en"], "en")
    vad = SileroVad()
    first = probabilities(vad, speech)
    vad.reset()
    assert probabilities(vad, speech) == first


@needs_silero
@needs_espeak
def test_silero_is_fed_as_its_makers_feed_it() -> None:
    """The same probabilities as faster-whisper's own batch code gives for the same sound."""
    from faster_whisper.vad import get_vad_model

    sound = say(QUESTIONS["id"], "id")
    samples = np.concatenate([frame.samples for frame in frames_of(sound)])
    expected = get_vad_model()(samples.astype(np.float32) / 32768)
    # That code overwrites the end of the sound that it is given.
    assert probabilities(SileroVad(), sound)[:-1] == pytest.approx(expected.ravel()[:-1].tolist(), abs=1e-4)


@needs_silero
def test_without_a_usable_gpu_it_runs_on_the_cpu_and_says_why(caplog: pytest.LogCaptureFixture) -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this machine may have a GPU")
    with caplog.at_level("INFO"):
        vad = SileroVad(device="cuda")
    assert vad.name == "silero on cpu"
    assert "silero on cuda → cpu (this onnxruntime has" in caplog.text


@needs_silero
def test_a_gpu_that_hangs_at_its_start_is_left_for_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on = threading.Event()
    monkeypatch.setattr(onnx_session, "_try_cuda", lambda *given: goes_on.wait())
    monkeypatch.setattr(onnx_session, "CUDA_STARTS_WITHIN_S", 0.05)
    try:
        vad = SileroVad(device="cuda")
    finally:
        goes_on.set()
    assert (vad.device, vad.reason) == ("cpu", "hangs (no answer within 0.05 s)")


def test_finding_the_graph_does_not_load_the_package_that_brings_it() -> None:
    if importlib.util.find_spec("faster_whisper") is None:
        pytest.skip("faster-whisper is not installed")
    loaded = "faster_whisper" in sys.modules
    assert vad_silero.bundled_graph().is_file()
    assert ("faster_whisper" in sys.modules) is loaded


def test_a_missing_package_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        VadError, match=r"comes with faster-whisper, which is not installed: pip install"
    ) as told:
        make_vad(hearing.VadSettings())
    assert "\n" not in str(told.value)


def test_a_missing_light_detector_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "webrtcvad", None)
    with pytest.raises(VadError, match=r"WebRTC VAD is not installed: pip install"):
        WebrtcVad()


def test_another_file_is_refused_in_one_line(tmp_path: Path) -> None:
    graph = tmp_path / "graph.onnx"
    for content in (b"", b"no graph\n" * 100):
        graph.write_bytes(content)
        with pytest.raises(VadError, match=r"^Silero VAD: cannot run .*graph\.onnx: .+") as told:
            SileroVad(graph)
        assert "\n" not in str(told.value)


def test_a_graph_with_other_inputs_is_refused_before_it_is_used(tmp_path: Path) -> None:
    node = helper.make_node("Identity", ["x"], ["y"])
    shape = [1, 4]
    graph = helper.make_graph(
        [node],
        "other",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
    )
    path = tmp_path / "other.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    with pytest.raises(OnnxError, match="cannot run"):
        open_session(path, "cpu", {"input": np.zeros(shape, np.float32)})
    opened = open_session(path, "cpu", {"x": np.zeros(shape, np.float32)})
    assert (opened.device, opened.reason) == ("cpu", "")


def tone(hz: float) -> np.ndarray:
    return np.rint(3000 * np.sin(2 * np.pi * hz * np.arange(FRAME_SAMPLES) / 16_000)).astype(np.int16)


def test_noise_of_any_colour_is_flat() -> None:
    white = np.random.default_rng(4).standard_normal(160_000).astype(np.float32) * 0.05
    for sound in (white, brown_noise(10, 0.05, seed=5), np.cumsum(white).clip(-1, 1) * 0.3):
        flatness = [spectral_flatness(frame.samples) for frame in frames_of(sound)]
        assert np.median(flatness) > 0.52
        assert np.mean(np.array(flatness) > 0.48) > 0.9


def test_a_voice_is_not() -> None:
    harmonics = sum(tone(120 * number) // number for number in range(1, 30))
    assert spectral_flatness(np.asarray(harmonics)) < 0.4
    assert spectral_flatness(tone(700)) < 0.4


def test_digital_silence_is_flat() -> None:
    assert spectral_flatness(np.zeros(FRAME_SAMPLES, np.int16)) == pytest.approx(1.0)
