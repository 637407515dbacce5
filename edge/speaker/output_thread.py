"""The thread that keeps the device open, feeds it, and gets it back when it was lost."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import numpy as np

from edge.backoff import Backoff
from edge.error_lines import reason_of
from edge.journal_events import MessageId, event
from edge.realtime import ask_for_realtime
from edge.sound.device_state import RETRY_MAX_S, RETRY_MIN_S, DeviceState, log_lost
from edge.sound.samples import Samples
from edge.speaker.buffer_size import BufferSize
from edge.speaker.output import Output, OutputError
from edge.speaker.playout import Playout
from edge.speaker.stall import Stall

log = logging.getLogger(__name__)

BLOCK_S = 0.01
IDLE_BLOCK_S = 0.04
"""Each write wakes the thread and the sound system: when nothing is expected, few long ones do."""
RESERVE_S = 0.02
RESERVE_SHARE = 1 / 3
"""Silence is added only when no more than this is buffered, so that a first sample has little before it. A
sound server with a larger buffer asks for more at once."""
PROOF_S = 0.1
"""A device counts as open when it has played some silence: one that blocks can be opened as well."""
STUCK_AFTER_S = 2.0
"""A device that has taken nothing for so long is given up."""
HUNG_AFTER_S = 20.0
"""When even giving it up takes this long, the thread hangs in a call that nothing ends."""
QUIET_S = 1.0
"""The device is opened anew with another buffer when for so long nothing has sounded or was expected."""

OnSound = Callable[[Samples, float, bool], None]
"""Called with a block, whose memory is used again, the time at which its last sample is heard, and whether
the device had stood still before it: when sound was heard earlier tells nothing then of when this is."""


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
        on_state: Callable[[DeviceState], None],
    ) -> None:
        self.state = DeviceState("absent", "not opened yet")
        self.alert_until = 0.0
        """Until this monotonic time sound is expected, and the device's buffer is kept short."""
        self.on_sound: OnSound | None = None
        """Called in this thread; it must not wait for anything."""
        self.underflows = 0
        """How often the device ran dry in the middle of sound."""
        self._output = output
        self._playout = playout
        self._wake = wake
        self._clock = clock
        self._on_state = on_state
        self._block: Samples = np.zeros(round(BLOCK_S * output.sample_rate), np.float32)
        self._silence: Samples = np.zeros(round(IDLE_BLOCK_S * output.sample_rate), np.float32)
        self._buffer = BufferSize(output.buffer_s)
        self._empty_mono = 0.0
        """When all that the device was given has been played."""
        self._stopping = False
        self._given_up = False
        self._backoff = Backoff(RETRY_MIN_S, RETRY_MAX_S)
        self._progress_at: float | None = None
        self._turned_at = clock()
        self._thread = threading.Thread(target=self._run, name="player", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def working(self) -> bool:
        """Whether the thread goes on; where it is gone, or hangs in the device, only a new process helps."""
        return self._thread.is_alive() and self._clock() - self._turned_at < HUNG_AFTER_S

    @property
    def buffer_s(self) -> float:
        """Sound that the device is asked to hold ahead."""
        return self._output.buffer_s

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
        self._tell(DeviceState("absent", f"it has taken no sound for {STUCK_AFTER_S:g} s"))
        self.abort()

    def abort(self) -> None:
        """Break off a write that hangs."""
        # In a thread of its own, since where the device hangs this may hang as well.
        threading.Thread(target=self._output.abort, name="player-abort", daemon=True).start()

    def _run(self) -> None:
        ask_for_realtime()
        while not self._stopping:
            try:
                self._open_and_play()
            except OutputError as error:
                reason = self.state.reason if self._given_up else str(error)
            except Exception as error:
                log.exception("player: unexpected error; the device is opened again")
                reason = f"internal error: {reason_of(error)}"
            else:
                reason = "stopped"
            with self._wake:
                self._progress_at = None
                self._given_up = False
                self._playout.lost(self._clock())
            self._tell(DeviceState("absent", reason))
            self._output.close()
            with self._wake:
                self._wake.wait_for(lambda: self._stopping, self._backoff.next_s())

    def _open_and_play(self) -> None:
        """Returns when the player stops. The device is opened anew where its buffer is to change."""
        while not self._stopping:
            self._turned_at = self._clock()
            self._output.buffer_s = self._buffer.wanted_s
            self._output.open()
            self._buffer.opened(self._clock())
            self._prove()
            self._backoff.reset()
            self._tell(DeviceState("open", ""))
            self._play()
            if not self._stopping:
                self._tell_buffer()
                self._output.close()

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
        """Returns when the player stops, or its buffer is to change and nothing sounds."""
        stood_still = True
        was_sounding = False
        sounded_at = self._clock()
        stall = Stall()
        latency_s = self._output.latency_s
        reserve_s = max(RESERVE_S, RESERVE_SHARE * self._output.buffer_s)
        while True:
            waited_s: float | None = None
            written: Samples | None = None
            left_s = latency_s
            if was_sounding:
                # Mixed now, a block would wait in front of the full buffer, and miss what is decided then.
                self._output.wait_for_room(len(self._block))
                left_s = self._output.latency_s
            with self._wake:
                self._refuse_if_given_up()
                now = self._turned_at = self._clock()
                self._playout.settle(now, latency_s)
                if self._playout.idle and (self._stopping or self._may_reopen(now, sounded_at)):
                    return
                can_wait = left_s > reserve_s and not stall.is_stalled
                sounding = self._playout.render(self._block, now, can_wait=can_wait)
                idle = self._playout.idle
                if not sounding and can_wait:
                    woken = self._wake.wait(left_s - reserve_s)
                    waited_s = 0.0 if woken else left_s - reserve_s
            if sounding:
                self.alert_until = 0.0
                sounded_at = now
                written = self._block
                ran_dry = self._write(written)
                if ran_dry and was_sounding:
                    self.underflows += 1
                    self._buffer.ran_dry(now)
                stood_still |= ran_dry
            elif waited_s is None:
                written = self._silence_to_write(idle)
                stood_still |= self._write(written, idle=idle)
            before_s, latency_s = latency_s, self._output.latency_s
            if written is None:
                stall.waited(waited_s or 0.0, before_s, latency_s)
                continue
            stall.wrote(before_s, latency_s)
            was_sounding = sounding
            self._empty_mono = self._clock() + latency_s
            self._playout.handed_over(self._empty_mono)
            if self.on_sound is not None:
                self.on_sound(written, self._empty_mono, stood_still)
            stood_still = False

    def _may_reopen(self, now: float, sounded_at: float) -> bool:
        if now < max(self.alert_until, sounded_at + QUIET_S):
            return False
        self._buffer.rest(now)
        return self._buffer.is_other

    def _silence_to_write(self, idle: bool) -> Samples:
        short = not idle or self._clock() < self.alert_until
        silence = self._silence[: len(self._block)] if short else self._silence
        with self._wake:
            self._playout.rest(len(silence))
        return silence

    def _write(self, block: Samples, *, idle: bool = False) -> bool:
        """Returns whether the device had run dry."""
        # Sound servers do not tell all of it: what was buffered cannot have lasted for longer than it is.
        ran_dry = self._clock() > self._empty_mono
        ran_dry |= self._output.write(block, idle=idle)
        with self._wake:
            self._refuse_if_given_up()
            self._progress_at = self._turned_at = self._clock()
        return ran_dry

    def _refuse_if_given_up(self) -> None:
        if self._given_up:
            raise OutputError(self.state.reason)

    def _tell_buffer(self) -> None:
        log.info(
            "audio output %r: opened anew with a buffer of %.0f ms instead of %.0f: %s",
            self._output.name,
            self._buffer.wanted_s * 1000,
            self._output.buffer_s * 1000,
            "it ran dry in mid-sound" if self._buffer.wanted_s > self._output.buffer_s else "it runs well",
        )

    def _tell(self, state: DeviceState) -> None:
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
            log_lost(log, "loudspeaker", f"audio output {self._output.name!r}", was, state)
        self._on_state(state)
