"""What the benches of interruptions and of turn ends are made of."""

from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console

from bench.interruptions.__main__ import show
from bench.interruptions.noises import cough, laugh
from bench.interruptions.trial import SceneOutcome
from bench.turn_end.remembered import RememberingVad


class CountingVad:
    """What it says depends on all that it heard since the last reset."""

    name = "counting"
    release_s = 0.0

    def __init__(self) -> None:
        self.heard, self.calls = 0, 0

    def reset(self) -> None:
        self.heard = 0

    def probability(self, samples: NDArray[np.int16]) -> float:
        self.heard = 31 * self.heard + int(samples[0])
        self.calls += 1
        return self.heard % 97 / 97


def said(vad: CountingVad | RememberingVad, *frames: int) -> list[float]:
    vad.reset()
    return [vad.probability(np.full(4, frame, np.int16)) for frame in frames]


def test_a_detector_that_remembers_says_what_it_would_have_said() -> None:
    inner = CountingVad()
    remembering = RememberingVad(inner)
    for frames in ((1, 2, 3), (1, 2, 3), (1, 2, 4, 5), (2,), (1, 2, 4, 5, 6)):
        assert said(remembering, *frames) == said(CountingVad(), *frames)
    calls = inner.calls
    said(remembering, 1, 2, 4, 5, 6)
    assert inner.calls == calls


@pytest.mark.parametrize("made", [cough, laugh])
def test_noises_by_rule_are_the_same_for_the_same_seed(made: object) -> None:
    assert callable(made)
    first, again, other = made(3), made(3), made(4)
    assert np.array_equal(first, again)
    assert len(first) != len(other)
    assert np.abs(first).max() > 0


def outcome(kind: str, meant: str, done: str, lowered_s: float = 0.0) -> SceneOutcome:
    return SceneOutcome("en", kind, "flite rms", "", meant, 6, 1.0, done, 1.0, lowered_s, lowered_s, "")


def test_the_table_counts_what_was_obeyed_and_what_stopped_for_nothing() -> None:
    told = io.StringIO()
    found = [
        outcome("stop word", "stop", "stop"),
        outcome("stop word", "stop", "nothing"),
        outcome("laugh", "nothing", "nothing", 0.5),
        outcome("laugh", "nothing", "stop", 0.6),
        outcome("laugh", "nothing", "nothing", 0.9),
        outcome("laugh", "nothing", "nothing", 0.1),
    ]
    show(Console(file=told, width=120), found)
    rows = {
        line.split("│")[1].strip() + line.split("│")[2].strip(): line
        for line in told.getvalue().splitlines()
        if "│" in line
    }
    assert "1 (50%)" in rows["meantall"]
    assert "1 (25%)" in rows["laughall"]
    assert "3 (75%)" in rows["laughall"]
