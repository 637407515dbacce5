"""Carries out what the director decides: begins turns, interrupts them, and sees each one to its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from functools import partial

from edge.bus import PipeSender
from edge.bus.topology import TIMINGS
from edge.clock import monotonic
from edge.commentator.director import Director
from edge.commentator.exactly_once.ledger import TurnLedger
from edge.commentator.outlet import Outlet
from edge.commentator.passenger_speech import PassengerSpeech
from edge.commentator.pool.pool import RemarkPool
from edge.commentator.turn import LiveTurn
from edge.commentator.turn_maker import TurnMaker
from edge.journal import turn_fields
from edge.messages import (
    CANCELLED,
    Control,
    Dropped,
    DropReason,
    Hearing,
    Playback,
    Priority,
    SpeechDuck,
    Trigger,
)
from edge.process import Life
from edge.tasks import wait_at_most

log = logging.getLogger(__name__)

FAREWELL_S = 0.7
"""At the end: for the speaker to fade out and to report what was heard."""
DUCK_TTL_S = 2.0


class TurnTaking:
    """Which turns are live, and what becomes of them.

    Args:
        life: of the commentator.
        speech: pipe to the speaker.
        turn_maker: makes the turns.
        ledger: tells how each one ended.
        pool: stands back while anybody speaks.
    """

    def __init__(
        self, life: Life, speech: PipeSender, turn_maker: TurnMaker, ledger: TurnLedger, pool: RemarkPool
    ) -> None:
        self._life = life
        self._turn_maker = turn_maker
        self._ledger = ledger
        self._pool = pool
        self._outlet = Outlet(speech, life.instance, self._replace_by, life.feed.publish)
        self._chattiness = life.settings.commentator.chattiness
        self._director = Director(self._chattiness)
        self._passengers = PassengerSpeech()
        self._passengers_lapse: asyncio.TimerHandle | None = None
        self._live: dict[str, LiveTurn] = {}
        self._ends: set[asyncio.Task[None]] = set()
        self._speaker_instance: str | None = None
        self._sounds = False
        self._ducked = False
        self._changed = asyncio.Event()
        self.is_closing = False

    def start(self) -> None:
        """Go on with what an earlier commentator had accepted."""
        now = monotonic()
        for trigger in self._ledger.take_over(now):
            self._director.offer(trigger, now, anew=True)
        offer_anew = partial(self._offer, anew=True)
        self._life.spawn(self._direct_for_ever(), "directing")
        self._life.spawn(self._ledger.end_left_behind(now, offer_anew), "ending what was left behind")

    async def close(self) -> None:
        """End all turns; each of them is told."""
        self.is_closing = True
        for turn in list(self._live.values()):
            turn.interrupt("the guide stops")
        if self._ends:
            await asyncio.wait(self._ends, timeout=FAREWELL_S)
        for turn in list(self._live.values()):
            turn.give_up("the guide stops")
        if self._ends:
            await asyncio.wait(self._ends, timeout=FAREWELL_S)

    @property
    def busy(self) -> bool:
        """Some turn has not ended."""
        return bool(self._live or self._ends)

    # --- what comes ----------------------------------------------------------------------------

    def take(self, trigger: Trigger) -> None:
        """A trigger from the pipe; deciding at once saves it a trip through the event loop."""
        if not self._ledger.accept(trigger):
            self._tell_dropped(trigger, "duplicate")
            log.info("trigger %s came before, it is not spoken twice", trigger.trigger_id)
            return
        self._offer(trigger)

    def silence(self, quiet_s: float) -> None:
        """A passenger asked for it; dispatch's words go on, and for so long there are no remarks."""
        self._director.keep_quiet(monotonic() + quiet_s)
        self._interrupt(self._director.stop(below=Priority.ANNOUNCEMENT), "a passenger asked for silence")

    def cancel(self, trigger_id: str) -> None:
        """Whoever had it said takes it back."""
        self._interrupt(self._director.cancel(trigger_id), CANCELLED)

    def obey(self, control: Control, known: Control | None) -> None:
        """Take over mute, chattiness and the vehicle's signals; ``known``: as they were."""
        self._director.obey(control, self._chattiness)
        if known is not None and control.stopped_at_ms > known.stopped_at_ms:
            self._interrupt(self._director.stop(), "muted" if control.muted else "stopped")
        elif control.muted and not (known and known.muted):
            self._interrupt([i for i, turn in self._live.items() if turn.trigger.kind != "safety"], "muted")
        self._changed.set()

    def hear(self, hearing: Hearing) -> None:
        """News from the listener."""
        self._passengers.heard(hearing, monotonic())
        self._yield()
        if self._passengers_lapse:
            self._passengers_lapse.cancel()
        loop = asyncio.get_running_loop()
        self._passengers_lapse = loop.call_later(TIMINGS[Hearing].fresh_s, self._yield)

    def note(self, playback: Playback) -> None:
        """News from the speaker."""
        self._ledger.note(playback)
        if playback.instance != self._speaker_instance:
            for turn in list(self._live.values()):
                turn.speaker_restarted(playback.started_mono)
            self._speaker_instance = playback.instance
        if sounding := self._live.get(playback.turn_id or ""):
            sounding.sounds(playback.heard)
            self._turn_maker.hears(sounding.trigger, playback.heard)
        self._sounds = playback.turn_id is not None
        for report in playback.recent:
            if reported := self._live.get(report.turn_id):
                reported.reported(report)

    # --- what is done --------------------------------------------------------------------------

    def _offer(self, trigger: Trigger, *, anew: bool = False) -> None:
        self._director.offer(trigger, monotonic(), anew=anew)
        self._direct()
        self._changed.set()  # when to look again may have changed as well

    async def _direct_for_ever(self) -> None:
        """Direct whenever something changed, or when a deadline or a quiet time ends."""
        while True:
            now = monotonic()
            self._direct()
            wake_mono = self._director.wake_at(now)
            self._changed.clear()
            await wait_at_most(self._changed, None if wake_mono is None else max(0.005, wake_mono - now))

    def _direct(self) -> None:
        while not self.is_closing and (trigger := self._director.choose(monotonic())):
            self._begin(trigger)
        for drop in self._director.take_drops():
            self._ledger.dropped(drop.trigger, self._tell_dropped(drop.trigger, drop.reason))
            # What finds no room could be a warning that nobody hears.
            log.log(
                logging.WARNING if drop.reason.endswith("_crowded") else logging.INFO,
                "%s not taken: %s",
                drop.trigger.kind,
                drop.reason,
                extra=turn_fields(drop.trigger.turn_id, reason=drop.reason),
            )

    def _tell_dropped(self, trigger: Trigger, reason: DropReason) -> Dropped:
        self._life.counters[f"dropped.{reason}"] += 1
        dropped = Dropped(
            trigger_id=trigger.trigger_id,
            kind=trigger.kind,
            reason=reason,
            received_at=trigger.received_at,
        )
        self._life.feed.publish(dropped)
        return dropped

    def _begin(self, trigger: Trigger) -> None:
        quiet = not self._live and not self._sounds
        turn = self._live[trigger.turn_id] = self._turn_maker.make(trigger, self._outlet, quiet=quiet)
        self._director.begin(turn.turn_id, trigger, monotonic())
        turn.begin()
        log.info("%s accepted", trigger.kind, extra=turn_fields(turn.turn_id, kind=trigger.kind))
        self._ledger.begun(trigger, turn.language)
        self._pool.stand_back(True)
        self._update_duck()
        end = self._life.spawn(self._see_through(turn), f"turn {turn.turn_id}")
        self._ends.add(end)
        end.add_done_callback(self._ends.discard)

    async def _see_through(self, turn: LiveTurn) -> None:
        ended = await turn.run()
        self._live.pop(turn.turn_id, None)
        self._director.ended(turn.turn_id, monotonic(), heard=ended.was_heard)
        self._yield()
        if anew := self._ledger.ended(turn.trigger, ended.turn, ended.cut):
            self._offer(anew, anew=True)
        else:
            self._turn_maker.ended(ended.turn, turn.trigger)
            self._changed.set()

    def _interrupt(self, turn_ids: Iterable[str], reason: str) -> None:
        for turn_id in turn_ids:
            if turn := self._live.get(turn_id):
                turn.interrupt(reason)
        self._changed.set()

    def _replace_by(self, turn_id: str) -> list[str]:
        replaced = self._director.first_text(turn_id)
        self._ducked = False  # the speaker restores the level when new speech begins
        for other_id in replaced:
            self._live[other_id].interrupt(f"replaced by turn {turn_id}", tell_speaker=False)
        # After the start of this turn has left: it tells the speaker what to replace.
        asyncio.get_running_loop().call_soon(self._update_duck)
        return replaced

    def _yield(self) -> None:
        """While passengers speak remarks wait, nothing is written ahead, and in full duplex what sounds is
        lowered.
        """
        speak = self._passengers.passengers_speak(monotonic())
        if speak != self._director.passengers_speak:
            self._director.passengers_speak = speak
            self._changed.set()
        self._pool.stand_back(speak or bool(self._live))
        self._update_duck()

    def _update_duck(self) -> None:
        yields = self._director.speaks and self._passengers.wants_duck(monotonic())
        wanted = self._director.wants_duck or yields
        if wanted != self._ducked:
            self._ducked = wanted
            self._outlet.send(SpeechDuck(on=wanted), ttl_s=DUCK_TTL_S)
