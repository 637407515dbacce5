"""Who is enrolled is kept as numbers, and only for the model that made them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from edge.listener.voiceprint import (
    EnrolledVoice,
    EnrolledVoices,
    KnownVoices,
    Role,
    VoiceprintError,
)
from edge.listener.voiceprint.enrolled import LARGEST_BYTES

MODEL = "0123456789abcdef"
EAST, NORTH, NORTH_EAST = [1.0, 0.0], [0.0, 1.0], [0.6, 0.8]


def voice(name: str, role: Role, *vectors: list[float], model: str = MODEL) -> EnrolledVoice:
    embeddings = {f"source {number}": vector for number, vector in enumerate(vectors)}
    return EnrolledVoice(name=name, role=role, model=model, embeddings=embeddings)


def heard(vector: list[float]) -> np.ndarray:
    return np.array(vector, np.float32)


def test_the_most_similar_voice_is_it() -> None:
    known = KnownVoices([voice("guide", "guide", EAST), voice("wayan", "driver", NORTH)], MODEL, 0.5)
    found = known.find(heard(NORTH_EAST))
    assert found is not None
    assert (found.name, found.role, found.similarity) == ("wayan", "driver", pytest.approx(0.8))


def test_any_of_the_guides_voices_is_the_guide() -> None:
    known = KnownVoices([voice("guide", "guide", EAST, NORTH)], MODEL, 0.9)
    assert known.find(heard(EAST)) is not None
    assert known.find(heard(NORTH)) is not None


def test_who_is_not_similar_enough_is_nobody_known() -> None:
    assert KnownVoices([voice("guide", "guide", EAST)], MODEL, 0.61).find(heard(NORTH_EAST)) is None
    assert KnownVoices([], MODEL, 0.5).find(heard(EAST)) is None


def test_what_another_model_made_is_void() -> None:
    known = KnownVoices([voice("guide", "guide", EAST, model="another")], MODEL, 0.5)
    assert known.find(heard(EAST)) is None
    assert (known.names, known.void) == ((), ("guide",))


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    enrolled = EnrolledVoices(tmp_path)
    kept = voice("гид-1", "guide", EAST)
    path = enrolled.save(kept)
    assert enrolled.load() == ([kept], [])
    assert path.stat().st_mode & 0o777 == 0o640
    assert path.parent == tmp_path / "voices"
    assert [each.name for each in path.parent.iterdir()] == ["гид-1.json"], "nothing is left over"


def test_every_change_is_noticed(tmp_path: Path) -> None:
    enrolled = EnrolledVoices(tmp_path)
    versions = [enrolled.version()]
    enrolled.save(voice("guide", "guide", EAST))
    versions.append(enrolled.version())
    enrolled.save(voice("guide", "guide", NORTH))
    versions.append(enrolled.version())
    assert enrolled.version() == versions[-1], "nothing has changed"
    assert enrolled.forget("guide")
    versions.append(enrolled.version())
    # No voice is no voice, whether there is a folder for them or not.
    assert len(set(versions)) == 3
    assert versions[0] == versions[-1]
    assert not enrolled.forget("guide"), "there is nobody any more"


def test_a_broken_file_is_named_and_harms_no_other(tmp_path: Path) -> None:
    enrolled = EnrolledVoices(tmp_path)
    enrolled.save(voice("guide", "guide", EAST))
    (tmp_path / "voices" / "broken.json").write_text("{")
    voices, (trouble,) = enrolled.load()
    assert [each.name for each in voices] == ["guide"]
    assert "broken.json is no enrolled voice" in trouble
    assert "\n" not in trouble


def test_what_is_no_plain_file_is_named_and_not_waited_for(tmp_path: Path) -> None:
    """Root reads them too, for the doctor, and whoever has got hold of the listener may have put them."""
    enrolled = EnrolledVoices(tmp_path)
    enrolled.save(voice("guide", "guide", EAST))
    os.mkfifo(tmp_path / "voices" / "fifo.json")
    (tmp_path / "voices" / "link.json").symlink_to(tmp_path / "voices" / "guide.json")
    (tmp_path / "voices" / "large.json").write_bytes(bytes(LARGEST_BYTES + 1))
    voices, troubles = enrolled.load()
    assert [each.name for each in voices] == ["guide"]
    for trouble, came in zip(troubles, ("came a FIFO", "at most", "came a symbolic link"), strict=True):
        assert came in trouble
    assert enrolled.forget("link"), "the link goes, and what it leads to stays"
    assert [each.name for each in enrolled.load()[0]] == ["guide"]


@pytest.mark.parametrize("name", ["", "../guide", "a/b", "two words", "x" * 65])
def test_a_name_that_is_no_file_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(VoiceprintError, match="expected a name of letters"):
        EnrolledVoices(tmp_path).save(voice(name, "driver", EAST))
