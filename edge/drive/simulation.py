"""A drive played into the true commentator, in simulated time, with scripted models and a scripted voice.

Director, turns, ledger, pool, openers and answers are the product's own. Messages of the MQTT interface are
read by ingest's own dialect. The same drive gives the same turns and the same drops each time.
"""

from __future__ import annotations

import asyncio
import logging
import random
import tempfile
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, cast

from edge import config
from edge.bus import BadMessages, Delivery, PipeSender
from edge.bus.pipe import Handler
from edge.bus.topology import PROCESSES, TIMINGS, M, Pipe
from edge.clock import monotonic
from edge.commentator.main import Commentator
from edge.commentator.openers import own_texts
from edge.commentator.pool.asking import Asking
from edge.drive import lines as recorded
from edge.drive import simulated_time
from edge.drive.scripted_models import ScriptedModel
from edge.drive.simulated_speaker import VOICE, SimulatedSpeaker
from edge.ingest.native import NativeDialect
from edge.ingest.parsed import ControlChange
from edge.messages import (
    AnyMessage,
    CancelRequest,
    Control,
    Dropped,
    Feed,
    Hearing,
    Language,
    Pattern,
    PoolEntry,
    PoolText,
    ProcessName,
    StopRequest,
    Trigger,
    Turn,
)
from edge.process import Life
from edge.tasks import cancel_and_wait

SEED = 1
AFTERMATH_S = 60.0
"""What was accepted has ended by then."""
QUESTION_TTL_S = 20.0
OWN_TEXT_MS = 400


class _Feed:
    """The commentator's feed: what it tells goes to the simulation."""

    def __init__(self, tell: Callable[[Feed], None]) -> None:
        self.publish = tell
        self.keep = tell
        self.bad = BadMessages("own_feed.commentator")

    async def close(self) -> None:
        """Nothing is open."""


class _Life(Life):
    """A commentator's surroundings: no sockets."""

    def __init__(self, settings: config.Settings, tell: Callable[[Feed], None]) -> None:
        super().__init__("commentator", settings)
        self.folder.mkdir(parents=True)
        self.feed = cast(Any, _Feed(tell))
        self._watchers: list[tuple[tuple[type[Any], ...], asyncio.Queue[Any]]] = []
        self.speaker = SimulatedSpeaker(self.news)
        self.take: Handler[Any]

    def send_into(
        self, pipe: Pipe[Any], on_drop: Callable[[AnyMessage, Delivery], None] | None = None
    ) -> PipeSender:
        return cast(PipeSender, self.speaker)

    def receive_from(self, pipe: Pipe[M], handler: Handler[M]) -> None:
        self.take = handler

    async def watch(self, *types: type[M], of: Iterable[ProcessName] = PROCESSES) -> AsyncGenerator[M, None]:
        came: asyncio.Queue[M] = asyncio.Queue()
        self._watchers.append((types, came))
        self.speaker.tell()
        while True:
            yield await came.get()

    def news(self, message: Feed) -> None:
        """Somebody else's feed tells this."""
        for types, came in self._watchers:
            if isinstance(message, types):
                came.put_nowait(message)


def simulate(lines: Sequence[recorded.AnyLine]) -> list[recorded.Outcomes]:
    """What the guide of today makes of a drive, in the order of time.

    Raises:
        ConfigError: a setting of the drive cannot be used any more.
    """
    logging.disable(logging.WARNING)  # what a guide would tell its journal is in the outcomes
    try:
        with tempfile.TemporaryDirectory(prefix="shuttle-guide-drive-") as folder:
            return simulated_time.run(_Simulation(lines, Path(folder)).run())
    finally:
        logging.disable(logging.NOTSET)


class _Simulation:
    def __init__(self, lines: Sequence[recorded.AnyLine], folder: Path) -> None:
        begin = lines[0]
        assert isinstance(begin, recorded.Begin)
        self._begin = begin
        self._came = [line for line in lines[1:] if not isinstance(line, recorded.Outcomes)]
        self._settings = _settings(begin, folder)
        self._language: Language = self._settings.shuttle.language
        self._dialect = NativeDialect(self._settings)
        self._control = Control()
        self._models = ScriptedModel()
        self._outcomes: list[recorded.Outcomes] = []
        self._numbers = recorded.TriggerNumbers()

    async def run(self) -> list[recorded.Outcomes]:
        self._began_mono = monotonic()
        self._life = life = _Life(self._settings, self._note)
        process = Commentator(life, models=[self._models], rng=random.Random(SEED))
        await process.start()
        await asyncio.sleep(0)
        life.news(self._control)
        speaking: asyncio.Task[None] | None = None
        for line in self._came:
            await asyncio.sleep(max(0.0, self._began_mono + line.at - monotonic()))
            number = self._numbers.count(line)
            match line:
                case recorded.MqttLine():
                    self._publish(line, number)
                case recorded.Speaking(on=on):
                    await cancel_and_wait(speaking)
                    speaking = asyncio.create_task(self._speak()) if on else None
                    life.news(_hearing(on))
                case recorded.Question():
                    self._ask(line, number)
                case recorded.Silence(quiet_s=quiet_s):
                    life.take(StopRequest(quiet_s=quiet_s))
                case recorded.Services(clouds=clouds):
                    self._models.clouds = clouds
                case recorded.PoolLine():
                    life.speaker.hold(self._entries(line))
        await cancel_and_wait(speaking)
        await asyncio.sleep(AFTERMATH_S)
        await process.stop()
        await life.close()
        life.context.destroy(linger=0)
        return self._outcomes

    def _publish(self, line: recorded.MqttLine, number: int) -> None:
        parsed = self._dialect.parse(
            f"shuttle/{self._settings.shuttle.id}/{line.topic}",
            line.payload.encode(),
            retain=line.retain,
            received_mono=monotonic(),
            received_at=self._begin.began_at + line.at,
        )
        if isinstance(parsed, Trigger):
            self._take(parsed, number)
        elif isinstance(parsed, ControlChange):
            self._control = parsed.apply(self._control, self._begin.began_at + line.at)
            self._life.news(self._control)
        elif isinstance(parsed, CancelRequest):
            self._life.take(parsed)

    def _ask(self, line: recorded.Question, number: int) -> None:
        if line.text is None and line.occasion is None:
            return
        now = monotonic()
        self._take(
            Trigger(
                kind="answer",
                trigger_id=line.id,
                text=line.text,
                occasion=line.occasion,
                may_be_aside=line.may_be_aside,
                language=line.language,
                received_mono=now,
                received_at=self._begin.began_at + line.at,
                expires_mono=now + QUESTION_TTL_S,
            ),
            number,
        )

    def _take(self, trigger: Trigger, number: int) -> None:
        self._numbers.name(number, trigger.trigger_id)
        self._life.take(trigger)

    async def _speak(self) -> None:
        while True:
            await asyncio.sleep(TIMINGS[Hearing].refresh_s)
            self._life.news(_hearing(True))

    def _entries(self, line: recorded.PoolLine) -> list[PoolEntry]:
        prompt = Asking(self._language, None).fingerprint
        texts = [(self._text(remark, prompt), remark.duration_ms) for remark in line.remarks]
        if line.own_texts:
            texts += [(text, OWN_TEXT_MS) for text in own_texts(self._language, ("remark", "answer"))]
        return [PoolEntry(text=text, duration_ms=ms, voice=VOICE) for text, ms in texts]

    def _text(self, remark: recorded.Remark, prompt: str) -> PoolText:
        return PoolText(
            entry_id=remark.id,
            use="remark",
            language=self._language,
            text=remark.text,
            pattern=Pattern(label=remark.label, count=remark.count, side=remark.side),
            model="scripted",
            prompt=prompt,
        )

    def _note(self, news: Feed) -> None:
        now = monotonic() - self._began_mono
        if isinstance(news, Dropped):
            trigger = self._numbers.of(news.trigger_id)
            self._outcomes.append(
                recorded.DroppedLine(at=round(now, 3), trigger=trigger, kind=news.kind, reason=news.reason)
            )
        elif isinstance(news, Turn):
            at = {stage: mono - self._began_mono for stage, mono in news.stages}
            self._outcomes.append(
                recorded.turn_line(
                    news,
                    self._numbers.of(news.trigger_id),
                    at=now,
                    received=at["received"],
                    first_sound=at.get("first_sample"),
                    text=news.text,
                )
            )


def _hearing(speaking: bool) -> Hearing:
    return Hearing(
        level_dbfs=-20.0 if speaking else -60.0, speaking=speaking, barge_in=False, wants_floor=speaking
    )


def _settings(begin: recorded.Begin, folder: Path) -> config.Settings:
    """The drive's settings, with folders of the simulation's own, and no service that could be asked."""
    (folder / "guide.toml").touch(mode=0o600)
    given = {
        **begin.settings,
        "runtime_dir": folder / "run",
        "state_dir": folder / "state",
        "commentator.ahead.enabled": False,
        "shuttle.id": "drive",
    }
    ours = {f"{config.ENV_PREFIX}{name.replace('.', '__').upper()}": _as_text(given[name]) for name in given}
    return config.load({f"{config.ENV_PREFIX}CONFIG": str(folder / "guide.toml"), **ours}, dotenv=None)


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
