"""Hears in each pause whether the speaker has finished, in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from edge.config import Settings
from edge.error_lines import reason_of
from edge.listener.segment import Segment
from edge.listener.turn_end.model import NoTurnEndModelError, TurnEndModel, load_model

log = logging.getLogger(__name__)


class TurnEndJudge:
    """Judges by sound whether a turn has ended. Off, and says why, without a model.

    It takes one pause at a time: a model that hangs costs its verdicts alone.

    Args:
        settings: where the models are.
        deliver: called in the event loop with the probability that the turn is complete, and the frames
            that ``hear`` got.
        counters: ``turn_end.failed`` is counted here.
    """

    def __init__(
        self, settings: Settings, deliver: Callable[[float, int], None], counters: Counter[str]
    ) -> None:
        self._settings = settings
        self._deliver = deliver
        self._counters = counters
        self._model: TurnEndModel | None = None
        self._off = "loading"
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="turn end")
        self._work: asyncio.Future[float] | None = None
        self._missed = 0
        """Pauses that came while it was still at work on an earlier one."""

    async def start(self) -> None:
        """Load the model. One that cannot be used is told once."""
        try:
            loop = asyncio.get_running_loop()
            self._model = await loop.run_in_executor(self._thread, load_model, self._settings)
        except NoTurnEndModelError as error:
            self._off = str(error)
            log.info("the end of a turn is not heard, words and silence decide: %s", error)
        except Exception as error:  # what its libraries raise is not documented
            self._off = reason_of(error)
            log.error("the end of a turn is not heard, words and silence decide: %s", self._off)

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    @property
    def fact(self) -> str:
        """Whether the sound is judged, and why not, for people."""
        if self._model is None:
            return f"off: {self._off}"
        return f"hangs or is slow: {self._missed} pauses not heard" if self._missed else "on"

    def hear(self, segment: Segment, spoken_frames: int) -> None:
        """Begin to find out whether this pause is the end.

        Args:
            segment: the utterance up to and with the pause.
            spoken_frames: tells whether speech has gone on by the time of the verdict.
        """
        if self._model is None:
            return
        if self._work is not None and not self._work.done():
            self._missed += 1
            return
        loop = asyncio.get_running_loop()
        self._work = loop.run_in_executor(self._thread, self._model.completed, segment.samples)
        self._work.add_done_callback(lambda work: self._heard(work, spoken_frames))

    def _heard(self, work: asyncio.Future[float], spoken_frames: int) -> None:
        if work.cancelled():
            return
        self._missed = 0
        if error := work.exception():
            self._counters["turn_end.failed"] += 1
            log.warning("the end of a turn cannot be heard: %s", reason_of(error))
        else:
            self._deliver(work.result(), spoken_frames)
