"""How long silence must last before a turn is over. Pure; durations in seconds.

The words so far give the length (``listener.endpointing``), the sound and the speaker's own pauses stretch or
shorten it. Without the model that hears turn ends, the words alone decide.
"""

from __future__ import annotations

from collections import deque
from statistics import median

from edge.config.hearing import Endpointing
from edge.listener.completeness import Ending

UNFINISHED_STRETCH, FINISHED_STRETCH = 2.5, 0.46
"""The silence is stretched so where the sound is certain that the speaker goes on, or has finished; between
them by the square of the probability, since of the middling ones more go on. Chosen on two thirds of the
sentences of ``bench/turn_end``."""
SHORTEST_S = 0.38
"""By then the sound has been judged: silence of 0.26 s, and 80 ms for the model."""
ORDINARY_PAUSE_S = 0.45
"""Median of pauses in mid-turn."""
SPEAKER_STRETCH = (0.85, 1.5)
"""A speaker's own pauses change the silence by no more than this."""
ENOUGH_PAUSES = 3
REMEMBERED_PAUSES = 8
USUALLY_APART = 0.2
"""Where the model can judge a voice, ends get so much higher probabilities than pauses, on the average."""
EXPECTED_VERDICTS = 4
"""How much what is expected weighs against what was seen."""
REMEMBERED_VERDICTS = 100


class SpeakerPauses:
    """Lengths of the pauses behind which the present speaker went on."""

    def __init__(self) -> None:
        self._pauses_s: deque[float] = deque(maxlen=REMEMBERED_PAUSES)

    def add(self, pause_s: float) -> None:
        self._pauses_s.append(pause_s)

    def forget(self) -> None:
        """Whoever speaks next may be somebody else."""
        self._pauses_s.clear()

    @property
    def stretch(self) -> float:
        """The factor by which the silence is stretched; 1.0 until enough is known."""
        if len(self._pauses_s) < ENOUGH_PAUSES:
            return 1.0
        shortest, longest = SPEAKER_STRETCH
        return min(longest, max(shortest, median(self._pauses_s) / ORDINARY_PAUSE_S))


class VerdictRecord:
    """What the model said in pauses of which it is known by now whether they were ends.

    Some voices it cannot judge: ends and pauses get the same probabilities, and then it shall change nothing.
    """

    def __init__(self) -> None:
        self._ends: deque[float] = deque(maxlen=REMEMBERED_VERDICTS)
        self._pauses: deque[float] = deque(maxlen=REMEMBERED_VERDICTS)

    def ended(self, completed: float) -> None:
        self._ends.append(completed)

    def went_on(self, completed: float) -> None:
        self._pauses.append(completed)

    @property
    def trust(self) -> float:
        """How far the model is followed, 0…1; 1 until there is reason for less."""
        apart = _mean(self._ends, 0.5 + USUALLY_APART / 2) - _mean(self._pauses, 0.5 - USUALLY_APART / 2)
        return min(1.0, max(0.0, apart / USUALLY_APART))


def _mean(known: deque[float], expected: float) -> float:
    """The mean of what is known and of ``EXPECTED_VERDICTS`` times what is expected."""
    return (sum(known) + expected * EXPECTED_VERDICTS) / (len(known) + EXPECTED_VERDICTS)


def needed_silence_s(
    options: Endpointing,
    words: Ending,
    completed: float | None,
    pauses: SpeakerPauses,
    *,
    is_short: bool,
    trust: float = 1.0,
) -> float:
    """How long silence must last until the utterance is over.

    Args:
        options: the lengths that the words give.
        words: what they tell of the end.
        completed: probability by the sound that the turn is complete; None: it is not known (yet).
        pauses: the speaker's own.
        is_short: only a word or two were said.
        trust: how far the sound is believed, 0…1; at 0 the words alone decide.
    """
    by_words = _by_words(options, words, is_short)
    if completed is None:
        return by_words
    by_sound = UNFINISHED_STRETCH + (FINISHED_STRETCH - UNFINISHED_STRETCH) * completed**2
    stretch = 1.0 + trust * (by_sound * pauses.stretch - 1.0)
    longest = max(by_words, options.silence_unfinished_s)
    shortest = options.silence_s if is_short or words == "unfinished" else min(by_words, SHORTEST_S)
    return min(longest, max(shortest, by_words * stretch))


def _by_words(options: Endpointing, words: Ending, is_short: bool) -> float:
    if words == "unfinished":
        return max(options.silence_s, options.silence_unfinished_s)
    if words == "complete":
        return min(options.silence_s, options.silence_complete_s)
    if is_short:
        return max(options.silence_s, options.silence_after_short_s)
    return options.silence_s
