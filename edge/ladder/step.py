"""A rung of a ladder and what is known of it: how long to wait for it, and whether to leave it alone."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Generic, TypeVar

from edge.clock import monotonic
from edge.clock_set import pause_until_clock_set
from edge.journal_events import MessageId, event
from edge.ladder.breaker import Breaker
from edge.ladder.limits import LadderLimits
from edge.ladder.patience import Patience
from edge.ladder.rung import Rung, RungError, as_rung_error
from edge.tasks import cancel_and_wait

log = logging.getLogger(__name__)

Request = TypeVar("Request")
Output = TypeVar("Output")

PROBE_TIMEOUT_S = 5.0
WARM_UP_TIMEOUT_S = 2.0
"""A process is not ready before its best rung was tried; one that hangs shall not keep it waiting."""


class Step(Generic[Request, Output]):
    """One rung's place in its ladder.

    Args:
        stage: name of the ladder, for the journal.
        is_last: it is tried whatever its breaker says.
    """

    def __init__(
        self, stage: str, rung: Rung[Request, Output], limits: LadderLimits, *, is_last: bool
    ) -> None:
        self.rung = rung
        self.breaker = Breaker(limits)
        self.patience = Patience(limits, is_local=rung.local)
        self._stage = stage
        self._is_last = is_last
        self._probing: asyncio.Task[None] | None = None

    def failed(self, error: RungError) -> None:
        """Count a failure and tell of it; a rung that keeps failing is probed until it is back."""
        if error.blameless:
            log.info("%s: not by %s: %s", self._stage, self.rung.name, error)
            return
        was_closed = self.breaker.closed
        self._note(error)
        self._warn("%s: %s failed: %s", MessageId.RUNG_FAILED, error)
        if was_closed and not self.breaker.closed and not self._is_last:
            self._warn("%s: leaving %s alone until a probe succeeds", MessageId.RUNG_LEFT)
            if self._probing is None or self._probing.done():
                self._probing = asyncio.create_task(self._probe(), name=f"probe {self.rung.name}")

    async def warm_up(self) -> None:
        """Probe it once, so that the first work finds it open and loaded, or known not to work.

        Where that took longer than its first output would be waited for, a second probe shows what it needs
        when it is open.
        """
        try:
            async with asyncio.timeout(WARM_UP_TIMEOUT_S):
                took_s = await self._probed_s()
        except Exception as error:
            self.failed(as_rung_error(error))
            return
        if took_s > self.patience.budget_s:
            with contextlib.suppress(Exception):  # then live work shows it, in the time that the first took
                async with asyncio.timeout(took_s):
                    took_s = await self._probed_s()
            self.patience.raise_first_guess(took_s)

    async def close(self) -> None:
        await cancel_and_wait(self._probing)

    async def _probe(self) -> None:
        """Look from time to time whether the rung is back; live work never waits for this."""
        while self.breaker.retry_mono is not None:
            await pause_until_clock_set(max(0.05, self.breaker.retry_mono - monotonic()))
            try:
                async with asyncio.timeout(PROBE_TIMEOUT_S):
                    took_s = await self._probed_s()
            except Exception as error:
                self._note(as_rung_error(error))
            else:
                self.patience.raise_first_guess(took_s)
                self.breaker.recovered()
                self._warn("%s: %s is back", MessageId.RUNG_BACK)

    async def _probed_s(self) -> float:
        """Probe it; how long that took."""
        begun_mono = monotonic()
        await self.rung.probe()
        return monotonic() - begun_mono

    def _note(self, error: RungError) -> None:
        self.breaker.failed(
            monotonic(),
            str(error),
            retry_after_s=error.retry_after_s,
            permanent=error.permanent,
            hung=error.hung,
        )

    def _warn(self, line: str, message_id: MessageId, *more: object) -> None:
        extra = event(message_id, rung=self.rung.name, ladder=self._stage)
        log.warning(line, self._stage, self.rung.name, *more, extra=extra)
