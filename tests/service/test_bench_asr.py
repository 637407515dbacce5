"""``shuttle-guide bench asr`` measures recognizers on recordings with known words."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import pytest

from edge.cli.bench_asr import drift, word_errors
from edge.cli.main import main
from edge.listener.segment import SAMPLE_RATE
from tests.support.spoken_english import has_synthesizer, say
from tests.support.synthetic_whisper import make_model

TEXT = "stop"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHUTTLE_GUIDE_LISTENER__RECOGNIZER__ORDER", "pocketsphinx")
    return tmp_path


@pytest.mark.skipif(not has_synthesizer("flite"), reason="flite is not installed")
def test_latency_and_word_errors_of_each_recognizer(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pocketsphinx")
    with wave.open(str(folder / "stop.wav"), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        file.writeframes(say(TEXT, "flite").tobytes())
    (folder / "stop.txt").write_text("Stop!\n")
    assert main(["bench", "asr", str(folder), "--rounds", "2", "--json"]) == 0
    (result,) = json.loads(capsys.readouterr().out)
    assert (result["recognizer"], result["word_error_rate"]) == ("pocketsphinx", 0.0)
    assert result["latency_ms"]["p50"] > 0
    assert main(["bench", "asr", str(folder)]) == 0
    assert "recognizers on 1 recording" in capsys.readouterr().out


def test_a_folder_without_recordings_is_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "asr", str(folder)]) == 1
    assert "expected NAME.wav beside NAME.txt" in capsys.readouterr().err


def test_words_that_are_no_utf8_are_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with wave.open(str(folder / "a.WAV"), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
    (folder / "a.txt").write_bytes("стоп".encode("cp1251"))
    assert main(["bench", "asr", str(folder)]) == 1
    assert f"{folder / 'a.txt'}: expected UTF-8 text, came byte 0xf1 in line 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("understood", "errors"),
    [
        (["where", "is", "it"], 0),
        (["where", "it"], 1),
        (["where", "is", "was", "it"], 1),
        (["there", "is"], 2),
        ([], 3),
    ],
)
def test_words_changed_left_out_and_made_up_are_errors(understood: list[str], errors: int) -> None:
    assert word_errors(["where", "is", "it"], understood) == errors


def test_models_and_devices_are_measured_one_by_one(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("faster_whisper")
    for model in ("base", "tiny"):
        make_model(folder / "models/whisper" / model, hears="stop", width=64, languages=("en",))
    monkeypatch.setenv("SHUTTLE_GUIDE_MODELS_DIR", str(folder / "models"))
    with wave.open(str(folder / "noise.wav"), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        file.writeframes(bytes(2 * SAMPLE_RATE))
    (folder / "noise.txt").write_text(TEXT)
    chosen = ["--model", "base", "--model", "tiny", "--device", "cpu", "--device", "cuda"]
    assert main(["bench", "asr", str(folder), *chosen, "--rounds", "1", "--json"]) == 0
    results = json.loads(capsys.readouterr().out)
    assert [result["runs"].split(" (")[0] for result in results] == [
        "base on cpu int8",
        "base on cuda float16 → cpu int8",
        "tiny on cpu int8",
        "tiny on cuda float16 → cpu int8",
    ]
    assert {result["word_error_rate"] for result in results} == {0.0}


@pytest.mark.parametrize(
    ("rounds_ms", "slower"),
    [([100], 0.0), ([100, 100, 100], 0.0), ([100, 104, 110], 0.1), ([100, 101, 99, 100, 150, 150], 0.493)],
)
def test_what_gets_slower_is_seen(rounds_ms: list[float], slower: float) -> None:
    assert drift(rounds_ms) == slower
