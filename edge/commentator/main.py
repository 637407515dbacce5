"""The commentator process: triggers in, speech out; the director decides, the models write."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Iterable, Sequence
from functools import partial

from edge.bus.topology import HEARD_FROM_WITHIN_S
from edge.clock import monotonic
from edge.commentator.answers import Answers
from edge.commentator.cost_bounds import CostBounds
from edge.commentator.director import Director
from edge.commentator.exactly_once.ledger import Ledger
from edge.commentator.exactly_once.spool import Spool
from edge.commentator.gate import load_blocklists
from edge.commentator.models.clients import chat_models
from edge.commentator.models.ladder import make_model_ladder
from edge.commentator.models.phrasebook_rung import PhrasebookRung
from edge.commentator.models.request import ModelRung
from edge.commentator.passenger_speech import Floor
from edge.commentator.pool.pool import Pool
from edge.commentator.speculator import Speculator
from edge.commentator.turn import URGENT, LiveTurn
from edge.commentator.turn_maker import TurnMaker
from edge.commentator.wording import Ask
from edge.heat_news import TOO_HOT, HeatNews
from edge.journal import turn_fields
from edge.messages import (
    AnyMessage,
    Control,
    Dropped,
    DropReason,
    Guess,
    GuessVoid,
    Hearing,
    Playback,
    PoolHoldings,
    Priority,
    SpeechDuck,
    SpeechPrepare,
    StopRequest,
    Trigger,
)
from edge.process import Health, Life

log = logging.getLogger(__name__)

FAREWELL_S = 0.7
"""At the end: for the speaker to fade out and to report what was heard."""


class Commentator:
    """Begins a turn for each trigger that the director chooses and sees it through.

    Args:
        life: of this process.
        models: write the words before the phrasebook does; None: those that are configured.
        rng: chooses among ready texts that are equally good.
    """

    def __init__(
        self, life: Life, *, models: Sequence[ModelRung] | None = None, rng: random.Random | None = None
    ) -> None:
        self._life = life
        settings = life.settings
        self._settings = settings.commentator
        self._director = Director(self._settings.chattiness)
        blocked = load_blocklists(self._settings.blocklist_dir)
        phrasebook = PhrasebookRung(blocked, rng)
        phrasebook.load(settings.shuttle.language)
        models = chat_models(settings, blocked) if models is None else models
        self._rungs: list[ModelRung] = [*models, phrasebook]
        self._heat = HeatNews(life)
        self._local_models = frozenset(model.name for model in models if model.local)
        self._models = make_model_ladder(settings, self._rungs, rests=self._rests)
        self._answers = Answers(settings)
        self._speculator = Speculator(
            settings.answers.speculations_per_minute, self._models, self._begin_on_guess, life.counters
        )
        self._pool = Pool(life, blocked, self._rests)
        self._cost_bounds = CostBounds(life, self._rungs, self._pool.paid_turns)
        self._turn_maker = TurnMaker(
            settings,
            self._models,
            phrasebook,
            self._answers,
            self._speculator,
            self._pool,
            self._cost_bounds,
            rng,
        )
        self._floor = Floor()
        self._live: dict[str, LiveTurn] = {}
        self._ends: set[asyncio.Task[None]] = set()
        self._control: Control | None = None
        self._speaker_instance: str | None = None
        self._sounds = False
        self._changed = asyncio.Event()
        self._ducked = False
        self._floor_lapse: asyncio.TimerHandle | None = None
        self._stopping = False
        self._ledger = Ledger(life, Spool(life.folder), settings.shuttle.language)

    async def start(self) -> None:
        self._turn_maker.load()
        for rung in self._rungs:
            await rung.start()
        self._speech = self._life.send_into("speech")
        now = monotonic()
        for trigger in self._ledger.take_over(now):
            self._director.offer(trigger, now, anew=True)
        self._life.receive_from("triggers", self._take)
        self._life.spawn(self._answers.keep_up(), "following the knowledge folder")
        self._life.spawn(self._answers.forget_in_time(), "forgetting what was said")
        self._life.spawn(self._watch_feeds(), "watching ingest, listener and speaker")
        self._life.spawn(self._direct_for_ever(), "directing")
        self._life.spawn(self._ledger.end_left_behind(now, self._offer_anew), "ending what was left behind")
        self._warming_up = self._life.spawn(self._models.warm_up(), "warming up")
        self._pool.start(self._speech)
        self._heat.start()

    async def stop(self) -> None:
        self._stopping = True
        self._speculator.close()
        for turn in list(self._live.values()):
            turn.interrupt("the guide stops")
        if self._ends:
            await asyncio.wait(self._ends, timeout=FAREWELL_S)
        for turn in list(self._live.values()):
            turn.give_up("the guide stops")
        if self._ends:
            await asyncio.wait(self._ends, timeout=FAREWELL_S)
        await self._models.close()
        self._answers.close()
        await self._pool.close()
        for rung in self._rungs:
            await rung.close()

    def health(self) -> Health:
        states = self._models.states()
        best = next(name for name, state in states.items() if state == "ok" or name == "phrasebook")
        troubles = [f"{name}: {state}" for name, state in states.items() if state != "ok"]
        status = f"writing with {best}" + (f" ({'; '.join(troubles)})" if troubles else "")
        facts = {f"model.{name}": state for name, state in states.items()}
        facts["knowledge"] = self._answers.fact
        facts |= self._pool.facts | {"paid_turns": self._cost_bounds.fact}
        facts["chattiness"] = (self._control and self._control.chattiness) or self._settings.chattiness
        levels = {f"budget_s.model.{name}": budget_s for name, budget_s in self._models.budgets_s().items()}
        return Health(self._warming_up.done(), status, facts, levels | self._pool.levels)

    def _rests(self, model: str) -> str:
        return TOO_HOT if model in self._local_models and self._heat.level else ""

    def _take(self, message: AnyMessage) -> None:
        """A trigger from the pipe; deciding at once saves it a trip through the event loop."""
        if isinstance(message, StopRequest):
            self._interrupt(self._director.stop(below=Priority.ANNOUNCEMENT), "a passenger asked for silence")
            return
        if isinstance(message, Guess | GuessVoid):
            self._speculator.take(message)
            return
        if not isinstance(message, Trigger):
            log.error("triggers pipe: expected a Trigger, got %s", type(message).__name__)
            return
        if message.sighting:
            self._answers.saw(message.sighting, monotonic())
        if not self._ledger.accept(message):
            self._tell_dropped(message, "duplicate")
            log.info("trigger %s came before, it is not spoken twice", message.trigger_id)
            return
        self._offer(message)

    def _offer_anew(self, trigger: Trigger) -> None:
        self._offer(trigger, anew=True)

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
            try:
                async with asyncio.timeout(None if wake_mono is None else max(0.005, wake_mono - now)):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def _direct(self) -> None:
        while not self._stopping and (trigger := self._director.choose(monotonic())):
            self._begin(trigger)
        for drop in self._director.take_drops():
            self._tell_dropped(drop.trigger, drop.reason)
            self._ledger.dropped(drop.trigger)
            # What finds no room could be a warning that nobody hears.
            log.log(
                logging.WARNING if drop.reason.endswith("_crowded") else logging.INFO,
                "%s not taken: %s",
                drop.trigger.kind,
                drop.reason,
                extra=turn_fields(drop.trigger.turn_id, reason=drop.reason),
            )

    def _tell_dropped(self, trigger: Trigger, reason: DropReason) -> None:
        self._life.counters[f"dropped.{reason}"] += 1
        self._life.feed.publish(
            Dropped(
                trigger_id=trigger.trigger_id,
                kind=trigger.kind,
                reason=reason,
                received_at=trigger.received_at,
            )
        )

    def _begin(self, trigger: Trigger) -> None:
        plot = self._turn_maker.plot(trigger, quiet=not self._live and not self._sounds)
        turn = LiveTurn(
            plot.trigger,
            plot.language,
            plot.wording,
            plot.opening,
            self._speech,
            self._life.instance,
            on_first_text=self._replace_by,
            on_stage=self._life.feed.publish,
            local_voice=plot.is_unpaid,
        )
        self._live[turn.turn_id] = turn
        self._director.begin(turn.turn_id, trigger, monotonic())
        turn.begin()
        log.info("%s accepted", trigger.kind, extra=turn_fields(turn.turn_id, kind=trigger.kind))
        self._ledger.begun(trigger, plot.language)
        self._pool.stand_back(True)
        self._update_duck()
        end = self._life.spawn(self._see_through(turn), f"turn {turn.turn_id}")
        self._ends.add(end)
        end.add_done_callback(self._ends.discard)
        if head_start := plot.head_start:
            end.add_done_callback(lambda _: head_start.cancel())

    async def _see_through(self, turn: LiveTurn) -> None:
        ended = await turn.run()
        self._live.pop(turn.turn_id, None)
        now = monotonic()
        self._director.ended(turn.turn_id, now, heard=ended.was_heard)
        self._yield_floor()
        if anew := self._ledger.ended(turn.trigger, ended.turn, ended.cut):
            self._offer_anew(anew)
        else:
            self._turn_maker.ended(ended.turn, turn.trigger)
            self._changed.set()

    def _begin_on_guess(self, guess: Guess) -> Ask | None:
        """What goes ahead of an answer that may be wanted in a moment; None: it would not be given."""
        if self._stopping or (self._control and self._control.muted) or not self._cost_bounds.may_guess():
            return None
        language = self._answers.language_of(guess.text, guess.language)
        prepare = SpeechPrepare(turn_id=guess.turn_id, language=language)
        self._speech.put(prepare, priority=URGENT, expires_mono=guess.expires_mono)
        return partial(self._answers.request, guess.text, language)

    def _replace_by(self, turn_id: str) -> list[str]:
        replaced = self._director.first_text(turn_id)
        self._ducked = False  # the speaker restores the level when new speech begins
        for other_id in replaced:
            self._live[other_id].interrupt(f"replaced by turn {turn_id}", tell_speaker=False)
        # After the start of this turn has left: it tells the speaker what to replace.
        asyncio.get_running_loop().call_soon(self._update_duck)
        return replaced

    def _update_duck(self) -> None:
        yields = self._director.speaks and self._floor.wants_duck(monotonic())
        wanted = self._director.wants_duck or yields
        if wanted != self._ducked:
            self._ducked = wanted
            self._speech.put(SpeechDuck(on=wanted), priority=URGENT, expires_mono=monotonic() + 2.0)

    async def _watch_feeds(self) -> None:
        async for message in self._life.watch(
            {"ingest": [Control], "listener": [Hearing], "speaker": [Playback, PoolHoldings]}
        ):
            match message:
                case Control():
                    self._obey(message)
                case Hearing():
                    self._hear(message)
                case Playback():
                    self._note(message)
                case PoolHoldings():
                    self._pool.note(message)

    def _hear(self, hearing: Hearing) -> None:
        self._floor.heard(hearing, monotonic())
        self._yield_floor()
        if self._floor_lapse:
            self._floor_lapse.cancel()
        self._floor_lapse = asyncio.get_running_loop().call_later(HEARD_FROM_WITHIN_S, self._yield_floor)

    def _yield_floor(self) -> None:
        """While passengers speak remarks wait, nothing is written ahead, and in full duplex what sounds is
        lowered.
        """
        speak = self._floor.passengers_speak(monotonic())
        if speak != self._director.passengers_speak:
            self._director.passengers_speak = speak
            self._changed.set()
        self._pool.stand_back(speak or bool(self._live))
        self._update_duck()

    def _obey(self, control: Control) -> None:
        known, self._control = self._control, control
        self._director.obey(control, self._settings.chattiness)
        if known is not None and control.stopped_at_ms > known.stopped_at_ms:
            self._interrupt(self._director.stop(), "muted" if control.muted else "stopped")
        elif control.muted and not (known and known.muted):
            self._interrupt([i for i, turn in self._live.items() if turn.trigger.kind != "safety"], "muted")
        if control.doors_open and not (known and known.doors_open):
            self._answers.forget()
        if known is not None and control.pool_fill_at_ms > known.pool_fill_at_ms:
            self._pool.fill_now()
        self._changed.set()

    def _interrupt(self, turn_ids: Iterable[str], reason: str) -> None:
        for turn_id in turn_ids:
            if turn := self._live.get(turn_id):
                turn.interrupt(reason)
        self._changed.set()

    def _note(self, playback: Playback) -> None:
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
