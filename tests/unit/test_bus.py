"""Pipes keep priorities, deadlines and bounds; feeds heal late readers; no socket is stolen quietly."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import stat
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
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
    pipe,
)
from edge.bus.topology import CLASSES, PIPES, PROCESSES, TIMINGS, TRIGGERS, Pipe, Timing, feed_path, pipe_path
from edge.bus.topology import SPEECH as SPEECH_PIPE
from edge.messages import (
    AnyMessage,
    Control,
    Feed,
    Heat,
    Kind,
    Message,
    Playback,
    PlayedSound,
    PoolHoldings,
    ProcessName,
    ProcessState,
    Progress,
    SpeechEnd,
    StopRequest,
    Trigger,
    Turn,
)
from tests.support.lying_feed import LyingFeed
from tests.support.told import playback
from tests.support.waiting import PATIENCE_S, until

SPEECH: tuple[Pipe[Any], ProcessName] = (SPEECH_PIPE, "commentator")
"""A pipe and who sends into it."""


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:  # short: a socket path may have 107 bytes
        yield Path(name)


@pytest.fixture
async def context() -> AsyncIterator[zmq.asyncio.Context]:
    context = zmq.asyncio.Context()
    yield context
    context.destroy(linger=0)


def later(seconds: float = 60.0) -> float:
    return time.monotonic() + seconds


def end(name: str) -> SpeechEnd:
    return SpeechEnd(turn_id=name)


async def test_priorities_overtake_what_waits(folder: Path, context: zmq.asyncio.Context) -> None:
    sender = PipeSender(folder, *SPEECH)
    sender.start(context)
    for name, priority in [("first", 1), ("low", 1), ("high", 5), ("middle", 3)]:
        sender.put(end(name), priority=priority, expires_mono=later())
        await asyncio.sleep(0)  # "first" is taken in hand before the others come
        await asyncio.sleep(0)
    heard: list[str] = []
    receiver = PipeReceiver(folder, *SPEECH, lambda message: heard.append(message.turn_id))
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
        folder,
        *SPEECH,
        capacity=3,
        on_drop=lambda m, d: dropped.append((m.turn_id, d)),  # type: ignore[union-attr]
    )
    for name, priority in [("a1", 1), ("b2", 2), ("c1", 1), ("d3", 3)]:
        sender.put(end(name), priority=priority, expires_mono=later())
    assert dropped == [("a1", Delivery.EVICTED)]
    await sender.close()


async def test_what_expires_is_given_up_and_told(folder: Path, context: zmq.asyncio.Context) -> None:
    sender = PipeSender(folder, *SPEECH)
    sender.start(context)
    assert await sender.put(end("x"), priority=1, expires_mono=later(0.2)) is Delivery.EXPIRED
    await sender.close()


async def test_a_receiver_that_comes_late_gets_what_waited(
    folder: Path, context: zmq.asyncio.Context
) -> None:
    sender = PipeSender(folder, *SPEECH)
    sender.start(context)
    done = [sender.put(end(str(i)), priority=1, expires_mono=later()) for i in range(20)]
    await asyncio.sleep(0.3)
    heard: list[str] = []
    receiver = PipeReceiver(folder, *SPEECH, lambda message: heard.append(message.turn_id))
    receiver.start(context)
    assert set(await asyncio.gather(*done)) == {Delivery.ACKNOWLEDGED}
    assert heard == [str(i) for i in range(20)]
    await sender.close()
    await receiver.close()


async def test_an_acknowledgement_that_goes_with_a_killed_receiver_holds_nothing_up(
    folder: Path, context: zmq.asyncio.Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ZeroMQ says that there is one, and drops it when the connection ends."""
    really = pipe._ready
    announced: list[float] = []

    async def ready(socket: zmq.asyncio.Socket, direction: int, timeout_s: float) -> bool:
        if direction == zmq.POLLIN and not announced:
            announced.append(timeout_s)
            return True
        return await really(socket, direction, timeout_s)

    monkeypatch.setattr(pipe, "_ready", ready)
    path = pipe_path(folder, *SPEECH)
    path.parent.mkdir(mode=0o700)
    killed = context.socket(zmq.ROUTER)
    killed.bind(f"ipc://{path}")
    sender = PipeSender(folder, *SPEECH)
    sender.start(context)
    sent = sender.put(end("x"), priority=1, expires_mono=later())
    await killed.recv_multipart()
    await until(lambda: bool(announced))
    killed.close(linger=0)
    receiver = PipeReceiver(folder, *SPEECH, lambda message: None)
    receiver.start(context)
    assert await sent is Delivery.ACKNOWLEDGED
    await sender.close()
    await receiver.close()


async def test_a_message_seen_before_is_acknowledged_and_not_handled_again(
    folder: Path, context: zmq.asyncio.Context
) -> None:
    heard: list[AnyMessage] = []
    receiver = PipeReceiver(folder, *SPEECH, heard.append)
    receiver.start(context)
    sender = PipeSender(folder, *SPEECH)
    sender.start(context)
    for message in (
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

    receiver = PipeReceiver(folder, *SPEECH, handle)
    receiver.start(context)
    rude = context.socket(zmq.DEALER)
    rude.connect(f"ipc://{pipe_path(folder, *SPEECH)}")
    for frames in ([b"1", b"\xff\x00rubbish"], [b"one frame"], [b"2", b"a", b"b"], [b"3", b"\x80"]):
        await rude.send_multipart(frames)
    sender = PipeSender(folder, *SPEECH)
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
    folder: Path, context: zmq.asyncio.Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TIMINGS, Control, Timing(period_s=1000.0))  # it is not told again
    publisher = FeedPublisher(folder, "ingest")
    publisher.start(context)
    publisher.keep(Control(muted=True))
    async with asyncio.timeout(PATIENCE_S):
        async for message in FeedSubscriber(folder, Control).messages(context):
            assert message.muted
            break
    await publisher.close()


async def test_what_is_told_after_the_end_is_no_trouble(folder: Path, context: zmq.asyncio.Context) -> None:
    troubles: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, trouble: troubles.append(trouble))
    publisher = FeedPublisher(folder, "ingest")
    publisher.start(context)
    await publisher.close()
    publisher.keep(Control(muted=True))
    gc.collect()
    await asyncio.sleep(0)
    assert troubles == []


async def test_news_that_lie_ready_leave_the_loop_its_other_work(
    folder: Path, context: zmq.asyncio.Context
) -> None:
    async with _two_readers(folder, context) as (publisher, told, beside):
        many = 40 * feed.MOST_IN_A_ROW
        for number in range(many):
            publisher.publish(Control(volume=number / many))
        last = (many - 1) / many
        await until(lambda: any(message.volume == last for message in beside.take()))
        turns = 0

        async def other_work() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        working = asyncio.create_task(other_work())
        assert len([message async for message in _until_volume(told, last)]) >= many
        working.cancel()
        assert turns > 10


async def test_who_reads_later_loses_no_news(folder: Path, context: zmq.asyncio.Context) -> None:
    """They come while the reader does something else, and no event tells of them again."""
    async with _two_readers(folder, context) as (publisher, told, beside):
        for volume in (0.1, 0.2, 0.3):
            publisher.publish(Control(volume=volume))
            await until(lambda: any(message.volume == volume for message in beside.take()))  # noqa: B023
        news = [message.volume async for message in _until_volume(told, 0.3)]
        assert [volume for volume in news if volume] == [0.1, 0.2, 0.3]


@contextlib.asynccontextmanager
async def _two_readers(
    folder: Path, context: zmq.asyncio.Context
) -> AsyncIterator[tuple[FeedPublisher, AsyncGenerator[Control, None], FeedInbox[Control]]]:
    """A feed, one who reads its news as they come, and an inbox; both have heard of it."""
    publisher = FeedPublisher(folder, "ingest")
    publisher.start(context)
    publisher.keep(Control(muted=True))
    told = FeedSubscriber(folder, Control).messages(context)
    beside = FeedInbox(context, folder, Control)
    try:
        async with asyncio.timeout(30):
            await anext(told)
            await until(lambda: bool(beside.take()))
            yield publisher, told, beside
    finally:
        await told.aclose()
        beside.close()
        await publisher.close()


async def _until_volume(told: AsyncGenerator[Control, None], volume: float) -> AsyncGenerator[Control, None]:
    async for message in told:
        yield message
        if message.volume == volume:
            return


async def test_an_inbox_keeps_the_news_until_they_are_asked_for(
    folder: Path, context: zmq.asyncio.Context
) -> None:
    publisher = FeedPublisher(folder, "ingest")
    publisher.start(context)
    inbox = FeedInbox(context, folder, Control)
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
    publisher = FeedPublisher(folder, "speaker")
    publisher.start(context)
    inboxes = [FeedInbox(context, folder, PlayedSound) for _ in range(2)]
    await until(lambda: publisher.is_watched(PlayedSound))
    assert not publisher.is_watched(PoolHoldings)
    inboxes[0].close()
    inboxes[1].close()
    await until(lambda: not publisher.is_watched(PlayedSound))
    await publisher.close()


async def test_what_is_repeated_seldom_greets_its_new_readers_and_bothers_no_others(
    folder: Path, context: zmq.asyncio.Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "HEARTBEAT_S", 0.02)
    publisher = FeedPublisher(folder, "speaker")
    publisher.start(context)
    monkeypatch.setitem(TIMINGS, Playback, Timing(period_s=0.02))
    monkeypatch.setitem(TIMINGS, PoolHoldings, Timing(period_s=1000.0))
    publisher.keep(playback(instance="one"))
    publisher.keep(PoolHoldings(instance="one", voice=""))
    seen: list[Message] = []

    async def read() -> None:
        wanted = FeedSubscriber(folder, Playback, PoolHoldings)
        async for message in wanted.messages(context):
            seen.append(message)

    reading = asyncio.create_task(read())
    await until(lambda: any(isinstance(message, PoolHoldings) for message in seen))
    told = len(seen)
    await until(lambda: sum(isinstance(message, Playback) for message in seen[told:]) > 10)
    assert sum(isinstance(message, PoolHoldings) for message in seen) == 1
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    await publisher.close()


async def test_a_feed_carries_what_its_owner_may_tell(
    folder: Path, context: zmq.asyncio.Context, caplog: pytest.LogCaptureFixture
) -> None:
    publishers = [FeedPublisher(folder, "ingest"), LyingFeed(folder, "telemetry")]
    for publisher in publishers:
        publisher.start(context)
    subscriber = FeedSubscriber(folder, Control, ProcessState, of=["ingest", "telemetry"])
    inbox = FeedInbox(context, folder, Control, ProcessState)
    seen: list[Message] = []

    async def read() -> None:
        async for message in subscriber.messages(context):
            seen.append(message)

    reading = asyncio.create_task(read())
    ingest, telemetry = publishers
    telemetry.keep(Control(muted=True))
    await until(lambda: subscriber.bad["telemetry"].count > 0)
    telemetry.keep(ProcessState(process="speaker", instance="another", ready=True, status=""))
    await until(lambda: subscriber.bad["telemetry"].count > 1)
    assert "telemetry may send ProcessState, Heat, and sent Control" in caplog.text
    ingest.keep(Control(muted=False))
    telemetry.keep(ProcessState(process="telemetry", instance="one", ready=True, status=""))
    news: list[Message] = []
    for messages in (seen, news):
        await until(lambda told=messages: news.extend(inbox.take()) or len({*map(type, told)}) == 2)
        assert not any(isinstance(each, Control) and each.muted for each in messages)
        assert not any(isinstance(each, ProcessState) and each.process == "speaker" for each in messages)
    await until(lambda: news.extend(inbox.take()) or inbox.bad["telemetry"].count > 1)
    assert subscriber.bad["ingest"].count == inbox.bad["ingest"].count == 0
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    inbox.close()
    for publisher in publishers:
        await publisher.close()


@pytest.mark.parametrize("inside", [b"\xa1\xff", b"\x91" * 100_000], ids=["no UTF-8", "too deep"])
def test_what_is_no_message_raises_what_its_readers_expect(inside: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(b"\x82\xa4type\xa8Spending\xa7process" + inside)


async def test_news_told_under_the_name_of_others_are_refused(
    folder: Path, context: zmq.asyncio.Context, caplog: pytest.LogCaptureFixture
) -> None:
    publisher = LyingFeed(folder, "telemetry")
    publisher.start(context)
    inbox = FeedInbox(context, folder, ProcessState)
    await until(lambda: publisher.is_watched(ProcessState))
    publisher.publish(Heat(level=2))
    news: list[Feed] = []
    await until(lambda: news.extend(inbox.take()) or inbox.bad["telemetry"].count)
    assert news == []
    assert "telemetry told Heat as if it were something else" in caplog.text
    inbox.close()
    await publisher.close()


def test_nobody_waits_for_news_that_no_feed_carries(folder: Path, context: zmq.asyncio.Context) -> None:
    with pytest.raises(LookupError, match="no feed of ingest, listener carries Turn"):
        FeedSubscriber(folder, Control, Turn, of=["ingest", "listener"])
    with pytest.raises(LookupError):
        FeedInbox(context, folder, SpeechEnd)


def test_each_feed_is_watched_for_what_it_carries(folder: Path) -> None:
    assert set(FeedSubscriber(folder, Progress, Heat).bad) == {"commentator", "speaker", "telemetry"}
    assert set(FeedSubscriber(folder, ProcessState).bad) == set(PROCESSES)
    assert set(FeedSubscriber(folder, Control, ProcessState, of=["ingest", "speaker"]).bad) == {
        "ingest",
        "speaker",
    }


def test_every_type_of_news_is_carried_by_some_feed_and_each_class_is_there() -> None:
    assert set(TIMINGS) == set(get_args(Feed))
    assert get_args(ProcessName) == PROCESSES
    for process, dotted in CLASSES.items():
        module, _, name = dotted.rpartition(".")
        assert module == f"edge.{process}.main"
        assert callable(getattr(importlib.import_module(module), name))


def trigger(kind: Kind) -> Trigger:
    now = time.monotonic()
    return Trigger(kind=kind, text="Стоп!", received_mono=now, received_at=0.0, expires_mono=now + 10)


@pytest.mark.parametrize(
    ("sender", "message", "taken"),
    [
        ("ingest", trigger("safety"), True),
        ("ingest", trigger("announcement"), True),
        ("ingest", trigger("answer"), True),
        ("ingest", StopRequest(), False),
        ("listener", trigger("answer"), True),
        ("listener", StopRequest(), True),
        ("listener", trigger("safety"), False),
        ("listener", trigger("remark"), False),
        ("listener", end("t"), False),
    ],
    ids=lambda value: getattr(
        value, "kind", type(value).__name__ if isinstance(value, Message) else str(value)
    ),
)
async def test_a_pipe_takes_from_each_sender_what_it_may_send(
    folder: Path, context: zmq.asyncio.Context, sender: ProcessName, message: AnyMessage, taken: bool
) -> None:
    heard: list[AnyMessage] = []
    receiver = PipeReceiver(folder, TRIGGERS, sender, heard.append)
    receiver.start(context)
    way = PipeSender(folder, TRIGGERS, sender)
    way.start(context)
    sent = way.put(message, priority=1, expires_mono=later())
    assert await sent is Delivery.ACKNOWLEDGED, "what is refused shall not come again"
    assert heard == ([message] if taken else [])
    assert receiver.bad.count == (not taken)
    await way.close()
    await receiver.close()


def test_who_sends_safety_is_ingest_alone() -> None:
    may = [(sends.process, sends.kinds) for pipe in PIPES for sends in pipe.senders]
    assert [process for process, kinds in may if "safety" in kinds] == ["ingest"]


def test_nobody_else_has_an_end_of_a_pipe(folder: Path) -> None:
    with pytest.raises(LookupError, match="telemetry sends nothing to commentator"):
        PipeSender(folder, TRIGGERS, "telemetry")


async def test_a_message_too_long_breaks_its_own_connection_and_harms_nothing(
    folder: Path, context: zmq.asyncio.Context
) -> None:
    heard: list[AnyMessage] = []
    receiver = PipeReceiver(folder, *SPEECH, heard.append)
    receiver.start(context)
    rude = context.socket(zmq.DEALER)
    monitor = rude.get_monitor_socket(zmq.EVENT_DISCONNECTED)
    rude.connect(f"ipc://{pipe_path(folder, *SPEECH)}")
    await rude.send_multipart([b"1", encode(end("x" * (pipe.MAX_BYTES + 1)))])
    assert await monitor.poll(1000 * PATIENCE_S), "the connection is closed"
    rude.disable_monitor()
    sender = PipeSender(folder, *SPEECH)
    sender.start(context)
    assert await sender.put(end("good"), priority=1, expires_mono=later()) is Delivery.ACKNOWLEDGED
    assert [message.turn_id for message in heard] == ["good"]  # type: ignore[union-attr]
    rude.close()
    await sender.close()
    await receiver.close()


async def test_an_id_too_long_to_be_remembered_is_refused(folder: Path, context: zmq.asyncio.Context) -> None:
    heard: list[AnyMessage] = []
    receiver = PipeReceiver(folder, *SPEECH, heard.append)
    receiver.start(context)
    rude = context.socket(zmq.DEALER)
    rude.connect(f"ipc://{pipe_path(folder, *SPEECH)}")
    await rude.send_multipart([b"1" * (pipe.MAX_ID_BYTES + 1), encode(end("bad"))])
    await rude.send_multipart([b"1" * pipe.MAX_ID_BYTES, encode(end("good"))])
    await until(lambda: len(heard) == 1)
    assert [message.turn_id for message in heard] == ["good"]  # type: ignore[union-attr]
    assert receiver.bad.count == 1
    rude.close()
    await receiver.close()


async def test_an_honest_sender_gives_up_what_would_break_the_connection(
    folder: Path, context: zmq.asyncio.Context, caplog: pytest.LogCaptureFixture
) -> None:
    receiver = PipeReceiver(folder, *SPEECH, lambda message: None)
    receiver.start(context)
    sender = PipeSender(folder, *SPEECH)
    sender.start(context)
    too_long = end("x" * pipe.MAX_BYTES)
    assert await sender.put(too_long, priority=1, expires_mono=later()) is Delivery.TOO_LONG
    assert "gave up SpeechEnd" in caplog.text
    assert await sender.put(end("good"), priority=1, expires_mono=later()) is Delivery.ACKNOWLEDGED
    await sender.close()
    await receiver.close()


async def test_news_too_long_is_told_to_nobody(
    folder: Path,
    context: zmq.asyncio.Context,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(feed, "MAX_BYTES", 1000)
    publisher = FeedPublisher(folder, "speaker")
    publisher.start(context)
    inbox = FeedInbox(context, folder, PoolHoldings)
    publisher.keep(PoolHoldings(instance="one", voice="short"))
    publisher.keep(PoolHoldings(instance="one", voice="long" * 1000))
    assert publisher.bad.count == 1
    assert "PoolHoldings has" in caplog.text
    news: list[Feed] = []
    await until(lambda: news.extend(inbox.take()) or news)
    assert [message.voice for message in news] == ["short"]  # type: ignore[union-attr]
    inbox.close()
    await publisher.close()


async def test_a_reader_that_asks_for_what_does_not_exist_is_not_remembered(
    folder: Path, context: zmq.asyncio.Context
) -> None:
    publisher = FeedPublisher(folder, "speaker")
    publisher.start(context)
    reader = context.socket(zmq.SUB)
    reader.connect(f"ipc://{feed_path(folder, 'speaker')}")
    for number in range(100):
        reader.subscribe(f"nothing {number}")
    reader.subscribe(Playback.__name__)
    await until(lambda: publisher.is_watched(Playback))
    assert publisher._watched == {"Playback"}
    reader.close()
    await publisher.close()


async def test_sockets_lie_in_a_private_directory(folder: Path, context: zmq.asyncio.Context) -> None:
    publisher = FeedPublisher(folder, "ingest")
    publisher.start(context)
    assert stat.S_IMODE((folder / "ingest").stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "ingest" / "feed.lock").stat().st_mode) == 0o600
    await publisher.close()


@pytest.mark.parametrize(
    ("before", "after"), [(0o2750, 0o2750), (0o2710, 0o2710), (0o777, 0o750), (0o3777, 0o3750)]
)
async def test_a_group_may_enter_and_nobody_else_writes(
    folder: Path, context: zmq.asyncio.Context, before: int, after: int
) -> None:
    (folder / "ingest").mkdir()
    (folder / "ingest").chmod(before)
    publisher = FeedPublisher(folder, "ingest")
    publisher.start(context)
    assert stat.S_IMODE((folder / "ingest").stat().st_mode) == after
    await publisher.close()


async def test_the_group_may_connect_and_nobody_else(folder: Path, context: zmq.asyncio.Context) -> None:
    publisher = FeedPublisher(folder, "ingest")
    publisher.start(context)
    assert stat.S_IMODE(feed_path(folder, "ingest").stat().st_mode) == 0o660
    await publisher.close()


async def test_a_path_in_use_and_a_stolen_path_are_told(folder: Path, context: zmq.asyncio.Context) -> None:
    first = FeedPublisher(folder, "ingest")
    first.start(context)
    with pytest.raises(PathTakenError, match="already running"):
        FeedPublisher(folder, "ingest").start(context)
    first.check()
    feed_path(folder, "ingest").unlink()
    feed_path(folder, "ingest").touch()
    with pytest.raises(PathTakenError, match="somebody else"):
        first.check()
    await first.close()
    again = FeedPublisher(folder, "ingest")
    again.start(context)
    await again.close()


def test_a_path_too_long_for_a_socket_is_told() -> None:
    with pytest.raises(PathTakenError, match="runtime_dir"):
        PipeReceiver(Path("/tmp") / ("x" * 120), *SPEECH, lambda message: None).start(zmq.asyncio.Context())


@given(st.builds(SpeechEnd, turn_id=st.text(max_size=40)))
def test_messages_survive_the_wire(message: SpeechEnd) -> None:
    assert decode(encode(message)) == message
