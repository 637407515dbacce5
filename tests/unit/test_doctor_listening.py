"""The doctor says what listening lacks, and nothing where nobody shall be listened to."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.config import Settings
from edge.doctor.check import Check
from edge.doctor.listening import check_listening, check_microphone
from edge.listener import duplex
from edge.listener.turn_end.model import MODEL
from edge.listener.voiceprint import EmbeddingModel, EnrolledVoice, EnrolledVoices
from tests.support.synthetic_voiceprint import make_model
from tests.unit.test_turn_end import make_model as make_turn_end_model


def needs(**tree: Any) -> dict[str, Check]:
    return {need.name: need for need in check_listening(msgspec.convert(tree, Settings))}


def test_who_listens_to_nobody_needs_nothing() -> None:
    assert needs() == {}


def test_a_model_that_is_missing_is_named_with_its_place(tmp_path: Path) -> None:
    listener = {"input": "default", "recognizer": {"whisper": {"model": "tiny"}}}
    need = needs(listener=listener, models_dir=str(tmp_path))["whisper model"]
    assert need.actual == "not found"
    assert f"{tmp_path}/whisper/tiny" in need.advice


def test_each_recognizer_of_a_table_is_looked_for(tmp_path: Path) -> None:
    table = {"ru": ["gigaam", "faster_whisper"], "en": ["parakeet"], "id": ["faster_whisper"]}
    listener = {"input": "default", "recognizer": {"order": table}}
    found = needs(listener=listener, models_dir=str(tmp_path))
    assert {name for name in found if name.endswith(" model")} == {
        *("gigaam model", "parakeet model", "whisper model")
    }
    assert "models fetch gigaam/v3-e2e-ctc" in found["gigaam model"].advice
    assert {"recognizer gigaam", "recognizer parakeet"} <= found.keys()


@pytest.mark.parametrize("unfit", ["groq", "gigaam"])
def test_an_order_that_cannot_hear_its_language_is_told(unfit: str) -> None:
    listener = {"input": "default", "recognizer": {"order": {"ru": ["gigaam"], "en": [unfit]}}}
    found = needs(listener=listener)
    assert found["recognizers of en"].actual == "none can hear it: faster_whisper"
    assert "that knows en and is allowed" in found["recognizers of en"].advice
    assert "recognizers of ru" not in found


def test_the_model_that_hears_the_end_of_a_turn_is_told_of(tmp_path: Path) -> None:
    def turn_end() -> Check:
        return needs(listener={"input": "default"}, models_dir=str(tmp_path))["turn end"]

    assert turn_end().actual == "off: words and silence decide"
    assert f"models fetch {MODEL}" in turn_end().advice
    make_turn_end_model(tmp_path / MODEL / "m.onnx")
    assert turn_end().actual == "on"


def test_the_microphone_is_opened_where_there_is_to_be_one(tmp_path: Path) -> None:
    def microphone(spec: str) -> Check:
        (check,) = check_microphone(msgspec.convert({"listener": {"input": spec}}, Settings))
        return check

    recording = tmp_path / "cabin.wav"
    assert "No such file" in microphone(f"wav:{recording}").advice
    with wave.open(str(recording), "wb") as file:
        file.setparams((1, 2, 16_000, 1, "NONE", ""))
        file.writeframes(bytes(2))
    assert microphone(f"wav:{recording}") == ("microphone", "ok", f"wav:{recording}", "opens at 16000 Hz", "")
    assert "expected wav:PATH" in microphone("wav:").advice
    assert not list(check_microphone(Settings()))


def test_a_recognizer_that_knows_none_of_the_languages_is_named() -> None:
    chosen = {"input": "default", "recognizer": {"order": ["pocketsphinx"]}}
    assert "pocketsphinx language" not in needs(listener=chosen)
    assert needs(listener=chosen | {"languages": ["ru"]})["pocketsphinx language"].advice


def test_what_half_duplex_cannot_do_is_said() -> None:
    assert "no stop word" in needs(listener={"input": "default"})["duplex"].actual
    full = needs(listener={"input": "default", "duplex": "full"})["duplex"]
    assert full.requested in full.actual
    assert "can be interrupted" in full.actual


def test_an_echo_canceller_that_is_not_there_is_named_with_what_is_done_instead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(duplex, "is_installed", lambda: False)
    need = needs(listener={"input": "default", "duplex": "full", "echo": "software"})["duplex"]
    assert (need.requested, need.actual[:11]) == ("full duplex (echo cancelled in software)", "half duplex")
    assert "pip install" in need.advice


def test_a_knowledge_folder_is_looked_for(tmp_path: Path) -> None:
    assert not needs(answers={"knowledge_dir": str(tmp_path)})["knowledge"].advice
    assert needs(answers={"knowledge_dir": str(tmp_path / "gone")})["knowledge"].advice


def test_without_a_model_voices_are_not_told_apart_and_the_place_for_it_is_named(tmp_path: Path) -> None:
    need = needs(listener={"input": "default"}, models_dir=str(tmp_path))["voiceprint"]
    assert need.actual == "off: voices are not told apart"
    assert f"expected one .onnx file in {tmp_path}/speaker/campplus, found none" in need.advice


def test_the_voiceprint_is_told_as_it_was_asked_for_and_as_it_runs(tmp_path: Path) -> None:
    for package in ("kaldi_native_fbank", "onnx", "onnxruntime"):
        pytest.importorskip(package)
    model = make_model(tmp_path / "campplus.onnx")
    voiceprint = {"model": str(model), "device": "cuda"}
    settings = {"input": "default", "voiceprint": voiceprint}
    nobody = needs(listener=settings, state_dir=str(tmp_path))["voiceprint"]
    assert nobody.requested == f"{model} on cuda"
    assert "voices enroll guide --guide" in nobody.advice
    fingerprint = EmbeddingModel(model, "cpu").fingerprint
    for name, made_by in (("guide", fingerprint), ("wayan", "another")):
        EnrolledVoices(tmp_path).save(
            EnrolledVoice(name=name, role="guide", model=made_by, embeddings={"test": [1.0, 0.0]})
        )
    need = needs(listener=settings, state_dir=str(tmp_path))["voiceprint"]
    assert need.actual.startswith("cuda → ")
    assert need.actual.endswith("enrolled: guide")
    assert "enrolled with another model, enrol anew: wayan" in need.advice


def test_a_button_is_looked_for(tmp_path: Path) -> None:
    (tmp_path / "button").touch()
    assert not needs(listener={"input": "default", "button": str(tmp_path / "button")})["button"].advice
    gone = needs(listener={"input": "default", "button": str(tmp_path / "gone")})["button"]
    assert (gone.actual, bool(gone.advice)) == ("no such device", True)
