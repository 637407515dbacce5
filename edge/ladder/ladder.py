"""The ladder: rungs, best first; a worse one starts *beside* a better one that is late.

Up to the first output rungs race: each has a budget to its first output, and when that runs out the next
one starts while the late one may still win. The first non-empty output wins, with a short grace for a
better rung. After that the winner streams alone; if it dies or stalls, the rest of the work is raced for
again by the others, from where the output had got to.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from typing import Any, Generic, NamedTuple

from edge.clock import monotonic
from edge.ladder.attempt import Attempt
from edge.ladder.limits import LadderLimits
from edge.ladder.patience import RateCap
from edge.ladder.rung import Rung, RungError, as_rung_error
from edge.ladder.step import Output, Request, Step
from edge.rung_trail import RungTrail

log = logging.getLogger(__name__)

LAST_PATIENCE = 3
"""Where no rung is left to start, those that run get this many times the longest budget."""
ALIVE_PATIENCE = 3
"""A stream that shows signs of life but no output gets this many times the time after which one stalls."""
GRACE_UNTIL = 1.5
"""Times its budget: who is later than that is not a little late."""
ROUNDING_S = 1e-6
"""Sums of times are off by less than this, and it is not waited for."""
OVERSLEPT_S = 0.05
"""A process that wakes later than this was itself kept from the processor."""
TAKEN_IN_S = 0.05
"""Time in which it then takes in what has come meanwhile, before it calls a rung late."""


class LadderExhausted(RungError):
    """Every rung failed, the last one included."""


class RungOutput(NamedTuple, Generic[Output]):
    """An output, and the rung that it came from."""

    rung: str
    output: Output


class _NothingLeft(Exception):
    """A rung ended without output because the request was finished already."""


class Ladder(Generic[Request, Output]):
    """Streams a request's output from the best rung that delivers in time.

    Args:
        name: of the stage, for the journal ("model", "voice").
        rungs: best first; the last one is always tried, whatever its breaker says.
        limits: of all rungs.
        advance: the request for the rest of the work, after an output has been given out.
        owed_since: monotonic time since which the request waits for output; None when nothing is owed now
            (a voice that has said all the text there is so far does not stall). Default: always owed.
        finished: True when nothing of the request is left to do, so that a rung which dies after its last
            output does no harm. Default: only a rung's regular end is the end.
        rests: rung → why it is left out at present, however well it is; empty: it is not.
        trail_of: where a request wants to know what the rungs did.
    """

    def __init__(
        self,
        name: str,
        rungs: Sequence[Rung[Request, Output]],
        limits: LadderLimits,
        *,
        advance: Callable[[Request, Output], Request],
        owed_since: Callable[[Request], float | None] = lambda request: 0.0,
        finished: Callable[[Request], bool] = lambda request: False,
        rests: Callable[[str], str] = lambda rung: "",
        trail_of: Callable[[Request], RungTrail] = lambda request: RungTrail(),
    ) -> None:
        self.name = name
        self._limits = limits
        self._steps = [Step(name, rung, limits, is_last=rung is rungs[-1]) for rung in rungs]
        self._hedges = RateCap(limits.hedges_per_minute)
        self._last_patience_s = LAST_PATIENCE * limits.max_ms / 1000
        self._advance = advance
        self._owed_since = owed_since
        self._finished = finished
        self._rests = rests
        self._trail_of = trail_of

    def states(self) -> dict[str, str]:
        """Rung → "ok", or the reason why it is skipped at present."""
        reasons = {step.rung.name: "" if step.breaker.closed else step.breaker.reason for step in self._steps}
        return {name: self._rests(name) or reason or "ok" for name, reason in reasons.items()}

    def budgets_s(self) -> dict[str, float]:
        """Rung → how long its first output is waited for at present, in seconds."""
        return {step.rung.name: step.patience.budget_s for step in self._steps}

    async def run(
        self,
        request: Request,
        *,
        local_only: bool = False,
        unpaid_only: bool = False,
        order: Sequence[str] | None = None,
    ) -> AsyncGenerator[RungOutput[Output], None]:
        """Do the work and yield each output with the name of its rung. Closing the iterator stops everything.

        Args:
            local_only, unpaid_only: leave out the other rungs.
            order: these rungs alone, best first; instead of all.

        Raises:
            LadderExhausted: all rungs failed; what was yielded before stands.
        """
        by_name = {step.rung.name: step for step in self._steps}
        resting = {name: reason for name in by_name if (reason := self._rests(name))}
        steps = [
            step
            for step in (by_name[name] for name in (by_name if order is None else order))
            if (step.rung.local or not local_only)
            and not (step.rung.paid and unpaid_only)
            and step.rung.name not in resting
        ]
        for name in by_name if order is None else order:
            if name not in resting:
                break  # only who would have come before
            self._trail_of(request).skipped(name, resting[name])
        while True:
            try:
                attempt = await self._race(request, steps)
            except _NothingLeft:
                return
            try:
                while (output := attempt.pending.result()) is not None:
                    request = self._advance(request, output)
                    yield RungOutput(attempt.step.rung.name, output)
                    attempt.expect()
                    await self._watch_for_stall(attempt, request)
                attempt.step.breaker.succeeded()
                return
            except RungError as error:
                attempt.step.failed(error)
                if self._finished(request):
                    return
                attempt.told.ended("cut", str(error))
                steps = [step for step in steps if step is not attempt.step]
            finally:
                await attempt.abandon()

    async def warm_up(self) -> None:
        """Probe the best rung and the one that would be started beside it, so that the first work finds them
        open and loaded, or known not to work."""
        await asyncio.gather(*(step.warm_up() for step in self._steps[:2]))

    async def close(self) -> None:
        await asyncio.gather(*(step.close() for step in self._steps))

    async def _race(
        self, request: Request, steps: Sequence[Step[Request, Output]]
    ) -> Attempt[Request, Output]:
        """Start rungs until one has its first output; the losers are stopped."""
        waiting = [step for step in steps if self._is_taken(step, steps)]
        running: list[Attempt[Request, Output]] = []
        capped = False
        try:
            while True:
                if not running:
                    if not waiting:
                        raise LadderExhausted(f"no {self.name} is left that works: {self.states()}")
                    running.append(self._start(request, waiting.pop(0), steps))
                winner = await self._await_winner(request, running, may_hedge=bool(waiting) and not capped)
                if winner is not None:
                    running.remove(winner)
                    self._won(request, winner, running)
                    return winner
                hedge = self._choose_hedge(waiting) if running else None
                capped = running != [] and hedge is None
                if hedge:
                    log.info(
                        "%s: %s is late, starting %s beside it",
                        self.name,
                        running[-1].step.rung.name,
                        hedge.rung.name,
                    )
                    running.append(self._start(request, hedge, steps))
        finally:
            for loser in running:
                await loser.abandon()

    def _start(
        self, request: Request, step: Step[Request, Output], steps: Sequence[Step[Request, Output]]
    ) -> Attempt[Request, Output]:
        trail, rank = self._trail_of(request), list(steps).index(step)
        for better in steps[:rank]:
            if not self._is_taken(better, steps):
                trail.skipped(better.rung.name, better.breaker.reason)
        return Attempt(step, step.rung.open(request), rank=rank, told=trail.begun(step.rung.name))

    @staticmethod
    def _is_taken(step: Step[Request, Output], steps: Sequence[Step[Request, Output]]) -> bool:
        """Whether it takes part in a race of these."""
        return step.breaker.closed or step is steps[-1]

    async def _await_winner(
        self, request: Request, running: list[Attempt[Request, Output]], *, may_hedge: bool
    ) -> Attempt[Request, Output] | None:
        """The winner, or None: all failed (``running`` is empty), or the newest one is late."""
        newest = running[-1]
        while running:
            patience_s = newest.step.patience.budget_s if may_hedge else self._last_patience_s
            timeout = patience_s - self._waited_s(request, newest)
            if timeout <= ROUNDING_S and may_hedge:
                return None
            if timeout <= ROUNDING_S:
                await self._give_up(running)
                return None
            await _wait([a.pending for a in running], timeout)
            if await self._drop_failed(request, running) and newest not in running:
                return None
            if finished := [a for a in running if a.pending.done()]:
                first = min(finished, key=lambda a: a.rank)
                return await self._grant_grace(request, first, running)
        return None

    def _waited_s(
        self, request: Request, attempt: Attempt[Request, Output], since_mono: float = 0.0
    ) -> float:
        """How long output has been owed by this attempt (and not before ``since_mono``)."""
        owed_mono = self._owed_since(request)
        if owed_mono is None:
            return 0.0
        return monotonic() - max(owed_mono, attempt.started_mono, since_mono)

    async def _grant_grace(
        self, request: Request, first: Attempt[Request, Output], running: list[Attempt[Request, Output]]
    ) -> Attempt[Request, Output]:
        better = [
            a
            for a in running
            if a.rank < first.rank and self._waited_s(request, a) < GRACE_UNTIL * a.step.patience.budget_s
        ]
        if better:
            grace_s = self._limits.grace_ms / 1000
            await _wait([a.pending for a in better], grace_s)
            await self._drop_failed(request, running)
        return min((a for a in running if a.pending.done()), key=lambda a: a.rank)

    async def _give_up(self, running: list[Attempt[Request, Output]]) -> None:
        """No rung is left to start and those that run give nothing: they have failed."""
        for attempt in running[:]:
            running.remove(attempt)
            waited_ms = (monotonic() - attempt.started_mono) * 1000
            error = RungError(f"no output within {waited_ms:.0f} ms", hung=True)
            attempt.step.failed(error)
            attempt.told.ended("hung", str(error))
            await attempt.abandon()

    async def _drop_failed(self, request: Request, running: list[Attempt[Request, Output]]) -> bool:
        """Take out of the race who failed or ended with nothing. Raises _NothingLeft when that was right."""
        failed = 0
        for attempt in [a for a in running if a.pending.done()]:
            error = attempt.pending.exception()
            if error is None and attempt.pending.result() is None:
                if self._finished(request):
                    raise _NothingLeft
                error = RungError("ended without any output")
            if error is not None:
                failed += 1
                running.remove(attempt)
                attempt.step.failed(as_rung_error(error))
                attempt.told.ended("failed", str(as_rung_error(error)))
                await attempt.abandon()
        return failed > 0

    def _choose_hedge(self, waiting: list[Step[Request, Output]]) -> Step[Request, Output] | None:
        """The next rung to run beside the late one; a paid one only as often as the cap allows.

        One that is capped stays in ``waiting``, for when those that run have failed.
        """
        for step in waiting:
            if not step.rung.paid or self._hedges.take(monotonic()):
                waiting.remove(step)
                return step
        return None

    def _won(
        self, request: Request, winner: Attempt[Request, Output], losers: list[Attempt[Request, Output]]
    ) -> None:
        winner.step.patience.observe(self._waited_s(request, winner))
        winner.told.ended("used")
        for loser in losers:
            waited_s = self._waited_s(request, loser)
            if waited_s >= loser.step.patience.budget_s:
                loser.step.patience.observe(waited_s)
                error = RungError(f"no output within {waited_s * 1000:.0f} ms", hung=True)
                loser.step.failed(error)
                loser.told.ended("hung", str(error))
            else:
                loser.told.ended("lost")

    async def _watch_for_stall(self, attempt: Attempt[Request, Output], request: Request) -> None:
        """Wait until the attempt's next output (or end) is there. Raises RungError when it died or stalls."""
        stall_s = self._limits.stall_ms / 1000
        since_mono = monotonic()
        while not attempt.pending.done():
            quiet_s = self._waited_s(request, attempt, max(since_mono, attempt.alive_mono))
            waited_s = self._waited_s(request, attempt, since_mono)
            left_s = min(stall_s - quiet_s, ALIVE_PATIENCE * stall_s - waited_s)
            if left_s <= ROUNDING_S:
                raise RungError(f"stalled in mid-stream for {waited_s * 1000:.0f} ms", hung=True)
            await _wait([attempt.pending], left_s)
        if error := attempt.pending.exception():
            raise as_rung_error(error)


async def _wait(pending: Collection[asyncio.Future[Any]], timeout_s: float) -> None:
    """Return when one is done, or after that time.

    Where this process overslept, outputs may lie unread in its sockets: no rung is to blame for that, nor one
    preferred because its own was read first.
    """
    due_mono = monotonic() + timeout_s
    await asyncio.wait(pending, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    if monotonic() > due_mono + OVERSLEPT_S:
        await asyncio.wait(pending, timeout=TAKEN_IN_S)
