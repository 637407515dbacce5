"""What the commentator makes ahead: it has texts voiced, and asks a model for remarks."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial

from edge.ahead.engine import AheadJob
from edge.ahead.pace import Pace
from edge.bus import PipeSender
from edge.clock import Moment, monotonic
from edge.commentator.pool.asking import Asking
from edge.commentator.pool.cost import WritingCost
from edge.commentator.pool.plan import LOOK_AGAIN_S, HaveVoiced, Plan, Rest, Write
from edge.commentator.pool.reply import remarks_of
from edge.commentator.pool.stock import Stock
from edge.commentator.pool.writer import Writer, Written
from edge.ladder.rung import RequestError, RungError
from edge.messages import PoolText, PoolVoice
from edge.spending.lines import estimated_tokens

log = logging.getLogger(__name__)

PIPE_PRIORITY = 0
"""Below all speech: it waits in the pipe until there is nothing else to be handed over."""
PIPE_TTL_S = 600.0


class PoolFiller:
    """Carries the plan out: has texts voiced, and makes of each request a job for the engine.

    Args:
        plan: what to do next.
        stock: is told what was sent.
        asking: makes the requests.
        writer: makes the remarks.
        cost: what a request costs.
        pace: is told when nobody needs to hurry any more.
        speech: pipe to the speaker.
        counters: of the process.
        rests: why nothing is made at present; empty: it is.
    """

    def __init__(
        self,
        plan: Plan,
        stock: Stock,
        asking: Asking,
        writer: Writer,
        cost: WritingCost,
        pace: Pace,
        speech: PipeSender,
        counters: Counter[str],
        rests: Callable[[], str] = lambda: "",
    ) -> None:
        self._plan = plan
        self._stock = stock
        self._asking = asking
        self._writer = writer
        self._cost = cost
        self._pace = pace
        self._speech = speech
        self._counters = counters
        self._rests = rests
        self._told = ""
        self.state = "starting"
        """What it does or waits for, for people."""

    def next(self, now: Moment) -> AheadJob[Written] | float:
        """The next request, or for how many seconds there is none to be made."""
        if why := self._rests():
            self._tell(why)
            return LOOK_AGAIN_S
        can_write, wait_s = self._writer.can_write, self._pace.wait_s(now.mono)
        while isinstance(step := self._plan.next_step(now, can_write=can_write, wait_s=wait_s), HaveVoiced):
            self._have_voiced(step.texts)
        if isinstance(step, Rest):
            if step.final:
                self._pace.relax(now.mono)
            if step.why:
                self._tell(step.why)
            return step.for_s
        user = self._asking.user(step.pattern, step.number, step.avoid)
        return AheadJob(
            step.pattern.label,
            self._cost.of(),
            partial(self._write, user),
            partial(self._written, step),
            partial(self._failed, step),
            partial(self._cost.of, estimated_tokens(len(self._asking.system) + len(user))),
        )

    async def rest(self) -> None:
        """The connections stay: the next request is soon."""

    async def _write(self, user: str) -> Written:
        self._tell("writing")
        return await self._writer.write(self._asking.system, user)

    def _failed(self, step: Write, error: RungError, pause_s: float) -> Mapping[str, float]:
        self._counters["pool.refused_requests"] += 1
        if isinstance(error, RequestError):
            self._plan.fruitless(step, Moment.now())
        self._tell(str(error), f"; trying again in {pause_s:.0f} s" if pause_s else "; others go on")
        return self._cost.of(0)

    async def _written(self, step: Write, reply: Written) -> Mapping[str, float]:
        texts, refused = self._plan.written(step, remarks_of(reply.text), reply.model, Moment.now())
        self._counters["pool.requests"] += 1
        self._counters["pool.tokens"] += reply.tokens_in + reply.tokens_out
        self._counters["pool.written"] += len(texts)
        self._counters["pool.unfit"] += sum(refused.values())
        log.info(
            "%d remarks written ahead about %s (%s, %s)%s",
            len(texts),
            step.pattern.label,
            step.pattern.count,
            step.pattern.side or "any side",
            f"; unfit: {', '.join(f'{n} × {reason}' for reason, n in refused.items())}" if refused else "",
        )
        self._have_voiced(texts)
        return self._cost.of(reply.tokens_in + reply.tokens_out)

    def _have_voiced(self, texts: tuple[PoolText, ...] | list[PoolText]) -> None:
        now = monotonic()
        for text in texts:
            self._stock.sent(text, now)
            self._speech.put(PoolVoice(text=text), priority=PIPE_PRIORITY, expires_mono=now + PIPE_TTL_S)

    def _tell(self, state: str, detail: str = "") -> None:
        """One line when it changes: not one for each pause, nor for each attempt without a network."""
        self.state = state + detail
        if state not in ("writing", self._told):
            log.info("writing ahead: %s%s", state, detail)
            self._told = state
