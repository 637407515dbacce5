"""Tells whose voice each utterance is, in a thread of its own, while the utterance is being recognised."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from edge.config import Settings, state_dir_of
from edge.journal_events import MessageId, event
from edge.listener.segment import Segment
from edge.listener.voiceprint.enrolled import EnrolledVoices
from edge.listener.voiceprint.known_voices import KnownVoice, KnownVoices
from edge.listener.voiceprint.model import (
    Embedding,
    EmbeddingModel,
    NoModelError,
    VoiceprintError,
    load_model,
)
from edge.tasks import cancel_and_wait

log = logging.getLogger(__name__)

MIN_SPEECH_S = 0.5
"""A single short word does not tell whose voice it is."""
DEADLINE_S = 1.0
"""Twenty times what it takes. A check that hangs shall cost no answer."""


class Verifier:
    """Compares voices with those that are enrolled; off, and says why, without a model or an enrolled voice.

    It never keeps an utterance back.

    Args:
        settings: name the model, how sure it has to be, and where the enrolled voices lie. Those are read
            again whenever they have changed.
        deliver: called in the event loop for each utterance that ``check`` took; None: it is nobody enrolled.
        counters: ``voiceprint.failed`` is counted here.
    """

    def __init__(
        self,
        settings: Settings,
        deliver: Callable[[Segment, KnownVoice | None], None],
        counters: Counter[str],
    ) -> None:
        self._settings = settings
        self._device = settings.listener.voiceprint.device
        self._enrolled = EnrolledVoices(state_dir_of(settings, "listener"))
        self._deliver = deliver
        self._counters = counters
        self._model: EmbeddingModel | None = None
        self._known: KnownVoices | None = None
        self._version: int | None = None
        self._off = "loading"
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="voiceprint")
        self._hanging: Future[Embedding] | None = None
        self._checks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Load the model. One that cannot be used is told once, and the check is off."""
        loop = asyncio.get_running_loop()
        try:
            model = await loop.run_in_executor(self._thread, load_model, self._settings)
        except NoModelError as error:
            self._off = str(error)
            log.info("voices are not told apart: %s", error)
            return
        except VoiceprintError as error:
            self._off = str(error)
            log.error("voices are not told apart: %s", error)
            return
        self._model = model
        self._refresh(model)
        if model.reason:
            log.warning("voiceprint: %s", self.fact, extra=event(MessageId.FELL_BACK, part="voiceprint"))
        else:
            log.info("voiceprint: %s", self.fact)

    async def close(self) -> None:
        await cancel_and_wait(*self._checks)
        self._thread.shutdown(wait=False, cancel_futures=True)

    @property
    def fact(self) -> str:
        """What is really used: requested device → actual, and who is enrolled."""
        if self._model is None or self._known is None:
            return f"off: {self._off}"
        fact = f"{self._device} → {self._model.device}"
        fact += f" ({self._model.reason})" if self._model.reason else ""
        fact += f", enrolled: {', '.join(self._known.names) or 'nobody'}"
        return fact + (f"; void: {', '.join(self._known.void)}" if self._known.void else "")

    def check(self, segment: Segment) -> bool:
        """Begin to find out whose voice it is. False: nothing will be delivered."""
        if self._model is None or segment.speech_end_mono - segment.speech_start_mono < MIN_SPEECH_S:
            return False
        known = self._refresh(self._model)
        if not known.names or (self._hanging is not None and not self._hanging.done()):
            return False
        check = asyncio.create_task(
            self._check(segment, self._model, known), name=f"whose voice is {segment.id}"
        )
        self._checks.add(check)
        check.add_done_callback(self._checks.discard)
        return True

    async def _check(self, segment: Segment, model: EmbeddingModel, known: KnownVoices) -> None:
        voice: KnownVoice | None = None
        work = self._thread.submit(model.embed, segment.samples)
        try:
            async with asyncio.timeout(DEADLINE_S):
                voice = known.find(await asyncio.wrap_future(work))
        except Exception as error:  # whatever a model raises in mid-work, the utterance counts without it
            self._hanging = work  # until it is done no further utterance waits for this thread
            self._counters["voiceprint.failed"] += 1
            reason = error or f"no result within {DEADLINE_S} s"
            log.warning("whose voice it is cannot be told: %s", reason)
        self._deliver(segment, voice)

    def _refresh(self, model: EmbeddingModel) -> KnownVoices:
        """What is enrolled now: a look at one folder's time, unless it has changed."""
        version = self._enrolled.version()
        if self._known is None or version != self._version:
            self._version = version
            voices, troubles = self._enrolled.load()
            self._known = KnownVoices(voices, model.fingerprint, self._settings.listener.voiceprint.threshold)
            for trouble in troubles:
                log.error("%s", trouble)
            for name in self._known.void:
                log.error(
                    "the voice %r was enrolled with another model than %s: enrol it anew",
                    name,
                    self._settings.listener.voiceprint.model,
                )
        return self._known
