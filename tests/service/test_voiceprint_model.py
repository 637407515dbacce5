"""Voices are told apart by a model that the site brings; one that cannot be used is told in one line."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from edge.config import ListenerSettings, Settings, Voiceprint
from edge.listener.voiceprint import EmbeddingModel, NoModelError, VoiceprintError, load_model
from tests.support.spoken_english import has_synthesizer, say
from tests.support.synthetic_voiceprint import DIMENSIONS, make_model

pytest.importorskip("kaldi_native_fbank")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

NOISE = np.random.default_rng(0).integers(-3000, 3000, 2 * 16_000, dtype=np.int16)


def settings_with(model: str, *, models_dir: Path) -> Settings:
    return Settings(models_dir=str(models_dir), listener=ListenerSettings(voiceprint=Voiceprint(model=model)))


@pytest.mark.parametrize("name", ["feature", "feats", "x"])
def test_whatever_the_exporter_called_its_input(tmp_path: Path, name: str) -> None:
    embedding = EmbeddingModel(make_model(tmp_path / "m.onnx", input_name=name), "cpu").embed(NOISE)
    assert embedding.shape == (DIMENSIONS,)
    assert np.linalg.norm(embedding) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("frames", [50, 345])
def test_a_model_that_insists_on_a_length_gets_it(tmp_path: Path, frames: int) -> None:
    model = EmbeddingModel(make_model(tmp_path / "m.onnx", frames=frames), "cpu")
    assert model.embed(NOISE).shape == (DIMENSIONS,)


@pytest.mark.skipif(
    not (has_synthesizer("flite") and has_synthesizer("espeak-ng")), reason="flite or espeak-ng is absent"
)
def test_one_voice_is_more_like_itself_than_like_another(tmp_path: Path) -> None:
    model = EmbeddingModel(make_model(tmp_path / "m.onnx"), "cpu")
    first, second = "the next stop is the moon", "good morning, ladies and gentlemen"
    same = model.embed(say(first, "flite")) @ model.embed(say(second, "flite"))
    other = model.embed(say(first, "flite")) @ model.embed(say(first, "espeak-ng"))
    assert same > 0.5 > other


def test_how_loud_it_is_does_not_matter(tmp_path: Path) -> None:
    model = EmbeddingModel(make_model(tmp_path / "m.onnx"), "cpu")
    assert model.embed(NOISE) @ model.embed(NOISE // 4) > 0.99


def test_of_a_long_speech_the_middle_counts(tmp_path: Path) -> None:
    model = EmbeddingModel(make_model(tmp_path / "m.onnx"), "cpu")
    silence = np.zeros(5 * 16_000, np.int16)
    middle = np.tile(NOISE, 2)[: 3 * 16_000]
    assert model.embed(np.concatenate([silence, middle, silence])) @ model.embed(middle) > 0.999


def test_too_little_sound_is_said(tmp_path: Path) -> None:
    with pytest.raises(VoiceprintError, match="expected at least 1600 samples, came 10"):
        EmbeddingModel(make_model(tmp_path / "m.onnx"), "cpu").embed(NOISE[:10])


def test_another_file_is_another_model(tmp_path: Path) -> None:
    first = EmbeddingModel(make_model(tmp_path / "a.onnx"), "cpu").fingerprint
    assert EmbeddingModel(make_model(tmp_path / "b.onnx"), "cpu").fingerprint == first
    assert EmbeddingModel(make_model(tmp_path / "c.onnx", input_name="x"), "cpu").fingerprint != first


def test_a_model_is_named_by_its_folder_or_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "speaker" / "campplus").mkdir(parents=True)
    path = make_model(tmp_path / "speaker" / "campplus" / "3dspeaker.onnx")
    by_name = load_model(settings_with("campplus", models_dir=tmp_path))
    assert by_name.fingerprint == load_model(settings_with(str(path), models_dir=tmp_path)).fingerprint


def test_no_model_is_no_error_of_the_file(tmp_path: Path) -> None:
    for named in ("campplus", str(tmp_path / "gone.onnx")):
        with pytest.raises(NoModelError, match=r"expected one \.onnx file in .*, found none"):
            load_model(settings_with(named, models_dir=tmp_path))


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"no model at all")
    with pytest.raises(VoiceprintError, match=r"cannot run .*broken\.onnx") as raised:
        EmbeddingModel(path, "cpu")
    assert "\n" not in str(raised.value)


def test_a_model_for_something_else_is_named_with_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(VoiceprintError, match=r"\[1, frames, 80\], found feature .* 40\]"):
        EmbeddingModel(make_model(tmp_path / "m.onnx", bins=40), "cpu")


def test_without_the_features_package_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "kaldi_native_fbank", None)
    with pytest.raises(VoiceprintError, match=r"shuttle-guide\[voiceprint\]"):
        EmbeddingModel(make_model(tmp_path / "m.onnx"), "cpu")
