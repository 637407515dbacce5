"""Writes down what comes to a running guide, and what becomes of it: MQTT and the feeds, as any client."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncGenerator
from importlib import metadata
from operator import attrgetter
from typing import NamedTuple

import msgspec

from edge.bus import watching
from edge.config import Settings
from edge.drive import lines as recorded
from edge.ingest.native import NativeDialect
from edge.messages import (
    MAX_TEXT_CHARS,
    Caption,
    Control,
    Dropped,
    Hearing,
    Kind,
    Message,
    PoolHoldings,
    ProcessState,
    Trigger,
    Turn,
    new_id,
)
from edge.mqtt import Incoming, MqttSession, SessionOptions, SessionState, account_of
from edge.tasks import cancel_and_wait

ASKED = "ask"
"""The topic on which passengers' questions are typed."""
SAME_S = 1.0
"""Two clients of one broker get a message that much apart, at most."""
PHRASEBOOK = "model.phrasebook"
UNNAMED = 1000
"""Triggers without an id that wait for news of them. Most become a turn within a minute."""


class _Unnamed(NamedTuple):
    """A trigger that brought no id, so that what becomes of it is told under one that we do not know."""

    kind: Kind
    received_at: float
    number: int


class Recorder:
    """A client of the broker and the feeds that turns what comes into lines of a drive.

    Args:
        settings: of the guide that runs here.
        utterances: write down what passengers ask.
    """

    def __init__(self, settings: Settings, *, utterances: bool) -> None:
        self._settings = settings
        self._utterances = utterances
        self._lines: asyncio.Queue[recorded.AnyLine] = asyncio.Queue()
        self._began_mono, self._began_at = time.monotonic(), time.time()
        self._numbers = recorded.TriggerNumbers()
        self._unnamed: list[_Unnamed] = []
        self._trigger_came = asyncio.Event()
        self._speaking = False
        self._clouds: recorded.Clouds = "ok"
        self._held: set[str] = set()
        self._control: Control | None = None
        dialect = self._dialect = NativeDialect(settings)
        self._prefix = f"shuttle/{settings.shuttle.id}/"
        self.connected = asyncio.Event()
        self.state = "connecting"
        self._session = MqttSession(
            account_of(settings.mqtt, "cli"),
            SessionOptions(
                client_id=f"shuttle-guide-record-{new_id()}",
                subscriptions=(*dialect.event_topics, *dialect.control_topics),
            ),
            on_message=self._came,
            on_state=self._note_state,
        )

    async def lines(self) -> AsyncGenerator[recorded.AnyLine, None]:
        """What comes, for ever; the first is the beginning."""
        values = {name: attrgetter(name)(self._settings) for name in recorded.DECIDING}
        yield recorded.Begin(
            at=0.0,
            began_at=self._began_at,
            guide=metadata.version("shuttle-guide"),
            settings={name: value for name, value in values.items() if value is not None},
        )
        self._dialect.warm_up()
        watch = asyncio.create_task(self._watch())
        self._session.start()
        try:
            while True:
                yield await self._lines.get()
        finally:
            await cancel_and_wait(watch)
            await self._session.close()

    def _note_state(self, state: SessionState) -> None:
        self.state = state.text
        if state.name == "connected":
            self.connected.set()

    def _came(self, message: Incoming) -> None:
        parsed = self._dialect.parse_incoming(message)
        trigger = parsed if isinstance(parsed, Trigger) else None
        line = self._line_of(message, trigger)
        number = self._numbers.count(line)
        if trigger and trigger.trigger_id == _own_id(message.payload):
            self._numbers.name(number, trigger.trigger_id)
        elif trigger:
            self._unnamed.append(_Unnamed(trigger.kind, message.received_at, number))
            del self._unnamed[:-UNNAMED]
        self._trigger_came.set()
        self._lines.put_nowait(line)

    def _line_of(self, message: Incoming, trigger: Trigger | None) -> recorded.MqttLine | recorded.Question:
        at = self._of_mono(message.received_mono)
        topic = message.topic.removeprefix(self._prefix)
        if topic == ASKED and not self._utterances:
            return recorded.Question(at=at, id=trigger.trigger_id if trigger else new_id())
        payload = message.payload.decode("utf-8", errors="replace")
        return recorded.MqttLine(at=at, topic=topic, payload=payload, retain=message.retain)

    async def _watch(self) -> None:
        types = (Control, Hearing, Caption, ProcessState, Turn, Dropped, PoolHoldings)
        async with watching(self._settings.runtime_dir, *types) as messages, asyncio.TaskGroup() as early:
            async for news in messages:
                if isinstance(news, Dropped) and not self._number_of(news):
                    early.create_task(self._tell_drop(news, self._of_mono(time.monotonic())))
                    continue
                for line in self._lines_of(news):
                    self._lines.put_nowait(line)

    async def _tell_drop(self, news: Dropped, at: float) -> None:
        """What brought the trigger may reach us later than what became of it."""
        if self._of_unix(news.received_at):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SAME_S):
                    while not self._number_of(news):
                        self._trigger_came.clear()
                        await self._trigger_came.wait()
        self._lines.put_nowait(self._dropped(news, at))

    def _lines_of(self, news: Message) -> list[recorded.AnyLine]:
        at = self._of_mono(time.monotonic())
        match news:
            case Hearing(speaking=speaking) if speaking != self._speaking:
                self._speaking = speaking
                return [recorded.Speaking(at=at, on=speaking)]
            case Caption(quiet_s=float(quiet_s)):
                return [recorded.Silence(at=at, quiet_s=quiet_s)]
            case Caption(final=True, addressed=True):
                return [self._question(at, news)]
            case Control() if self._control is None:
                self._control = news
                return _as_it_was(at, news)
            case PoolHoldings():
                return self._pool(at, news)
            case ProcessState(facts=facts):
                return self._services(at, facts)
            case Turn():
                return [self._turn(news)]
            case Dropped():
                return [self._dropped(news, at)]
        return []

    def _dropped(self, news: Dropped, at: float) -> recorded.DroppedLine:
        trigger = self._number_of(news)
        return recorded.DroppedLine(at=at, trigger=trigger, kind=news.kind, reason=news.reason)

    def _question(self, at: float, caption: Caption) -> recorded.Question:
        is_told = self._utterances and not caption.occasion
        question = recorded.Question(
            at=at,
            id=caption.segment_id,
            text=(caption.text[:MAX_TEXT_CHARS] or None) if is_told else None,
            occasion=caption.occasion,
            may_be_aside=caption.may_be_aside,
            language=caption.language,
        )
        self._numbers.name(self._numbers.count(question), caption.segment_id)
        self._trigger_came.set()
        return question

    def _pool(self, at: float, holdings: PoolHoldings) -> list[recorded.AnyLine]:
        """Told when something has come to it: what is spent, the replay spends itself."""
        held = {entry.text.entry_id for entry in holdings.entries}
        news, self._held = held - self._held, held
        if not news:
            return []
        remarks = tuple(
            recorded.Remark(
                id=entry.text.entry_id,
                text=entry.text.text,
                label=entry.text.pattern.label,
                count=entry.text.pattern.count,
                side=entry.text.pattern.side,
                duration_ms=entry.duration_ms,
            )
            for entry in holdings.entries
            if entry.text.pattern is not None
        )
        return [recorded.PoolLine(at=at, remarks=remarks, own_texts=len(remarks) < len(held))]

    def _services(self, at: float, facts: dict[str, str]) -> list[recorded.AnyLine]:
        models = [fact for name, fact in facts.items() if name.startswith("model.") and name != PHRASEBOOK]
        clouds: recorded.Clouds = "ok" if "ok" in models else "lost"
        if not models or clouds == self._clouds:
            return []
        self._clouds = clouds
        return [recorded.Services(at=at, clouds=clouds)]

    def _turn(self, news: Turn) -> recorded.TurnLine:
        telemetry = self._settings.telemetry
        tells = telemetry.answer_text if news.kind == "answer" else telemetry.turn_text
        at = {stage: mono - self._began_mono for stage, mono in news.stages}
        trigger = self._number_of(news)
        return recorded.turn_line(
            news,
            trigger,
            at=max(0.0, at.get("last_sample", time.monotonic() - self._began_mono)),
            received=self._of_unix(news.received_at),
            first_sound=at.get("first_sample"),
            text=news.text if tells else None,
        )

    def _number_of(self, news: Turn | Dropped) -> int:
        """Which trigger it was; 0: it came before the recording began, or a question without a caption."""
        if not self._numbers.of(news.trigger_id):
            alike = [each for each in self._unnamed if each.kind == news.kind]
            near = min(alike, key=lambda each: abs(each.received_at - news.received_at), default=None)
            if near and abs(near.received_at - news.received_at) < SAME_S:
                self._unnamed.remove(near)
                self._numbers.name(near.number, news.trigger_id)
        return self._numbers.of(news.trigger_id)

    def _of_mono(self, mono_s: float) -> float:
        """Seconds since the drive began. A clock that is set meanwhile lies in no drive."""
        return max(0.0, round(mono_s - self._began_mono, 3))

    def _of_unix(self, unix_s: float) -> float:
        """Seconds since the drive began, of a time by the clock as it is set now."""
        ago_s = max(0.0, time.time() - unix_s)
        return self._of_mono(time.monotonic() - ago_s)


def _own_id(payload: bytes) -> str | None:
    """The sender's own id of a trigger."""
    try:
        body = json.loads(payload.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    own = body.get("id") if isinstance(body, dict) else None
    return None if own is None else str(own)


def _as_it_was(at: float, control: Control) -> list[recorded.AnyLine]:
    """What had been ordered before the recording began, as orders."""
    lines: list[recorded.AnyLine] = []
    if control.muted:
        lines.append(recorded.MqttLine(at=at, topic="cmd/mute", payload=""))
    if control.chattiness:
        lines.append(recorded.MqttLine(at=at, topic="cmd/chattiness", payload=control.chattiness))
    vehicle = {
        "reversing": control.reversing,
        "doors_open": control.doors_open,
        "radio_on": control.radio_on,
    }
    if any(vehicle.values()):
        lines.append(recorded.MqttLine(at=at, topic="vehicle", payload=msgspec.json.encode(vehicle).decode()))
    return lines
