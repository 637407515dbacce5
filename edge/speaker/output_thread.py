"""The thread that keeps the device open, feeds it, and gets it back when it was lost."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np

from edge.journal_events import MessageId, event
from edge.realtime import ask_for_realtime
from edge.speaker.output import Output, OutputError, Samples
from edge.speaker.playout import Playout

log = logging.getLogger(__name__)

BLOCK_S = 0.01
IDLE_BLOCK_S = 0.04
"""Each write wakes the thread and the sound system: when nothing is expected, few long ones do."""
RESERVE_S = 0.02
"""Silence is added only when no more than this is buffered, so that a first sample has little before it."""
STALLED_AFTER_S = 0.03
"""So long a device that plays may tell the same: a sound server's figures move in steps."""
PROOF_S = 0.1
"""A device counts as open when it has played some silence: one that blocks can be opened as well."""
STUCK_AFTER_S = 2.0
"""A device that has taken nothing for so long is given up."""
HUNG_AFTER_S = 20.0
"""When even giving it up takes this long, the thread hangs in a call that nothing ends."""
RETRY_MIN_S = 0.5
RETRY_MAX_S = 5.0


class OutputState(NamedTuple):
    """Whether there is a device that plays, and why not."""

    name: Literal["open", "absent"]
    reason: str


class OutputThread:
    """Owns the device. All of ``playout`` is used under ``wake``, which tells when there is more to play.

    Args:
        output: the device.
        playout: what to play.
        wake: also wakes the thread for ``stop``.
        clock: monotonic seconds.
        on_state: called in this thread or the caller's of ``check``, with each change.
    """

    def __init__(
        self,
        output: Output,
        playout: Playout,
        wake: threading.Condition,
        clock: Callable[[], float],
        on_state: Callable[[OutputState], None],
    ) -> None:
        self.state = OutputState("absent", "not opened yet")
        self.alert_until = 0.0
        """Until this monotonic time sound is expected, and the device's buffer is kept short."""
        self.on_sound: Callable[[Samples, float], None] | None = None
        """Called in this thread with each block, whose memory is used again, and the time at which its last
        sample is heard; it must not wait for anything."""
        self.underflows = 0
        """How often the device ran dry in the middle of sound."""
        self._output = output
        self._playout = playout
        self._wake = wake
        self._clock = clock
        self._on_state = on_state
        self._block: Samples = np.zeros(round(BLOCK_S * output.sample_rate), np.float32)
        self._silence: Samples = np.zeros(round(IDLE_BLOCK_S * output.sample_rate), np.float32)
        self._stopping = False
        self._given_up = False
        self._progress_at: float | None = None
        self._turned_at = clock()
        self._thread = threading.Thread(target=self._run, name="player", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def working(self) -> bool:
        """False when the thread is gone or hangs in the device: only a new process helps then."""
        return self._thread.is_alive() and self._clock() - self._turned_at < HUNG_AFTER_S

    def stop(self) -> None:
        """Leave as soon as the playout is idle."""
        with self._wake:
            self._stopping = True
            self._wake.notify_all()

    def join(self, timeout_s: float) -> bool:
        """Wait for the thread's end; False when it still runs."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def check(self) -> None:
        """Give the device up when it has taken nothing for too long. To be called now and then."""
        with self._wake:
            since, now = self._progress_at, self._clock()
            if self._given_up or since is None or now - since < STUCK_AFTER_S:
                return
            self._given_up = True
            self._playout.lost(now)
        self._tell(OutputState("absent", f"it has taken no sound for {STUCK_AFTER_S:g} s"))
        self.abort()

    def abort(self) -> None:
        """Break off a write that hangs."""
        # In a thread of its own, since where the device hangs this may hang as well.
        threading.Thread(target=self._output.abort, name="player-abort", daemon=True).start()

    def _run(self) -> None:
        ask_for_realtime()
        retry_s = RETRY_MIN_S
        while not self._stopping:
            self._turned_at = self._clock()
            try:
                self._output.open()
                self._prove()
                retry_s = RETRY_MIN_S
                self._tell(OutputState("open", ""))
                self._play()
            except OutputError as error:
                reason = self.state.reason if self._given_up else str(error)
            except Exception as error:
                log.exception("player: unexpected error; the device is opened again")
                reason = f"internal error: {error!r}"
            else:
                reason = "stopped"
            with self._wake:
                self._progress_at = None
                self._given_up = False
                self._playout.lost(self._clock())
            self._tell(OutputState("absent", reason))
            self._output.close()
            with self._wake:
                self._wake.wait_for(lambda: self._stopping, retry_s)
            retry_s = min(retry_s * 2, RETRY_MAX_S)

    def _prove(self) -> None:
        with self._wake:
            self._progress_at = self._clock()
        proven_s = 0.0
        while proven_s < PROOF_S and not self._stopping:
            with self._wake:
                self._playout.rest(len(self._silence))
            self._write(self._silence, idle=True)
            proven_s += IDLE_BLOCK_S

    def _play(self) -> None:
        was_sounding = False
        stalled, unmoved_s = False, 0.0
        latency_s = self._output.latency_s
        while True:
            waited_s: float | None = None
            written: Samples | None = None
            with self._wake:
                self._refuse_if_given_up()
                now = self._turned_at = self._clock()
                self._playout.settle(now, latency_s)
                if self._stopping and self._playout.idle:
                    return
                sounding = self._playout.render(self._block, now)
                if not sounding and latency_s > RESERVE_S and not stalled:
                    woken = self._wake.wait(latency_s - RESERVE_S)
                    waited_s = 0.0 if woken else latency_s - RESERVE_S
            if sounding:
                self.alert_until = 0.0
                written = self._block
                ran_dry = self._write(written)
                self.underflows += ran_dry and was_sounding
            elif waited_s is None:
                written = self._keep_alive()
            if waited_s is None:
                was_sounding = sounding
            before_s, latency_s = latency_s, self._output.latency_s
            # A device that ran dry may play on only when it is full again.
            if waited_s is None:
                stalled, unmoved_s = stalled and latency_s > before_s, 0.0
            else:
                unmoved_s = 0.0 if latency_s < before_s else unmoved_s + waited_s
                stalled = unmoved_s >= STALLED_AFTER_S
            if written is not None and self.on_sound is not None:
                self.on_sound(written, self._clock() + latency_s)

    def _keep_alive(self) -> Samples:
        """Write some silence; returns it."""
        with self._wake:
            idle = self._playout.idle
            short = not idle or self._clock() < self.alert_until
            silence = self._silence[: len(self._block)] if short else self._silence
            self._playout.rest(len(silence))
        self._write(silence, idle=idle)
        return silence

    def _write(self, block: Samples, *, idle: bool = False) -> bool:
        ran_dry = self._output.write(block, idle=idle)
        with self._wake:
            self._refuse_if_given_up()
            self._progress_at = self._turned_at = self._clock()
        return ran_dry

    def _refuse_if_given_up(self) -> None:
        if self._given_up:
            raise OutputError(self.state.reason)

    def _tell(self, state: OutputState) -> None:
        if state == self.state:
            return
        was, self.state = self.state, state
        if state.name == "open":
            log.info(
                "audio output %r is open",
                self._output.name,
                extra=event(MessageId.AUDIO_FOUND, device="loudspeaker"),
            )
        elif not self._stopping:
            log.warning(
                "audio output %r is %s: %s; trying again every %g to %g s",
                self._output.name,
                "lost" if was.name == "open" else "absent",
                state.reason,
                RETRY_MIN_S,
                RETRY_MAX_S,
                extra=event(MessageId.AUDIO_LOST, device="loudspeaker"),
            )
        self._on_state(state)
