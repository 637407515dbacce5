"""The listener knows the guide's own voice: a real process hears a recording of it and of a passenger."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.config import Espeak
from edge.sound.wav_file import resampled
from edge.speaker.voices.espeak import EspeakVoice
from tests.support.command import shuttle_guide
from tests.support.guide import clean_environment
from tests.support.listener_alone import ListenerAlone
from tests.support.listening_guide import SPHINX
from tests.support.patient_listener import PATIENT
from tests.support.speaking import script_of, speak
from tests.support.spoken_english import has_synthesizer, say
from tests.support.synthetic_voiceprint import make_model

pytestmark = [
    pytest.mark.skipif(
        not (has_synthesizer("flite") and has_synthesizer("espeak-ng")), reason="flite or espeak-ng is absent"
    ),
    pytest.mark.real_time("a recognizer has to understand words as they are said"),
]
for package in ("pocketsphinx", "faster_whisper", "kaldi_native_fbank", "onnx"):
    pytest.importorskip(package)

RATE = 16_000
OWN_WORDS = "And over there, behind the trees, you can see the tower and the ocean."
QUESTION = "what is the temple over there"
PAUSE = np.zeros(2 * RATE, np.int16)


def environment_of(folder: Path) -> dict[str, str]:
    listener = {
        "INPUT": f"wav:{folder}/heard.wav",
        "LANGUAGES": "en",
        "ADDRESSEE__MODE": "always",
        "VOICEPRINT__MODEL": f"{folder}/model.onnx",
    }
    return clean_environment(folder, 1) | {
        "SHUTTLE_GUIDE_SHUTTLE__LANGUAGE": "en",
        "SHUTTLE_GUIDE_SPEAKER__VOICES": "espeak",
        **{f"SHUTTLE_GUIDE_{key}": value for key, value in SPHINX.items()},
        **{f"SHUTTLE_GUIDE_LISTENER__{key}": value for key, value in listener.items()},
    }


def listening(folder: Path) -> ListenerAlone:
    """``shuttle-guide run listener`` with the settings of ``environment_of``."""
    listener = ListenerAlone(folder, environment_of(folder))
    listener.program = PATIENT
    return listener


@pytest.fixture
async def cabin(tmp_path: Path) -> Path:
    """A folder with a model, and a recording: first the guide itself, then a passenger."""
    own = await speak(EspeakVoice(Espeak()), script_of([OWN_WORDS]), language="en")
    heard = [resampled(own.samples, own.sample_rate, RATE), PAUSE, say(QUESTION, "flite"), PAUSE]
    write_wav(tmp_path / "heard.wav", np.concatenate([PAUSE, *heard]))
    make_model(tmp_path / "model.onnx")
    return tmp_path


def write_wav(path: Path, samples: NDArray[np.int16]) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.astype("<i2").tobytes())


async def test_what_the_guide_says_itself_is_dropped_and_a_passenger_is_answered(cabin: Path) -> None:
    enrolled = await shuttle_guide(
        *("voices", "enroll", "guide", "--guide"), environment=environment_of(cabin), folder=cabin
    )
    assert enrolled.exit_code == 0, enrolled.err
    assert "enrolled by espeak en" in enrolled.out
    async with listening(cabin) as listener:
        await listener.until(lambda: listener.judged() > listener.judged("own_voice") > 0, "both")
        await listener.until(lambda: len(listener.asked) > 0, "a question")
        asked = [dict(question.stages) for question in listener.asked]
        assert all(stages["transcript"] <= stages["verified"] for stages in asked)
        ends = [stages["speech_end"] for stages in asked]
        assert max(ends) - min(ends) < len(PAUSE) / RATE, "what the guide said before the pause is none of it"
        assert listener.state.facts["voiceprint"] == "cpu → cpu, enrolled: guide"


async def test_the_driver_is_not_answered_unless_he_calls_the_guide(cabin: Path) -> None:
    write_wav(cabin / "driver.wav", np.concatenate([say(OWN_WORDS, "flite"), say(QUESTION, "flite")]))
    enrolled = await shuttle_guide(
        *("voices", "enroll", "wayan", "--wav", "driver.wav"), environment=environment_of(cabin), folder=cabin
    )
    assert enrolled.exit_code == 0, enrolled.err
    async with listening(cabin) as listener:
        await listener.until(lambda: listener.judged("driver") > 0, "the driver")
        await listener.until(lambda: len(listener.asked) > 0, "a question")  # whoever spoke before him


@pytest.mark.parametrize("spoil", ["absent", "corrupt"])
async def test_without_a_model_that_works_everybody_is_answered(cabin: Path, spoil: str) -> None:
    if spoil == "absent":
        (cabin / "model.onnx").unlink()
    else:
        (cabin / "model.onnx").write_bytes(b"no model")
    async with listening(cabin) as listener:
        await listener.until(lambda: len(listener.asked) == 2, "both")
        assert listener.state.facts["voiceprint"].startswith("off: ")
