"""The sound of one track between voice and device: marks, jitter, soft edges, a way back."""

from __future__ import annotations

from collections import deque

import numpy as np

from edge.sound.samples import Samples
from edge.speaker.script import Mark

EDGE_S = 0.003
"""Where sound starts, ends or breaks off it is faded this long, so that no edge clicks."""
MARK_SLACK_S = 0.02
"""A word of which no more than this is missing has been heard."""
REWIND_MAX_S = 1.0
KEPT_S = 1.5
"""Played sound that is kept for going back: ``REWIND_MAX_S`` and what a device buffers."""


class SampleQueue:
    """A queue of mono samples with one writer and one reader, who share a lock.

    Args:
        sample_rate: Hz.
        jitter_s: sound that has to be there before the first sample is given away, and again after a gap.
    """

    def __init__(self, sample_rate: int, jitter_s: float = 0.0) -> None:
        self.position = 0
        """Samples read so far."""
        self.finished = False
        self.waiting = True
        """At the start, in a gap and after a rewind: nothing is given away before enough is there."""
        self._chunks: deque[Samples] = deque()
        self._first = 0
        self._total = 0
        self._marks = [Mark(0, 0)]
        self._sample_rate = sample_rate
        self._jitter = round(jitter_s * sample_rate)
        edge = round(EDGE_S * sample_rate)
        self._edge: Samples = (0.5 - 0.5 * np.cos(np.pi * (np.arange(edge) + 0.5) / edge)).astype(np.float32)
        self._resumed_at = 0

    @property
    def total(self) -> int:
        """Samples appended so far."""
        return self._total

    @property
    def exhausted(self) -> bool:
        return self.finished and self.position >= self._total

    def runs_dry(self, count: int) -> bool:
        """Whether the next ``count`` samples would end in a gap."""
        left = self._total - self.position
        return not (self.waiting or self.finished) and left - count < len(self._edge)

    def append(self, samples: Samples) -> None:
        if len(samples):
            self._chunks.append(samples)
            self._total += len(samples)

    def mark(self, position: int, spoken_to: int) -> None:
        """The script is spoken to ``spoken_to`` at ``position``, which may still have to be appended."""
        self._marks.append(Mark(position, spoken_to))

    def finish(self) -> None:
        """Nothing follows: what is there is played to its last sample."""
        self.finished = True

    def read(self, out: Samples) -> int:
        """Fill ``out``, shape (n,), from the front and return how many samples were there.

        Less than n (with ``waiting`` set) means a gap, unless the queue is exhausted.
        """
        left = self._total - self.position
        edge = len(self._edge)
        if self.waiting:
            if not left or not (self.finished or left >= max(self._jitter, len(out) + edge)):
                return 0
            self.waiting = False
            self._resumed_at = self.position
        # The last milliseconds are kept back until it is known whether they have to be faded out.
        runs_dry = self.runs_dry(len(out))
        count = min(len(out), left)
        self._copy(out[:count])
        end = self._total if self.finished else self.position + count if runs_dry else None
        self._soften(out[:count], end)
        self.position += count
        self.waiting = runs_dry
        self._forget()
        return count

    def spoken_to(self, heard: int) -> int:
        """How far the script is spoken when ``heard`` samples have been heard."""
        reached = heard + round(MARK_SLACK_S * self._sample_rate)
        return max(mark.spoken_to for mark in self._marks if mark.position <= reached)

    def rewind(self, heard: int) -> None:
        """Go back to the last mark (a word's border) before ``heard``, or to ``heard`` if that is too far."""
        mark = max(mark.position for mark in self._marks if mark.position <= heard)
        near = heard - mark <= REWIND_MAX_S * self._sample_rate
        self.position = max(self._first, mark if near else heard)
        self.waiting = True

    def _copy(self, out: Samples) -> None:
        filled, start = 0, self._first
        for chunk in self._chunks:
            skip = self.position + filled - start
            if skip < len(chunk):
                part = chunk[skip : skip + len(out) - filled]
                out[filled : filled + len(part)] = part
                filled += len(part)
                if filled == len(out):
                    return
            start += len(chunk)

    def _soften(self, out: Samples, end: int | None) -> None:
        edge = self._edge
        into = self.position - self._resumed_at
        if into < len(edge):
            part = edge[into : into + len(out)]
            out[: len(part)] *= part
        if end is not None and (begin := end - len(edge) - self.position) < len(out):
            part = edge[::-1][max(0, -begin) :][: len(out) - max(0, begin)]
            out[max(0, begin) : max(0, begin) + len(part)] *= part

    def _forget(self) -> None:
        oldest = self.position - round(KEPT_S * self._sample_rate)
        while self._chunks and self._first + len(self._chunks[0]) < oldest:
            self._first += len(self._chunks.popleft())
