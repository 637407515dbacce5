"""Real weights: they are the catalogue's, and the guide hears and speaks with them.

`make real-models` brings them; a test says in one line which it lacks.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import wave
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soxr
from numpy.typing import NDArray

from edge.config import Settings
from edge.lexicon.words import words_of
from edge.listener.options import make_addressee, recognition_hint, recognition_hints
from edge.listener.recognizers import make_recognition_ladder
from edge.listener.segment import SAMPLE_RATE, RecognitionRequest, Transcript
from edge.listener.turn_end.model import MODEL, load_model
from edge.model_files.catalogue import load_catalogue
from edge.model_files.fetch import FetchError
from edge.model_files.store import Store, sha256_of
from tests.support.real_models import CARRIED, FOLDER, fill, real_model

QUESTION_EN = "Guide, what is that temple on the right?"
QUESTION_RU = "Гид, что это за храм справа?"


def spoken(command: Sequence[str], text: str) -> NDArray[np.int16]:
    """What a program makes of a text on its standard input, between silences: shape (n,), mono, 16 kHz."""
    sound = subprocess.run(command, input=text.encode(), capture_output=True, check=True, timeout=50).stdout
    with wave.open(io.BytesIO(sound)) as wav:
        rate = wav.getframerate()
    samples = np.frombuffer(sound[44:], "<i2").astype(np.float32)
    resampled = np.clip(soxr.resample(samples, rate, SAMPLE_RATE), -32768, 32767)
    return np.pad(resampled.astype(np.int16), SAMPLE_RATE // 3)


async def understood(samples: NDArray[np.int16]) -> tuple[Settings, Transcript]:
    """By a guide with its own settings, whose models folder has the real ones."""
    patient = {"recognizer": {"budget": {"initial_ms": 60_000, "max_ms": 60_000}}}  # the machine may be busy
    settings = msgspec.convert({"models_dir": str(FOLDER), "listener": patient}, Settings)
    ladder = make_recognition_ladder(settings)
    await ladder.start()
    try:
        hint, hints = recognition_hint(settings), recognition_hints(settings)
        return settings, await ladder.recognise(RecognitionRequest(samples, None, hint, hints))
    finally:
        await ladder.close()


@pytest.mark.real_models
@pytest.mark.parametrize("name", CARRIED)
def test_each_file_has_the_catalogues_checksum(name: str) -> None:
    folder = real_model(name)
    for file in load_catalogue().find_one(name).file:
        assert sha256_of(folder / file.name) == file.sha256


@pytest.mark.real_models
@pytest.mark.timeout(120)
async def test_the_default_recognizer_understands_an_english_question_word_for_word() -> None:
    real_model("whisper/base")
    voice = real_model("piper/en_US-joe-medium") / "en_US-joe-medium.onnx"
    pytest.importorskip("piper")
    command = [sys.executable, "-m", "piper", "-m", str(voice), "-f", "/dev/stdout"]
    settings, heard = await understood(spoken(command, QUESTION_EN))
    assert words_of(heard.text) == words_of(QUESTION_EN)
    assert heard.language == "en"
    assert make_addressee(settings).judge(heard.text, 0.0, 3.0).reason == "wake_name"


@pytest.mark.real_models
@pytest.mark.timeout(120)
async def test_a_russian_question_with_the_guides_name_is_meant_for_it() -> None:
    real_model("whisper/base")
    if shutil.which("text2wave") is None or not Path("/usr/share/festival/voices/russian").is_dir():
        pytest.skip("no recorded Russian voice: apt-get install festival festvox-ru")
    command = ["text2wave", "-eval", "(voice_msu_ru_nsh_clunits)"]
    settings, heard = await understood(spoken(command, QUESTION_RU))
    assert heard.language == "ru"
    verdict = make_addressee(settings).judge(heard.text, 0.0, 3.0)
    assert (verdict.reason, "храм" in heard.text) == ("wake_name", True)


def test_a_mirror_of_other_weights_is_refused_and_nothing_takes_their_place(tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    for file in load_catalogue().find_one("whisper/base").file:
        path = mirror / "whisper/base" / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            stream.truncate(file.size)
    with pytest.raises(FetchError, match=r"whisper/base/config\.json: the checksum is wrong"):
        fill(Store(tmp_path / "models"), ["whisper/base"], str(mirror))
    assert not (tmp_path / "models/whisper/base").exists()


@pytest.mark.real_models
def test_the_real_model_of_turn_ends_loads_and_gives_probabilities() -> None:
    real_model(MODEL)
    model = load_model(msgspec.convert({"models_dir": str(FOLDER)}, Settings))
    noise = (np.random.default_rng(1).standard_normal(9 * SAMPLE_RATE) * 3000).astype(np.int16)
    given = [model.completed(noise[: round(seconds * SAMPLE_RATE)]) for seconds in (0.0, 0.3, 3.0, 9.0)]
    assert all(0.0 <= probability <= 1.0 for probability in given)
    assert len(set(given)) > 1, "it hears its input"
