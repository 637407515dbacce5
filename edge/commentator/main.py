"""The commentator process: triggers in, speech out; the director decides, the models write."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import partial

from edge.bus.topology import SPEECH, TRIGGERS
from edge.clock import monotonic
from edge.commentator.answers import Answers
from edge.commentator.cost_bounds import CostBounds
from edge.commentator.exactly_once.ledger import TurnLedger
from edge.commentator.exactly_once.reporter import Reporter
from edge.commentator.exactly_once.spool import Spool
from edge.commentator.expenses import Expenses
from edge.commentator.forbidden import load_blocklists
from edge.commentator.models.ladders import make_model_ladders
from edge.commentator.models.request import LanguageModel
from edge.commentator.outlet import URGENT
from edge.commentator.paid_turns import PaidTurns
from edge.commentator.pool.pool import RemarkPool
from edge.commentator.speculator import Speculator
from edge.commentator.turn_maker import TurnMaker
from edge.commentator.turn_taking import TurnTaking
from edge.commentator.wording import Ask
from edge.messages import (
    CancelRequest,
    Control,
    Guess,
    GuessVoid,
    Hearing,
    Playback,
    PoolHoldings,
    SpeechPrepare,
    StopRequest,
    Trigger,
    Triggers,
)
from edge.process import Health, Life


class Commentator:
    """Takes triggers and says something of them.

    Args:
        life: of this process.
        models: write the words before the phrasebook does; None: those that are configured.
        rng: chooses among ready texts that are equally good.
    """

    def __init__(
        self, life: Life, *, models: Sequence[LanguageModel] | None = None, rng: random.Random | None = None
    ) -> None:
        self._life = life
        settings = life.settings
        self._settings = settings.commentator
        forbidden = self._forbidden = load_blocklists(
            self._settings.blocklist_dir, self._settings.gate_classes_off
        )
        expenses = self._expenses = Expenses(life)
        self._models = make_model_ladders(life, forbidden, expenses.meter.note, models, rng)
        self._answers = Answers(settings)
        self._speculator = Speculator(
            settings.answers.speculations_per_minute,
            self._models.answers,
            self._begin_on_guess,
            life.counters,
        )
        self._speech = life.send_into(SPEECH)
        pool = self._pool = RemarkPool(life, self._speech, forbidden, self._models.rests, expenses)
        paid_turns = PaidTurns(settings.commentator, expenses.ledger)
        bounds = self._cost_bounds = CostBounds(life, self._models.is_any_paid, paid_turns, expenses)
        turn_maker = TurnMaker(settings, self._models, self._answers, self._speculator, pool, bounds, rng)
        spool = Spool(life.folder)
        self._reporter = Reporter(life, spool) if settings.fleet.host else None
        ledger = TurnLedger(life, spool, settings.shuttle.language, self._reporter)
        self._turns = TurnTaking(life, self._speech, turn_maker, ledger, pool)
        self._control: Control | None = None

    async def start(self) -> None:
        await self._models.start()
        self._life.receive_from(TRIGGERS, self._take)
        self._life.spawn(self._answers.keep_up(), "following the knowledge folder")
        self._life.spawn(self._answers.forget_in_time(), "forgetting what was said")
        self._life.spawn(self._watch_feeds(), "watching ingest, listener and speaker")
        self._turns.start()
        if self._reporter:
            self._reporter.start()
        self._warming_up = self._life.spawn(self._models.warm_up(), "warming up")
        self._expenses.start()
        self._pool.start()

    async def stop(self) -> None:
        self._speculator.close()
        await self._turns.close()
        await self._models.close()
        self._answers.close()
        await self._pool.close()
        self._expenses.close()

    def health(self) -> Health:
        facts = self._models.facts
        facts["gate"] = ", ".join(self._forbidden.classes) or "no class is in force"
        facts["knowledge"] = self._answers.fact
        facts |= self._pool.facts | {"paid_turns": self._cost_bounds.fact}
        facts["cost"] = self._expenses.fact
        facts["chattiness"] = (self._control and self._control.chattiness) or self._settings.chattiness
        levels = self._models.levels | self._pool.levels | self._expenses.levels
        status = "; ".join(filter(None, (self._models.status, self._expenses.state)))
        return Health(self._warming_up.done(), status, facts, levels, busy=self._turns.busy)

    def _take(self, message: Triggers) -> None:
        match message:
            case Trigger():
                if message.sighting:
                    self._answers.saw(message.sighting, monotonic())
                self._turns.take(message)
            case CancelRequest(target=trigger_id):
                self._turns.cancel(trigger_id)
            case StopRequest():
                self._turns.silence(message.quiet_s)
            case Guess() | GuessVoid():
                self._speculator.take(message)

    def _begin_on_guess(self, guess: Guess) -> Ask | None:
        """What goes ahead of an answer that may be wanted in a moment; None: it would not be given."""
        is_muted = self._control is not None and self._control.muted
        if self._turns.is_closing or is_muted or not self._cost_bounds.may_guess():
            return None
        language = self._answers.language_of(guess.text, guess.language)
        prepare = SpeechPrepare(turn_id=guess.turn_id, language=language)
        self._speech.put(prepare, priority=URGENT, expires_mono=guess.expires_mono)
        return partial(self._answers.request, guess.text, language, may_be_aside=guess.may_be_aside)

    async def _watch_feeds(self) -> None:
        async for message in self._life.watch(Control, Hearing, Playback, PoolHoldings):
            match message:
                case Control():
                    self._obey(message)
                case Hearing():
                    self._turns.hear(message)
                case Playback():
                    self._turns.note(message)
                case PoolHoldings():
                    self._pool.note(message)

    def _obey(self, control: Control) -> None:
        known, self._control = self._control, control
        self._turns.obey(control, known)
        if control.doors_open and not (known and known.doors_open):
            self._answers.forget()
        if known is not None and control.pool_fill_at_ms > known.pool_fill_at_ms:
            self._pool.fill_now()
