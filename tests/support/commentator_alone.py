"""The commentator process by itself; the test is its ingest and its speaker."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from bench.guide_process import PATIENCE_S
from edge.bus import FeedPublisher, PipeReceiver, PipeSender
from edge.bus.topology import SPEECH, TRIGGERS
from edge.messages import (
    AnyMessage,
    Control,
    Language,
    PoolDiscard,
    PoolEntry,
    PoolHoldings,
    PoolText,
    PoolVoice,
    Priority,
    Sighting,
    Speech,
    SpeechCancel,
    SpeechEnd,
    SpeechOpener,
    SpeechReport,
    SpeechStart,
    SpeechText,
    Spending,
    Stage,
    StageTime,
    Trigger,
    Triggers,
    Turn,
    new_id,
)
from tests.support.process_alone import ProcessAlone
from tests.support.told import playback

AHEAD = {
    "SHUTTLE_GUIDE_COMMENTATOR__AHEAD__ENABLED": "true",
    "SHUTTLE_GUIDE_COMMENTATOR__AHEAD__LABELS": "dog",
}
VOICE = "scripted voice"
OPENER_MS = 150
"""So long does every opener last that this speaker holds."""


class CommentatorAlone(ProcessAlone):
    """``shuttle-guide run commentator``; what it makes ahead is about dogs, unless the environment says else.

    What it sends is spoken at once (see ``reports``); texts to be voiced ahead are held at once.
    """

    NEWS = (Turn,)

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        super().__init__("commentator", folder, AHEAD | dict(environment))
        self.sent: list[AnyMessage] = []
        """Everything that came over the speech pipe."""
        self.held: dict[str, PoolEntry] = {}
        self.turns: dict[str, Turn] = {}
        """By trigger id."""
        self._control = Control()
        runtime = self.runtime_dir
        self._seen = PipeSender(runtime, TRIGGERS, "ingest")
        self._heard = PipeSender(runtime, TRIGGERS, "listener")
        self._speech = PipeReceiver(runtime, SPEECH, "commentator", self._take)
        self._speaker = FeedPublisher(runtime, "speaker")
        self._ingest = FeedPublisher(runtime, "ingest")
        self._texts: dict[str, tuple[float, list[str]]] = {}
        self._instance = new_id()

    # --- what the test does --------------------------------------------------------------------

    def see(self, ttl_s: float = 20.0, language: Language | None = None, **seen: Any) -> str:
        """A sighting; returns the trigger's id."""
        now = time.monotonic()
        trigger = Trigger(
            kind="remark",
            sighting=Sighting(**seen),
            language=language,
            received_mono=now,
            received_at=time.time(),
            expires_mono=now + ttl_s,
        )
        self._seen.put(trigger, priority=trigger.priority, expires_mono=now + PATIENCE_S)
        return trigger.trigger_id

    def hear(self, message: Triggers) -> None:
        """What a listener tells."""
        self._heard.put(message, priority=Priority.ANSWER, expires_mono=time.monotonic() + PATIENCE_S)

    async def remark(self, **seen: Any) -> Turn:
        """A sighting, and the turn that comes of it."""
        return await self.turn(self.see(**seen))

    async def turn(self, trigger_id: str) -> Turn:
        await self.until(lambda: trigger_id in self.turns, "a turn to end")
        return self.turns[trigger_id]

    def order_to_fill(self) -> None:
        self._control = msgspec.structs.replace(
            self._control, id=new_id(), pool_fill_at_ms=self._control.pool_fill_at_ms + 1
        )
        self._ingest.keep(self._control)

    def hold(self, *texts: PoolText) -> None:
        """As if they had been voiced."""
        for text in texts:
            self.held[text.entry_id] = PoolEntry(text=text, duration_ms=OPENER_MS, voice=VOICE)
        self._tell_holdings()

    def has_paid_voices(self, *services: str) -> None:
        """The speaker tells which services it may ask."""
        self._speaker.keep(Spending(process="speaker", today="2026-11-29", days={}, services=services))

    # --- what it has heard ---------------------------------------------------------------------

    @property
    def remarks(self) -> list[PoolText]:
        """Remarks that are held."""
        return [entry.text for entry in self.held.values() if entry.text.use == "remark"]

    def of_turn(self, turn_id: str) -> list[AnyMessage]:
        """What was sent for a turn, openers and text."""
        kinds = (SpeechOpener, SpeechStart, SpeechText, SpeechEnd)
        return [message for message in self.sent if isinstance(message, kinds) and message.turn_id == turn_id]

    # --- the speaker ---------------------------------------------------------------------------

    def _take(self, message: Speech) -> None:
        self.sent.append(message)
        match message:
            case PoolVoice(text=text):
                self.hold(text)
            case PoolDiscard(entry_ids=entry_ids):
                for entry_id in entry_ids:
                    self.held.pop(entry_id, None)
                self._tell_holdings()
            case SpeechStart(turn_id=turn_id, text=text, pool_entry=entry_id):
                self._texts[turn_id] = (time.monotonic(), [text])
                if entry_id in self.held and self.held[entry_id].text.use == "remark":
                    del self.held[entry_id]
                    self._tell_holdings()
            case SpeechText(turn_id=turn_id, text=text):
                self._texts[turn_id][1].append(text)
            case SpeechEnd(turn_id=turn_id):
                began_mono, texts = self._texts[turn_id]
                reached: tuple[Stage, ...] = ("first_audio", "first_sample", "first_content", "last_sample")
                self._report(
                    SpeechReport(
                        turn_id=turn_id,
                        outcome="spoken",
                        spoken_text=" ".join(texts),
                        voices=("scripted",),
                        stages=tuple(StageTime(stage, began_mono + 0.001) for stage in reached),
                    )
                )
            case SpeechCancel(turn_id=turn_id):
                pass

    def _report(self, *reports: SpeechReport) -> None:
        self._speaker.keep(playback(*reports, instance=self._instance))

    def _tell_holdings(self) -> None:
        self._speaker.keep(
            PoolHoldings(
                instance=self._instance,
                voice=VOICE,
                entries=tuple(self.held.values()),
                characters_left=10_000,
            )
        )

    def _told(self, message: AnyMessage) -> None:
        super()._told(message)
        if isinstance(message, Turn):
            self.turns[message.trigger_id] = message

    def _connect(self) -> None:
        self._seen.start(self._context)
        self._heard.start(self._context)
        self._speech.start(self._context)
        self._speaker.start(self._context)
        self._ingest.start(self._context)
        self._ingest.keep(self._control)
        self._report()
        self._tell_holdings()

    async def _disconnect(self) -> None:
        await self._seen.close()
        await self._heard.close()
        await self._speech.close()
        await self._speaker.close()
        await self._ingest.close()
