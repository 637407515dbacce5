"""``shuttle/{id}/spoken``: what displays are told, and only where the operator wants it."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import jsonschema
import zmq.asyncio

from edge.bus import FeedPublisher
from edge.messages import GuideWords, Priority, ProcessState, TimedWord
from tests.support.broker import Broker
from tests.support.guide import SHUTTLE_ID
from tests.support.mqtt_watch import Watch
from tests.support.telemetry_alone import TelemetryAlone

SCHEMA = Path(__file__).parents[2] / "docs/schema/spoken.schema.json"
TOPIC = f"shuttle/{SHUTTLE_ID}/spoken"


@contextlib.asynccontextmanager
async def scene(
    folder: Path, broker: Broker, settings: dict[str, str]
) -> AsyncIterator[tuple[TelemetryAlone, FeedPublisher, Watch]]:
    """Telemetry, the speaker's feed, and a display."""
    environment = {"SHUTTLE_GUIDE_MQTT__PORT": str(broker.port), **settings}
    context = zmq.asyncio.Context()
    async with (
        TelemetryAlone(folder, environment) as telemetry,
        Watch(broker.settings(), "display", subscriptions=(TOPIC,)) as display,
    ):
        feed = FeedPublisher(telemetry.runtime_dir, "speaker")
        feed.start(context)
        try:
            await display.until_connected()
            yield telemetry, feed, display
        finally:
            await feed.close()
            context.destroy(linger=0)


def words(*begins_mono: float | None) -> GuideWords:
    return GuideWords(
        instance="i",
        turn_id="t",
        priority=Priority.ANSWER,
        language="en",
        text="5 km left",
        words=tuple(
            TimedWord(start, end, begins)
            for (start, end), begins in zip(((0, 4), (5, 9)), begins_mono, strict=False)
        ),
    )


async def test_each_change_is_told_once_in_unix_time_and_fits_its_schema(
    tmp_path: Path, broker: Broker
) -> None:
    async with scene(tmp_path, broker, {"SHUTTLE_GUIDE_TELEMETRY__SPOKEN": "true"}) as at:
        telemetry, feed, display = at
        await telemetry.until(lambda: feed.is_watched(GuideWords), "the words to be watched")
        now_mono, now_at = time.monotonic(), time.time()
        feed.keep(words(now_mono + 1.0))
        feed.keep(words(now_mono + 1.0, now_mono + 1.5))
        await display.until(lambda: len(display.messages) == 2)
        # The heartbeat has repeated the words before this comes.
        feed.keep(GuideWords(instance="i"))
        await display.until(lambda: len(display.messages) == 3)
    told = [json.loads(payload) for payload in display.payloads()]
    for each in told:
        jsonschema.validate(each, json.loads(SCHEMA.read_text("utf-8")))
    assert [len(each["words"]) for each in told] == [1, 2, 0]
    assert told[0]["kind"] == "answer"
    assert abs(told[0]["words"][0]["begins_at"] - (now_at + 1.0)) < 0.1
    assert not any(message.retain for message in display.messages)


async def test_it_is_silent_and_watches_nothing_by_itself(tmp_path: Path, broker: Broker) -> None:
    async with scene(tmp_path, broker, {}) as at:
        telemetry, feed, display = at
        await telemetry.until(lambda: feed.is_watched(ProcessState), "the speaker to be watched")
        assert not feed.is_watched(GuideWords)
        feed.keep(words(1.0))
        before = telemetry.state
        await telemetry.until(lambda: telemetry.state is not before, "telemetry to have gone on")
        assert not feed.is_watched(GuideWords)
        assert display.messages == []
