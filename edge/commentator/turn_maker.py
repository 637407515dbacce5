"""Makes a turn of a trigger that the director has chosen: its language, its words, what is said before."""

from __future__ import annotations

import random
from collections import deque
from functools import partial

import msgspec

from edge.clock import monotonic
from edge.commentator.answers import Answers
from edge.commentator.cost_bounds import CostBounds
from edge.commentator.models.ladders import ModelLadders
from edge.commentator.models.request import ModelRequest
from edge.commentator.openers import Openers, Waits, mood_of
from edge.commentator.openers.waits import LONG
from edge.commentator.opening import Opening
from edge.commentator.outlet import Outlet
from edge.commentator.pool.pool import RemarkPool
from edge.commentator.prompts import describe, introduction, load_prompt
from edge.commentator.speculator import Speculator
from edge.commentator.turn import LiveTurn
from edge.commentator.wording import POOL, Ask, GivenWords, PooledWords, WrittenWords
from edge.config import Settings
from edge.messages import Language, Occasion, PoolEntry, PoolUse, Priority, Sighting, Trigger, Turn

HISTORY = 3
"""The last remarks that the model is shown, so that it does not repeat itself."""


class TurnMaker:
    """Makes a live turn of each trigger that the director has chosen.

    Args:
        settings: of the guide.
        models: the model ladders; their last rung has ready lines for passengers too.
        answers: what questions are answered from.
        speculator: has begun the answers to what was probably asked.
        pool: what was written ahead.
        cost_bounds: which turns may use a paid service.
        rng: chooses among openers that are equally good.

    Raises:
        ConfigError: a prompt of the operator's cannot be read.
    """

    def __init__(
        self,
        settings: Settings,
        models: ModelLadders,
        answers: Answers,
        speculator: Speculator,
        pool: RemarkPool,
        cost_bounds: CostBounds,
        rng: random.Random | None = None,
    ) -> None:
        self._prompts_dir = settings.commentator.prompts_dir
        self._language: Language = settings.shuttle.language
        self._models = models
        self._phrasebook = models.phrasebook
        self._answers = answers
        self._speculator = speculator
        self._pool = pool
        self._cost_bounds = cost_bounds
        self._history: deque[str] = deque(maxlen=HISTORY)
        self._openers = Openers(rng)
        self._waits = Waits()
        # What no turn shall wait for:
        load_prompt(self._language, self._prompts_dir)
        describe(Sighting(label="person"), self._language)  # reads the lexicon
        for language in settings.listener.languages:
            load_prompt(f"answer_{language}", self._prompts_dir)
            self._phrasebook.answers(language)
            introduction(language, self._prompts_dir)

    def make(self, trigger: Trigger, outlet: Outlet, *, quiet: bool) -> LiveTurn:
        """A turn that is ready to begin.

        Args:
            quiet: nothing sounds and nothing is about to, so that an opener may be said.
        """
        is_answer = trigger.kind == "answer"
        language = trigger.language or self._language
        if trigger.occasion == "language" and trigger.language:
            self._answers.speak(trigger.language, trigger.received_mono)
        if is_answer:
            language = self._answers.language_of(trigger.text or "", trigger.language)
            if head_start := self._speculator.adopt(trigger):
                # It knows of no opener, and is ahead of its time anyway.
                words = WrittenWords(head_start.ask, head_start.run, trigger.turn_id)
                return LiveTurn(trigger, language, words, outlet, head_start=head_start)
        is_at_ceiling = self._cost_bounds.is_at_ceiling(trigger.kind)
        if trigger.occasion:
            line, language = self._line(trigger.occasion, language)
            trigger = msgspec.structs.replace(trigger, text=line)
        if trigger.priority >= Priority.ANNOUNCEMENT or trigger.occasion:
            given = GivenWords(trigger.text or "")
            return LiveTurn(trigger, language, given, outlet, local_voice=is_at_ceiling)
        if not is_answer and (entry := self._pool.take(trigger, language)):
            return LiveTurn(trigger, language, PooledWords(entry), outlet, local_voice=is_at_ceiling)
        is_unpaid = not self._cost_bounds.may_pay(trigger)
        # An opener would answer who may have spoken to a neighbour.
        may_open = quiet and not is_unpaid and not trigger.may_be_aside
        opening = self._open(trigger, language) if may_open else None
        opener = opening.text if opening else ""
        if is_answer:
            ask: Ask = partial(
                self._answers.request,
                trigger.text or "",
                language,
                opener,
                may_be_aside=trigger.may_be_aside,
            )
        else:
            ask = partial(self._ask_remark, trigger, language, opener)
        ladder = self._models.answers if is_answer else self._models.remarks
        write = partial(ladder.run, unpaid_only=is_unpaid)
        words = WrittenWords(ask, write, trigger.turn_id)
        return LiveTurn(trigger, language, words, outlet, opening=opening, local_voice=is_unpaid)

    def _line(self, occasion: Occasion, language: Language) -> tuple[str, Language]:
        """What is said to what is no question, and its language."""
        if occasion == "repeat" and (last := self._answers.last_words()):
            return last.text, last.language
        if occasion == "introduction" and (own := introduction(language, self._prompts_dir)):
            return own, language
        return self._phrasebook.answers(language).pick(occasion), language

    def hears(self, trigger: Trigger, heard: str) -> None:
        """The speaker tells how much of a turn has been heard."""
        if trigger.kind == "answer" and not trigger.occasion:
            self._answers.hears(trigger.text or "", heard, trigger.received_mono)

    def ended(self, turn: Turn, trigger: Trigger) -> None:
        """What later turns know of this one."""
        self._cost_bounds.turn_ended(turn)
        if not trigger.occasion:
            self._answers.said(turn, trigger.received_mono)
        if turn.text and turn.kind in ("remark", "place"):
            self._history.append(turn.text)
            self._pool.heard(turn)
        if turn.kind == "answer" and not trigger.occasion:
            self._answers.answered(trigger.text or "", turn, trigger.received_mono)
        if POOL not in turn.models:
            self._waits.observe(turn, monotonic())

    def _open(self, trigger: Trigger, language: Language) -> Opening | None:
        """An opener that is over before the words are there; None where none is short enough.

        Nor is one said of what expires before most words are there: an ending would follow it then,
        where without one the words are only a little late.
        """
        now = monotonic()
        wait_ms = self._waits.expected_ms(trigger.kind, now)
        usual_ms = self._waits.expected_ms(trigger.kind, now, LONG)
        if wait_ms is None or usual_ms is None or now + usual_ms / 1000 > trigger.expires_mono:
            return None
        held, mood = self._pool.own_entries, mood_of(trigger.kind, trigger.sighting)

        def choose(use: PoolUse, within_ms: float = float("inf")) -> PoolEntry | None:
            return self._openers.choose(
                held, use, trigger.kind, language, mood=mood if use == "opener" else "", within_ms=within_ms
            )

        opener = choose("opener", wait_ms)
        ending = choose("ending") if opener else None
        if opener is None or ending is None:
            return None
        return Opening(opener, lambda: choose("bridge"), ending.text, usual_ms)

    async def _ask_remark(self, trigger: Trigger, language: Language, opener: str) -> ModelRequest:
        seen = describe(trigger.sighting, language) if trigger.sighting else trigger.text or ""
        return ModelRequest(
            language=language,
            system=load_prompt(language, self._prompts_dir),
            user=seen,
            history=tuple(self._history),
            sighting=trigger.sighting,
            opener=opener,
        )
