"""Fills the pool in quiet moments: carries out the plan, one thing at a time."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable

from edge.bus import PipeSender
from edge.clock import Moment, monotonic
from edge.commentator.pool.asking import Asking
from edge.commentator.pool.plan import HaveVoiced, Plan, Rest, Write
from edge.commentator.pool.reply import remarks_of
from edge.commentator.pool.stock import Stock
from edge.commentator.pool.writer import Writer, estimated_tokens
from edge.ladder import RungError
from edge.messages import PoolText, PoolVoice
from edge.tasks import wait_at_most

log = logging.getLogger(__name__)

PIPE_PRIORITY = 0
"""Below all speech: it waits in the pipe until there is nothing else to be handed over."""
PIPE_TTL_S = 600.0


class PoolFiller:
    """Carries the plan out: asks for remarks and has texts voiced, one thing at a time.

    Args:
        plan: what to do next.
        stock: is told what was sent.
        asking: makes the requests.
        writer: makes the remarks.
        speech: pipe to the speaker.
        counters: of the process.
        on_spent: called after each request, so that what it cost outlives the process.
    """

    def __init__(
        self,
        plan: Plan,
        stock: Stock,
        asking: Asking,
        writer: Writer,
        speech: PipeSender,
        counters: Counter[str],
        on_spent: Callable[[], None],
    ) -> None:
        self._plan = plan
        self._stock = stock
        self._asking = asking
        self._writer = writer
        self._speech = speech
        self._counters = counters
        self._on_spent = on_spent
        self._news = asyncio.Event()
        self._calm = asyncio.Event()
        self._calm.set()
        self._writing: asyncio.Task[None] | None = None
        self._told = ""
        self.state = "starting"
        """What it does or waits for, for people."""

    def disturb(self) -> None:
        """A live turn begins, or a passenger speaks: whatever is being written is broken off at once."""
        self._calm.clear()
        if self._writing:
            self._writing.cancel()

    def calm_down(self) -> None:
        """Nobody speaks any more."""
        self._calm.set()

    def look_again(self) -> None:
        """Something changed that the plan depends on."""
        self._news.set()

    async def run(self) -> None:
        """For ever."""
        while True:
            await self._calm.wait()
            self._news.clear()
            match self._plan.next_step(Moment.now(), can_write=self._writer.can_write):
                case Rest(for_s, why):
                    self._tell(why)
                    await wait_at_most(self._news, for_s)
                case HaveVoiced(texts):
                    self._have_voiced(texts)
                case Write() as step:
                    self._tell("writing")
                    self._writing = asyncio.create_task(self._write(step), name="writing ahead")
                    try:
                        await asyncio.wait([self._writing])
                    finally:
                        self._writing.cancel()
                    if not self._writing.cancelled():
                        self._writing.result()
                    self._writing = None
                    self._on_spent()

    async def _write(self, step: Write) -> None:
        user = self._asking.user(step.pattern, step.number, step.avoid)
        try:
            reply = await self._writer.write(self._asking.system, user)
        except asyncio.CancelledError:
            self._plan.broken_off(estimated_tokens(self._asking.system, user), Moment.now())
            self._counters["pool.broken_off"] += 1
            raise
        except RungError as error:
            pause_s = self._plan.refused(Moment.now(), error.retry_after_s)
            self._counters["pool.refused_requests"] += 1
            self._tell(str(error), f"; trying again in {pause_s:.0f} s")
            return
        tokens = (reply.tokens_in, reply.tokens_out)
        texts, refused = self._plan.written(step, remarks_of(reply.text), reply.model, tokens, Moment.now())
        self._counters["pool.requests"] += 1
        self._counters["pool.tokens"] += sum(tokens)
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

    def _have_voiced(self, texts: tuple[PoolText, ...] | list[PoolText]) -> None:
        now = monotonic()
        for text in texts:
            self._stock.sent(text, now)
            self._speech.put(PoolVoice(text=text), priority=PIPE_PRIORITY, expires_mono=now + PIPE_TTL_S)

    def _tell(self, state: str, detail: str = "") -> None:
        """One line when it changes: not one for each pause, nor for each attempt without a network."""
        if not state:
            return
        self.state = state + detail
        if state not in ("writing", self._told):
            log.info("writing ahead: %s%s", state, detail)
            self._told = state
