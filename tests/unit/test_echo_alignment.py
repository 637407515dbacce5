"""An echo that comes at another time than before is noticed, whoever else speaks; and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.listener.echo.alignment import EchoAlignment
from edge.listener.framing import FRAME_SAMPLES
from edge.listener.segment import SAMPLE_RATE

SECONDS = 6
DELAY = 1600


def noise(seed: int, level: float = 3000.0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).standard_normal(SECONDS * SAMPLE_RATE) * level


def delayed(sound: NDArray[np.float64], samples: int) -> NDArray[np.float64]:
    return np.concatenate([np.zeros(samples), sound])[: len(sound)]


def shifted_in_the_middle(sound: NDArray[np.float64], samples: int) -> NDArray[np.float64]:
    """Its echo, which comes so much later from half the time on."""
    half = len(sound) // 2
    return 0.3 * np.concatenate([delayed(sound, DELAY)[:half], delayed(sound, DELAY + samples)[half:]])


def moves(played: NDArray[np.float64], captured: NDArray[np.float64]) -> list[tuple[float, int]]:
    """(seconds, samples) of all that is found; the reference is shifted as it asks for."""
    alignment = EchoAlignment()
    found = []
    shift = 0
    for at in range(0, len(played) - FRAME_SAMPLES, FRAME_SAMPLES):
        piece = played[at - shift : at - shift + FRAME_SAMPLES].astype(np.int16)
        if moved := alignment.moved(piece, captured[at : at + FRAME_SAMPLES].astype(np.int16)):
            found.append((at / SAMPLE_RATE, moved))
            shift += moved
    return found


def test_an_echo_that_stays_is_left_alone() -> None:
    sound = noise(1)
    assert moves(sound, 0.3 * delayed(sound, DELAY)) == []


@pytest.mark.parametrize("later", [200, -200])
@pytest.mark.parametrize("passenger", [0.0, 900.0])
def test_a_shift_is_found_once_and_soon(later: int, passenger: float) -> None:
    sound = noise(1)
    captured = shifted_in_the_middle(sound, later) + noise(2, passenger)
    [(seconds, found)] = moves(sound, captured)
    assert found == pytest.approx(later, abs=1)
    assert SECONDS / 2 < seconds < SECONDS / 2 + 1.5


def test_what_only_looked_like_the_echo_is_undone() -> None:
    sound, later = noise(1), 6496
    middle = slice(2 * SAMPLE_RATE, 3 * SAMPLE_RATE)
    captured = 0.3 * delayed(sound, DELAY)
    captured[middle] = delayed(sound, DELAY + later - 1600)[middle]
    found = moves(sound, captured)
    assert [samples for _, samples in found] == [later - 1600, 1600 - later]
    assert found[-1][0] < 3 + 1.5


def test_a_passenger_is_no_echo() -> None:
    assert moves(noise(1), noise(2)) == []


def test_where_nothing_is_played_nothing_is_looked_for() -> None:
    assert moves(np.zeros(SECONDS * SAMPLE_RATE), noise(2)) == []


def test_an_echo_of_another_loudspeaker_may_be_anywhere() -> None:
    alignment, sound = EchoAlignment(), noise(1)
    for delay in (DELAY, DELAY + 300):
        alignment.forget()
        captured = 0.3 * delayed(sound, delay)
        for at in range(0, len(sound) - FRAME_SAMPLES, FRAME_SAMPLES):
            piece = slice(at, at + FRAME_SAMPLES)
            assert not alignment.moved(sound[piece].astype(np.int16), captured[piece].astype(np.int16))
