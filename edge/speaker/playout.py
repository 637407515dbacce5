"""What sounds next, and what the listener has really heard: pure, without clock or device."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from edge.sound.samples import Samples
from edge.speaker.mixer import Mixer
from edge.speaker.track import Began, Run, Track, TrackEventKind, TrackState

Emit = Callable[[Track, TrackEventKind, float], None]
"""Called with the track, what happened and the monotonic time at which it did."""


class InFlight(NamedTuple):
    """Sound that is still to be played: at frame ``due_frame`` the track is heard to ``position``."""

    due_frame: int
    track: Track
    position: int
    last: bool
    """Nothing of the track follows."""


class Playout:
    """A queue of tracks, played one at a time; a cancelled one fades beneath the next.

    Frames are counted over everything handed to the device, silence included.
    """

    def __init__(self, mixer: Mixer, emit: Emit, max_block: int) -> None:
        self._mixer = mixer
        self._emit = emit
        self._queue: deque[Track] = deque()
        self._fading: list[Track] = []
        self._in_flight: deque[InFlight] = deque()
        self._frame = 0
        self._first_frame_mono: float | None = None
        self._scratch: Samples = np.zeros(max_block, np.float32)

    @property
    def idle(self) -> bool:
        """Nothing is queued, and everything that was has been heard."""
        return not (self._queue or self._fading or self._in_flight)

    def put(self, track: Track) -> None:
        """Queue a track; one that was put or cancelled before is left where it is."""
        if track.state is TrackState.NEW:
            track.state = TrackState.QUEUED
            self._queue.append(track)

    def cancel(self, track: Track, fade_s: float, now: float) -> None:
        if track.state in (TrackState.NEW, TrackState.QUEUED):
            if track in self._queue:
                self._queue.remove(track)
            self._end(track, "cancelled", now)
        elif track.state is TrackState.SOUNDING:
            self._queue.remove(track)
            track.state = TrackState.FADING
            track.queue.finish()
            track.strip.fade_out(fade_s)
            self._fading.append(track)

    def cancel_all(self, fade_s: float, now: float) -> None:
        for track in list(self._queue):
            self.cancel(track, fade_s, now)

    def duck(self, on: bool) -> None:
        """Lower (or restore) the tracks put so far; a track that is put later starts at its full level."""
        for track in self._queue:
            track.strip.duck(on)

    def render(self, out: Samples, now: float, *, can_wait: bool = False) -> bool:
        """Fill ``out``, shape (n,), with the next n frames.

        Args:
            out: overwritten.
            now: the moment at which ``out`` goes to the device.
            can_wait: the device has enough to play meanwhile; rather nothing than sound with a gap in it.

        Returns:
            False when nothing sounds. Then nothing has been counted.
        """
        if not (self._queue or self._fading):
            return False
        if can_wait and not self._fading and self._queue[0].queue.runs_dry(len(out)):
            return False
        out[:] = 0
        sounding = False
        for track in list(self._fading):
            count = self._add(track, out, 0, now)
            sounding |= count > 0
            if count < len(out) or track.strip.faded_out:
                self._fading.remove(track)
                self._hand_over_end(track)
        at = 0
        urgent = False
        while self._queue and at < len(out):
            track = self._queue[0]
            urgent |= track.strip.ignores_mute
            at += self._add(track, out, at, now)
            if not track.queue.exhausted:
                break
            self._queue.popleft()
            track.state = TrackState.TAIL
            self._hand_over_end(track)
        if not (sounding or at):
            return False
        self._mixer.finish(out, urgent=urgent)
        self._frame += len(out)
        return True

    def rest(self, count: int) -> None:
        """Take note of ``count`` frames of silence that go to the device."""
        self._mixer.rest()
        self._frame += count

    def handed_over(self, heard_mono: float) -> None:
        """The last frame so far is heard at this time, as far as the device tells."""
        self._first_frame_mono = heard_mono - self._frame / self._mixer.sample_rate

    def heard_mono(self, frame: int | None) -> float | None:
        """When this frame is heard, if the device goes on as it does; None: nobody knows."""
        if frame is None or self._first_frame_mono is None:
            return None
        return self._first_frame_mono + frame / self._mixer.sample_rate

    def settle(self, now: float, latency_s: float) -> None:
        """Take note of what has left the loudspeaker when ``latency_s`` of what was handed over has not."""
        rate = self._mixer.sample_rate
        heard_frame = self._frame - latency_s * rate
        while self._in_flight and self._in_flight[0].due_frame <= heard_frame:
            entry = self._in_flight.popleft()
            entry.track.heard = entry.position
            if entry.last:
                faded = entry.track.state is TrackState.FADING
                mono = now - (heard_frame - entry.due_frame) / rate
                self._end(entry.track, "cancelled" if faded else "last_sample", mono)

    def lost(self, now: float) -> None:
        """The device is gone with what it had buffered: what was not heard is queued again, in its order."""
        unheard = dict.fromkeys(entry.track for entry in self._in_flight)
        self._in_flight.clear()
        for track in self._fading:
            unheard.setdefault(track)
        self._fading.clear()
        for track in (*unheard, *self._queue):
            if track.state is TrackState.FADING:
                self._end(track, "cancelled", now)
            elif track.state is not TrackState.QUEUED:
                track.state = TrackState.QUEUED
                track.queue.rewind(track.heard)
        again = [track for track in unheard if track.state is TrackState.QUEUED and track not in self._queue]
        self._queue.extendleft(reversed(again))

    def _add(self, track: Track, out: Samples, at: int, now: float) -> int:
        """Mix the track into ``out`` from ``at`` on; returns how many samples it had."""
        part = self._scratch[: len(out) - at]
        waited = track.queue.waiting
        count = track.queue.read(part)
        if count:
            if track.state is TrackState.QUEUED:
                track.state = TrackState.SOUNDING
            if not track.first_sample_told:
                track.first_sample_told = True
                track.began = Began(self._frame + at, now)
                self._emit(track, "first_sample", now)
            offset = self._frame + at + count - track.queue.position
            if not track.runs or track.runs[-1].offset != offset:
                track.runs.append(Run(track.queue.position - count, offset))
            if track.content_from is not None and track.queue.position > track.content_from:
                before = max(0, track.content_from - (track.queue.position - count))
                track.content_from = None
                self._emit(track, "first_content", self._as_heard(track, self._frame + at + before, now))
            track.strip.mute(self._mixer.muted)
            track.strip.apply(part[:count])
            out[at : at + count] += part[:count]
            track.due_frame = self._frame + at + count
            self._in_flight.append(InFlight(track.due_frame, track, track.queue.position, last=False))
        if track.queue.waiting and not waited:
            track.underruns += 1
            self._emit(track, "underrun", now)
        return count

    def _as_heard(self, track: Track, frame: int, now: float) -> float:
        """When ``frame`` is heard, counted as the first sample was: the device's buffer was empty then."""
        return max(now, track.began.mono + (frame - track.began.frame) / self._mixer.sample_rate)

    def _hand_over_end(self, track: Track) -> None:
        self._in_flight.append(InFlight(track.due_frame, track, track.queue.position, last=True))

    def _end(self, track: Track, kind: TrackEventKind, mono: float) -> None:
        track.state = TrackState.ENDED
        self._emit(track, kind, mono)
