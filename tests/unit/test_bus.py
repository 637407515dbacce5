"""Pipes keep priorities, deadlines and bounds; feeds heal late readers; no socket is stolen quietly."""

from __future__ import annotations

import asyncio
import stat
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import zmq
import zmq.asyncio
from hypothesis import given
from hypothesis import strategies as st

from edge.bus import (
    Delivery,
    FeedInbox,
    FeedPublisher,
    FeedSubscriber,
    PathTakenError,
    PipeReceiver,
    PipeSender,
    decode,
    encode,
    feed,
)
from edge.messages import AnyMessage, Control, Feed, PlayedSound, PoolHoldings, SpeechEnd


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:  # short: a socket path may have 107 bytes
        yield Path(name)


@pytest.fixture
async def context() -> AsyncIterator[zmq.asyncio.Context]:
    context = zmq.asyncio.Context()
    yield context
    context.destroy(linger=0)


def later(seconds: float = 10.0) -> float:
    return time.monotonic() + seconds


def end(name: str) -> SpeechEnd:
    return SpeechEnd(turn_id=name)


async def until(condition: object, timeout_s: float = 5.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():  # type: ignore[operator]
            await asyncio.sleep(0.01)


async def test_priorities_overtake_what_waits(folder: Path, context: zmq.asyncio.Context) -> None:
    sender = PipeSender(folder / "p")
    sender.start(context)
    for name, priority in [("first", 1), ("low", 1), ("high", 5), ("middle", 3)]:
        sender.put(end(name), priority=priority, expires_mono=later())
        await asyncio.sleep(0)  # "first" is taken in hand before the others come
        await asyncio.sleep(0)
    heard: list[str] = []
    receiver = PipeReceiver(folder / "p", lambda message: heard.append(message.turn_id))  # type: ignore[union-attr]
    receiver.start(context)
    await until(lambda: len(heard) == 4)
    assert heard == ["first", "high", "middle", "low"]
    await sender.close()
    await receiver.close()


async def test_a_full_queue_gives_up_the_oldest_of_the_lowest_priority(
    folder: Path, context: zmq.asyncio.Context
) -> None:
    dropped: list[tuple[str, Delivery]] = []
    sender = PipeSender(
        folder / "p",
        capacity=3,
        on_drop=lambda m, d: dropped.append((m.turn_id, d)),  # type: ignore[union-attr]
    )
    for name, priority in [("a1", 1), ("b2", 2), ("c1", 1), ("d3", 3)]:
        sender.put(end(name), priority=priority, expires_mono=later())
    assert dropped == [("a1", Delivery.EVICTED)]
    assert sender.dropped == {"evicted": 1}
    await sender.close()


async def test_what_expires_is_given_up_and_told(folder: Path, context: zmq.asyncio.Context) -> None:
    sender = PipeSender(folder / "nobody")
    sender.start(context)
    assert await sender.put(end("x"), priority=1, expires_mono=later(0.2)) is Delivery.EXPIRED
    await sender.close()


async def test_a_receiver_that_comes_late_gets_what_waited(
    folder: Path, context: zmq.asyncio.Context
) -> None:
    sender = PipeSender(folder / "p")
    sender.start(context)
    done = [sender.put(end(str(i)), priority=1, expires_mono=later()) for i in range(20)]
    await asyncio.sleep(0.3)
    heard: list[str] = []
    receiver = PipeReceiver(folder / "p", lambda message: heard.append(message.turn_id))  # type: ignore[union-attr]
    receiver.start(context)
    assert set(await asyncio.gather(*done)) == {Delivery.ACKNOWLEDGED}
    assert heard == [str(i) for i in range(20)]
    await sender.close()
    await receiver.close()


async def test_a_message_seen_before_is_acknowledged_and_not_handled_again(
    folder: Path, context: zmq.asyncio.Context
) -> None:
    heard: list[AnyMessage] = []
    receiver = PipeReceiver(folder / "p", heard.append, done=["old"])
    receiver.start(context)
    sender = PipeSender(folder / "p")
    sender.start(context)
    for message in (
        SpeechEnd(id="old", turn_id="t"),
        SpeechEnd(id="new", turn_id="t"),
        SpeechEnd(id="new", turn_id="t"),
    ):
        assert await sender.put(message, priority=1, expires_mono=later()) is Delivery.ACKNOWLEDGED
    assert [message.id for message in heard] == ["new"]
    await sender.close()
    await receiver.close()


async def test_rubbish_and_a_failing_handler_stop_nothing(
    folder: Path, context: zmq.asyncio.Context, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[str] = []

    def handle(message: AnyMessage) -> None:
        assert isinstance(message, SpeechEnd)
        if message.turn_id == "bad":
            raise ValueError("no")
        heard.append(message.turn_id)

    receiver = PipeReceiver(folder / "p", handle)
    receiver.start(context)
    rude = context.socket(zmq.DEALER)
    rude.connect(f"ipc://{folder / 'p'}")
    for frames in ([b"1", b"\xff\x00rubbish"], [b"one frame"], [b"2", b"a", b"b"], [b"3", b"\x80"]):
        await rude.send_multipart(frames)
    sender = PipeSender(folder / "p")
    sender.start(context)
    for name in ("bad", "good"):
        assert await sender.put(end(name), priority=1, expires_mono=later()) is Delivery.ACKNOWLEDGED
    await until(lambda: receiver.bad.count == 4)
    assert heard == ["good"]
    assert caplog.text.count("refused") == 1  # told once a minute
    rude.close()
    await sender.close()
    await receiver.close()


async def test_a_late_reader_of_a_feed_gets_the_state_at_once(
    folder: Path, context: zmq.asyncio.Context
) -> None:
    publisher = FeedPublisher(folder / "f")
    publisher.start(context)
    publisher.keep(Control(muted=True))
    started = time.monotonic()
    async with asyncio.timeout(5):
        async for message in FeedSubscriber({folder / "f": [Control]}).messages(context):
            assert isinstance(message, Control)
            assert message.muted
            break
    assert time.monotonic() - started < 5
    await publisher.close()


async def test_an_inbox_keeps_the_news_until_they_are_asked_for(
    folder: Path, context: zmq.asyncio.Context
) -> None:
    publisher = FeedPublisher(folder / "f")
    publisher.start(context)
    inbox = FeedInbox(context, {folder / "f": [Control]})
    await until(lambda: publisher.is_watched(Control))
    publisher.publish(Control(volume=0.1))
    publisher.publish(Control(volume=0.2))
    news = []
    await until(lambda: news.extend(inbox.take()) or len(news) == 2)
    assert [message.volume for message in news] == [0.1, 0.2]
    assert inbox.take() == []
    inbox.close()
    await publisher.close()


async def test_a_publisher_knows_whether_somebody_wants_a_type(
    folder: Path, context: zmq.asyncio.Context
) -> None:
    publisher = FeedPublisher(folder / "f")
    publisher.start(context)
    inboxes = [FeedInbox(context, {folder / "f": [PlayedSound]}) for _ in range(2)]
    await until(lambda: publisher.is_watched(PlayedSound))
    assert not publisher.is_watched(Control)
    inboxes[0].close()
    inboxes[1].close()
    await until(lambda: not publisher.is_watched(PlayedSound))
    await publisher.close()


async def test_what_is_repeated_seldom_greets_its_new_readers_and_bothers_no_others(
    folder: Path, context: zmq.asyncio.Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "HEARTBEAT_S", 0.02)
    publisher = FeedPublisher(folder / "f")
    publisher.start(context)
    publisher.keep(Control(muted=True), every_s=0.02)
    publisher.keep(PoolHoldings(instance="one", voice=""), every_s=1000.0)
    seen: list[Feed] = []

    async def read() -> None:
        async for message in FeedSubscriber({folder / "f": [Control, PoolHoldings]}).messages(context):
            seen.append(message)

    reading = asyncio.create_task(read())
    await until(lambda: sum(isinstance(message, Control) for message in seen) > 10)
    assert sum(isinstance(message, PoolHoldings) for message in seen) == 1
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    await publisher.close()


async def test_sockets_lie_in_a_private_directory(folder: Path, context: zmq.asyncio.Context) -> None:
    publisher = FeedPublisher(folder / "run" / "f")
    publisher.start(context)
    assert stat.S_IMODE((folder / "run").stat().st_mode) == 0o700
    await publisher.close()


async def test_a_directory_shared_by_users_of_one_group_stays_as_it_is(
    folder: Path, context: zmq.asyncio.Context
) -> None:
    shared = folder / "run"
    shared.mkdir()
    shared.chmod(0o3770)
    publisher = FeedPublisher(shared / "f")
    publisher.start(context)
    assert stat.S_IMODE(shared.stat().st_mode) == 0o3770
    await publisher.close()


async def test_the_group_may_connect_and_nobody_else(folder: Path, context: zmq.asyncio.Context) -> None:
    publisher = FeedPublisher(folder / "f")
    publisher.start(context)
    assert stat.S_IMODE((folder / "f").stat().st_mode) == 0o660
    await publisher.close()


async def test_a_shared_directory_that_others_may_enter_is_refused(
    folder: Path, context: zmq.asyncio.Context
) -> None:
    shared = folder / "run"
    shared.mkdir()
    shared.chmod(0o3777)
    with pytest.raises(PathTakenError, match="mode 3777"):
        FeedPublisher(shared / "f").start(context)


async def test_a_path_in_use_and_a_stolen_path_are_told(folder: Path, context: zmq.asyncio.Context) -> None:
    first = FeedPublisher(folder / "f")
    first.start(context)
    with pytest.raises(PathTakenError, match="already running"):
        FeedPublisher(folder / "f").start(context)
    first.check()
    (folder / "f").unlink()
    (folder / "f").touch()
    with pytest.raises(PathTakenError, match="somebody else"):
        first.check()
    await first.close()
    again = FeedPublisher(folder / "f")
    again.start(context)
    await again.close()


def test_a_path_too_long_for_a_socket_is_told() -> None:
    with pytest.raises(PathTakenError, match="runtime_dir"):
        PipeReceiver(Path("/tmp") / ("x" * 120), lambda message: None).start(zmq.asyncio.Context())


@given(st.builds(SpeechEnd, turn_id=st.text(max_size=40)))
def test_messages_survive_the_wire(message: SpeechEnd) -> None:
    assert decode(encode(message)) == message
