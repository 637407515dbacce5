"""What a trigger that the director has chosen is made into: its language, its words, what is said before."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import msgspec

from edge.clock import monotonic
from edge.commentator.answers import Answers
from edge.commentator.cost_bounds import CostBounds
from edge.commentator.head_start import HeadStart
from edge.commentator.models.phrasebook_rung import PhrasebookRung
from edge.commentator.models.request import Clause, ModelRequest
from edge.commentator.openers import Openers, Waits, mood_of
from edge.commentator.openers.waits import LONG
from edge.commentator.opening import Opening
from edge.commentator.pool.pool import Pool
from edge.commentator.prompts import describe, load_prompt
from edge.commentator.speculator import Speculator
from edge.commentator.wording import POOL, GivenWords, PooledWords, UnpaidModels, Wording, WrittenWords
from edge.config import Settings
from edge.ladder import Ladder
from edge.messages import Language, PoolEntry, PoolUse, Priority, Sighting, Trigger, Turn

HISTORY = 3
"""The last remarks that the model is shown, so that it does not repeat itself."""


class Plot(NamedTuple):
    """What a turn is made of."""

    trigger: Trigger
    language: Language
    wording: Wording
    opening: Opening | None = None
    head_start: HeadStart | None = None
    """The words were begun before; to be cancelled when the turn is over."""
    is_unpaid: bool = False
    """The turn uses no paid service, nor a voice from a cloud."""


class TurnMaker:
    """Makes a live turn of each trigger that the director has chosen.

    Args:
        settings: of the guide.
        models: the model ladder.
        phrasebook: its last rung, which has ready lines for passengers too.
        answers: what questions are answered from.
        speculator: has begun the answers to what was probably asked.
        pool: what was written ahead.
        cost_bounds: which turns may use a paid service.
        rng: chooses among openers that are equally good.
    """

    def __init__(
        self,
        settings: Settings,
        models: Ladder[ModelRequest, Clause],
        phrasebook: PhrasebookRung,
        answers: Answers,
        speculator: Speculator,
        pool: Pool,
        cost_bounds: CostBounds,
        rng: random.Random | None = None,
    ) -> None:
        self._settings = settings
        self._language: Language = settings.shuttle.language
        self._models = models
        self._phrasebook = phrasebook
        self._answers = answers
        self._speculator = speculator
        self._pool = pool
        self._cost_bounds = cost_bounds
        self._prompts: dict[Language, str] = {}
        self._history: deque[str] = deque(maxlen=HISTORY)
        self._openers = Openers(rng)
        self._waits = Waits()

    def load(self) -> None:
        """Read what no turn shall wait for. Raises ConfigError."""
        self._prompt(self._language)
        describe(Sighting(label="person"), self._language)  # reads the lexicon
        for language in self._settings.listener.languages:
            self._answers.prompt(language)
            self._phrasebook.answers(language)

    def plot(self, trigger: Trigger, *, quiet: bool) -> Plot:
        """
        Args:
            quiet: nothing sounds and nothing is about to, so that an opener may be said.
        """
        is_answer = trigger.kind == "answer"
        language = trigger.language or self._language
        if is_answer:
            language = self._answers.language_of(trigger.text or "", trigger.language)
        head_start = self._speculator.adopt(trigger) if is_answer else None
        if trigger.occasion:
            line = self._phrasebook.answers(language).pick(trigger.occasion)
            trigger = msgspec.structs.replace(trigger, text=line)
        if trigger.priority >= Priority.ANNOUNCEMENT or trigger.occasion:
            return Plot(trigger, language, GivenWords(trigger.text or ""), head_start=head_start)
        if head_start:  # it knows of no opener, and is ahead of its time anyway
            words = WrittenWords(head_start.ask, head_start, trigger.turn_id)
            return Plot(trigger, language, words, head_start=head_start)
        if not is_answer and (entry := self._pool.take(trigger, language)):
            return Plot(trigger, language, PooledWords(entry))
        is_unpaid = not self._cost_bounds.may_pay(trigger)
        opening = self._open(trigger, language) if quiet and not is_unpaid else None
        opener = opening.text if opening else ""
        if is_answer:
            ask = partial(self._ask_answer, trigger.text or "", language, opener)
        else:
            ask = partial(self._ask_remark, trigger, language, opener)
        models = UnpaidModels(self._models) if is_unpaid else self._models
        words = WrittenWords(ask, models, trigger.turn_id)
        return Plot(trigger, language, words, opening, is_unpaid=is_unpaid)

    def hears(self, trigger: Trigger, heard: str) -> None:
        """The speaker tells how much of a turn has been heard."""
        if trigger.kind == "answer" and not trigger.occasion:
            self._answers.hears(trigger.text or "", heard, trigger.received_mono)

    def ended(self, turn: Turn, trigger: Trigger) -> None:
        """What later turns know of this one."""
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

    async def _ask_answer(self, question: str, language: Language, opener: str) -> ModelRequest:
        return replace(await self._answers.request(question, language), opener=opener)

    async def _ask_remark(self, trigger: Trigger, language: Language, opener: str) -> ModelRequest:
        seen = describe(trigger.sighting, language) if trigger.sighting else trigger.text or ""
        return ModelRequest(
            language=language,
            system=self._prompt(language),
            user=seen,
            history=tuple(self._history),
            sighting=trigger.sighting,
            opener=opener,
        )

    def _prompt(self, language: Language) -> str:
        if language not in self._prompts:
            self._prompts[language] = load_prompt(language, self._settings.commentator.prompts_dir)
        return self._prompts[language]
