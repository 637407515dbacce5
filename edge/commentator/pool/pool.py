"""The commentator's part of the pool: which remark is said, and that there are enough of them."""

from __future__ import annotations

import asyncio
import logging
import math
import random
from collections.abc import Callable, Mapping

import msgspec

from edge.ahead.engine import AheadEngine
from edge.ahead.pace import Pace, Pauses
from edge.bus import PipeSender
from edge.clock import Moment, monotonic
from edge.commentator.expenses import Expenses
from edge.commentator.forbidden import Forbidden
from edge.commentator.models.clients import chat_services
from edge.commentator.openers import own_texts
from edge.commentator.pool.admission import Admission, every_own_text, make_gate
from edge.commentator.pool.asking import Asking
from edge.commentator.pool.claims import read_claims
from edge.commentator.pool.cost import WritingCost
from edge.commentator.pool.filler import PIPE_PRIORITY, PIPE_TTL_S, PoolFiller
from edge.commentator.pool.likely import Likely
from edge.commentator.pool.matching import Hit
from edge.commentator.pool.memory import PoolMemory, read_memory, write_memory
from edge.commentator.pool.plan import Plan, Quantities
from edge.commentator.pool.stock import Stock
from edge.commentator.pool.variety import Spoken
from edge.commentator.pool.writer import Writer
from edge.config import Settings
from edge.journal import turn_fields
from edge.messages import (
    LANGUAGES,
    Kind,
    Language,
    PoolDiscard,
    PoolEntry,
    PoolHoldings,
    PoolText,
    Trigger,
    Turn,
)
from edge.process import Life
from edge.spending.ceiling import NEAR_CEILING

log = logging.getLogger(__name__)

KEEP_PERIOD_S = 60.0
"""How often what was met and heard is written to the disk."""
PAUSES = Pauses(quiet_s=3.0, between_s=6.0, backoff_s=20.0, backoff_max_s=900.0, hurry_s=math.inf)


class RemarkPool:
    """The pool in the commentator: gives out remarks that were made ahead, and has new ones made.

    Args:
        life: of the commentator.
        speech: pipe to the speaker.
        forbidden: what is never said.
        rests: see ``Writer``.
        expenses: what the commentator has spent, and how near that is to a ceiling, where nothing is written.

    Raises:
        ConfigError: a prompt of the operator's cannot be read.
    """

    def __init__(
        self,
        life: Life,
        speech: PipeSender,
        forbidden: Forbidden,
        rests: Callable[[str], str],
        expenses: Expenses,
    ) -> None:
        self._life = life
        settings = life.settings
        ahead = settings.commentator.ahead
        language = settings.shuttle.language
        memory = read_memory(settings.state_dir)
        self._written: bytes = b""
        self._spoken = Spoken(memory.heard)
        self._likely = Likely(ahead.labels, memory.met)
        self._cost = WritingCost(ahead, expenses.ledger.ledger)
        asking = Asking(language, settings.commentator.prompts_dir)
        gate = make_gate(asking, forbidden)
        admission = Admission(language, asking.fingerprint, gate, every_own_text())
        self._stock = Stock(language, admission, _own_texts(settings))
        plan = Plan(
            Quantities(ahead.size if ahead.enabled else 0),
            self._stock,
            self._likely,
            self._cost,
            self._spoken,
            gate,
            language,
            asking.fingerprint,
        )
        self._writer = Writer(
            chat_services(settings, dict.fromkeys(settings.commentator.models)) if ahead.enabled else (),
            rests,
            expenses.meter.note,
        )
        self._speech = speech
        self._pace = pace = Pace(PAUSES, random.random, monotonic())
        filler = self._filler = PoolFiller(
            plan,
            self._stock,
            asking,
            self._writer,
            self._cost,
            pace,
            speech,
            life.counters,
            lambda: NEAR_CEILING if expenses.level else "",
        )
        self._somebody_speaks = False
        self._engine = AheadEngine(
            filler.next, filler.rest, pace, expenses.ledger, lambda: self._somebody_speaks, life.counters
        )

    def start(self) -> None:
        read_claims("", "person", self._life.settings.shuttle.language)  # reads the lexicon
        self._life.spawn(self._engine.run(), "filling the pool")
        self._life.spawn(self._keep_for_ever(), "keeping what was met")

    async def close(self) -> None:
        self.stand_back(True)  # and nothing is begun any more
        await self._writer.close()
        self._keep()

    @property
    def facts(self) -> dict[str, str]:
        """What is held, written and spent, for people."""
        now = Moment.now()
        return {
            "pool": f"{self._stock.held_patterns().total()} remarks held or on their way",
            "pool.writing": self._filler.state,
            "pool.order": "being carried out" if self._pace.hurried(now.mono) else "none",
            "pool.today": self._cost.fact(now),
        }

    @property
    def levels(self) -> dict[str, float]:
        """What today's allowance leaves, for metrics."""
        return {f"ahead_left.{what}": left for what, left in self._cost.left(Moment.now()).items()}

    @property
    def own_entries(self) -> Mapping[str, PoolEntry]:
        """Openers, bridges and endings that can be played, by id."""
        return self._stock.own()

    def take(self, trigger: Trigger, language: Language) -> PoolEntry | None:
        """A remark for what was seen, if one fits; nobody gets it again. Counts and tells."""
        if trigger.sighting is None:
            return None
        now = Moment.now()
        self._likely.met(trigger.sighting, now.mono, now.hour)
        if self._stock.holdings is None or not self._stock.holdings.voice:
            return None  # there is no pool
        found = self._stock.take(trigger.sighting, language, self._spoken)
        fields = turn_fields(trigger.turn_id)
        if not isinstance(found, Hit):
            self._life.counters[f"pool.miss.{found.reason}"] += 1
            log.info("nothing in the pool: %s", found.reason, extra=fields)
            return None
        self._life.counters["pool.near_hit" if found.near else "pool.hit"] += 1
        log.info("%s in the pool", "a near hit" if found.near else "a hit", extra=fields)
        return found.entry

    def heard(self, turn: Turn) -> None:
        """A remark was said, whoever wrote it."""
        self._spoken.add(turn.text)

    def note(self, holdings: PoolHoldings) -> None:
        """News from the speaker."""
        for entry_ids, reason in self._stock.note(holdings):
            log.info("%d entries of the pool are void: %s", len(entry_ids), reason)
            self._life.counters["pool.void"] += len(entry_ids)
            self._speech.put(
                PoolDiscard(entry_ids=entry_ids, reason=reason),
                priority=PIPE_PRIORITY,
                expires_mono=monotonic() + PIPE_TTL_S,
            )
        self._engine.look_again()

    def stand_back(self, speaking: bool) -> None:
        """Somebody speaks, or nobody does any more: only then is anything written ahead."""
        if speaking or self._somebody_speaks:
            self._engine.stand_back()
        self._somebody_speaks = speaking

    def fill_now(self) -> None:
        """An order: fill it without pauses."""
        log.info("writing ahead: ordered to fill the pool now")
        self._writer.wake_all()
        self._engine.hurry()
        self._life.tell_health_now()

    async def _keep_for_ever(self) -> None:
        while True:
            await asyncio.sleep(KEEP_PERIOD_S)
            content = self._memory()
            if content != self._written:
                await asyncio.to_thread(write_memory, self._life.settings.state_dir, content)
                self._written = content

    def _keep(self) -> None:
        write_memory(self._life.settings.state_dir, self._memory())

    def _memory(self) -> bytes:
        return msgspec.json.encode(PoolMemory(met=self._likely.kept(), heard=list(self._spoken.texts)))


def _own_texts(settings: Settings) -> list[PoolText]:
    """What the guide may say in front of remarks, and of answers in each language that it is asked in."""
    texts: list[PoolText] = []
    for language in LANGUAGES:
        kinds: list[Kind] = []
        if settings.commentator.openers and language == settings.shuttle.language:
            kinds.append("remark")
        listens = settings.listener.input != "null" and language in settings.listener.languages
        if settings.answers.openers and listens:
            kinds.append("answer")
        texts += own_texts(language, kinds)
    return texts
