"""Messages over an MQTT session with a real broker: none lost, none out of order, none without an end."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time

import pytest
from paho.mqtt import publish as blocking_publish

from edge.config import MqttSettings
from edge.mqtt import (
    Incoming,
    MqttSession,
    OutgoingQueueFullError,
    SessionClosedError,
    SessionOptions,
    inbox,
    options,
)
from tests.support.broker import Broker
from tests.support.mqtt_peer import ACCEPT_5, LEVEL_5, ScriptedPeer
from tests.support.mqtt_watch import Watch
from tests.support.ports import free_port
from tests.support.waiting import until

BOTH_VERSIONS = pytest.mark.parametrize("protocol", ["5", "3.1.1"])


# --- what a session is for ---


@BOTH_VERSIONS
async def test_a_message_goes_round(broker: Broker, protocol: str) -> None:
    settings = broker.settings(protocol=protocol)
    before_mono, before_at = time.monotonic(), time.time()
    async with Watch(settings, "out") as out, Watch(settings, "in", subscriptions=("a/+", "b")) as into:
        await into.until_connected()
        await out.session.publish("a/x", "привет")
        await out.session.publish("b", b"\xff", qos=0)
        await into.until(lambda: len(into.messages) == 2)
    first, second = into.messages
    assert (first.topic, first.payload, first.qos) == ("a/x", "привет".encode(), 1)
    assert (second.topic, second.payload, second.qos) == ("b", b"\xff", 0)
    assert not first.retain
    assert before_mono <= first.received_mono <= time.monotonic()
    assert before_at <= first.received_at <= time.time()
    assert into.session.state.name == "closed"
    assert [state.name for state in into.states] == ["connected", "closed"]
    assert into.states[0].text == f"connected to 127.0.0.1:{broker.port} (MQTT {protocol})"


async def test_a_packet_too_large_to_be_of_use_is_not_sent_over_mqtt_5(broker: Broker) -> None:
    async with (
        Watch(broker.settings(), "out") as out,
        Watch(broker.settings(), "in", subscriptions=("a",)) as into,
    ):
        await into.until_connected()
        for payload in (b"x" * options.MAX_PACKET_BYTES, b"small"):
            await out.session.publish("a", payload)
        await into.until(lambda: bool(into.messages))
    assert into.payloads() == [b"small"]
    assert [state.name for state in into.states] == ["connected", "closed"]


async def test_retained_messages_say_so(broker: Broker) -> None:
    async with Watch(broker.settings(), "out") as out:
        await out.session.publish("kept", "1", retain=True)
    async with Watch(broker.settings(), "in", subscriptions=("kept",)) as into:
        await into.until(lambda: len(into.messages) == 1)
    assert into.messages[0].retain


# --- acknowledging ---


async def test_messages_are_acknowledged_in_order_and_unacknowledged_ones_bounded(broker: Broker) -> None:
    async with (
        Watch(broker.settings(), "out") as out,
        Watch(broker.settings(), "in", subscriptions=("t",), manual_ack=True, receive_maximum=3) as into,
    ):
        await into.until_connected()
        for number in range(5):
            await out.session.publish("t", str(number))
        await into.until(lambda: len(into.messages) == 3)
        into.messages[1].ack()
        into.messages[2].ack()
        await asyncio.sleep(0.2)
        assert into.payloads() == [b"0", b"1", b"2"], "1 and 2 must not be acknowledged before 0"
        into.messages[0].ack()
        await into.until(lambda: into.payloads() == [b"0", b"1", b"2", b"3", b"4"])


async def test_a_broker_that_waits_for_no_acknowledgement_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """By then it has used each packet identifier, and what is kept of each message would fill the memory."""
    most = 300
    monkeypatch.setattr(inbox, "MAX_UNACKNOWLEDGED", most)
    async with (
        ScriptedPeer({LEVEL_5: ACCEPT_5}).serving() as peer,
        Watch(MqttSettings(port=peer.port), subscriptions=("t",), manual_ack=True) as watch,
    ):
        await watch.until_connected()
        for mid in range(1, most + 10):  # while one is handed from thread to thread it is not counted
            peer.tell_all(b"\x32\x06\0\x01t" + mid.to_bytes(2, "big") + b"\0")
        lost = await watch.until_state("lost")
    assert f"{most} messages without an acknowledgement" in lost.text


@BOTH_VERSIONS
async def test_what_was_not_acknowledged_comes_again(broker: Broker, protocol: str) -> None:
    settings = broker.settings(protocol=protocol)
    options = {"subscriptions": ("t",), "session_expiry_s": 86_400, "manual_ack": True}
    async with Watch(settings, "in", **options) as first:
        await first.until_connected()
        async with Watch(settings, "out") as out:
            await out.session.publish("t", "once")
        await first.until(lambda: len(first.messages) == 1)
    async with Watch(settings, "in", **options) as second:
        await second.until(lambda: second.payloads() == [b"once"])
        assert second.messages[0].dup
        assert second.messages[0].mid == first.messages[0].mid


async def test_an_acknowledgement_that_comes_after_the_connection_does_no_harm(broker: Broker) -> None:
    options = {"subscriptions": ("t",), "session_expiry_s": 86_400, "manual_ack": True}
    async with Watch(broker.settings(), "in", **options) as into, Watch(broker.settings(), "out") as out:
        await into.until_connected()
        await out.session.publish("t", "1")
        await into.until(lambda: len(into.messages) == 1)
        broker.stop()
        await into.until_state("lost")
        broker.start()
        await into.until_connected()
        into.messages[0].ack()
        await out.session.publish("t", "2")
        await into.until(lambda: b"2" in into.payloads())


@BOTH_VERSIONS
@pytest.mark.parametrize(("expiry_s", "kept"), [(86_400, True), (0, False)])
async def test_the_broker_keeps_messages_for_a_session_that_expires_late(
    broker: Broker, protocol: str, expiry_s: int, kept: bool
) -> None:
    settings = broker.settings(protocol=protocol)
    options = {"subscriptions": ("t",), "session_expiry_s": expiry_s}
    async with Watch(settings, "in", **options) as watch:
        await watch.until_connected()
    async with Watch(settings, "out") as out:
        await out.session.publish("t", "while away")
        async with Watch(settings, "in", **options) as watch:
            await watch.until_connected()
            await out.session.publish("t", "now")
            await watch.until(lambda: b"now" in watch.payloads())
    assert watch.payloads() == ([b"while away", b"now"] if kept else [b"now"])


async def test_a_receiver_that_fails_does_not_stop_the_session(broker: Broker) -> None:
    got: list[bytes] = []

    def fail_first(message: object) -> None:
        got.append(message.payload)  # type: ignore[attr-defined]
        if len(got) == 1:
            raise ValueError("bad day")

    options = SessionOptions(client_id="in", subscriptions=("t",))
    async with (
        MqttSession(broker.settings(), options, on_message=fail_first) as session,
        Watch(broker.settings(), "out") as out,
    ):
        await session.wait_connected()
        await out.session.publish("t", "1")
        await out.session.publish("t", "2")
        await until(lambda: got == [b"1", b"2"])


async def test_a_flood_of_qos_0_is_bounded_and_counted(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "MAX_UNREAD", 5)
    async with Watch(broker.settings(), "in", subscriptions=("t",)) as watch:
        await watch.until_connected()
        # Blocks the event loop, while the network thread receives.
        blocking_publish.multiple([("t", "x", 0, False)] * 50, hostname="127.0.0.1", port=broker.port)
        deadline = time.monotonic() + 30
        while watch.session.counters["mqtt.unread_dropped"] < 45 and time.monotonic() < deadline:
            time.sleep(0.01)  # noqa: ASYNC251 - on purpose
        await watch.until(lambda: len(watch.messages) == 5)
    assert watch.session.counters["mqtt.unread_dropped"] == 45


@pytest.mark.parametrize("qos", [0, 1])
async def test_a_flood_on_one_session_does_not_stand_before_another_s_message(
    broker: Broker, qos: int
) -> None:
    handled: list[tuple[Incoming, float]] = []

    def handle(message: Incoming) -> None:
        handled.append((message, time.monotonic()))
        time.sleep(0.002)  # as long as an event may take

    def session(topic: str) -> MqttSession:
        options = SessionOptions(client_id=topic, subscriptions=(topic,))
        return MqttSession(broker.settings(), options, on_message=handle)

    def publish(topic: str, count: int, after_s: float = 0.0) -> subprocess.Popen[bytes]:
        lines = f"sleep {after_s}; yes x | head -{count}"
        return subprocess.Popen(
            ["sh", "-c", f"({lines}) | mosquitto_pub -p {broker.port} -t {topic} -q {qos} -l"]
        )

    async with session("event") as events, session("safety") as safety:
        await events.wait_connected()
        await safety.wait_connected()
        with publish("event", 800), publish("safety", 1, after_s=0.2):  # in the middle of the flood
            await until(lambda: any(message.topic == "safety" for message, _ in handled))
    warning, heard_mono = next(each for each in handled if each[0].topic == "safety")
    before_it = [at for _, at in handled if warning.received_mono < at < heard_mono]
    assert len(before_it) < 50, "it waits for its turn, and not for the flood's end"


# --- publishing ---


async def test_what_is_published_while_the_broker_is_away_arrives_in_order(broker: Broker) -> None:
    async with Watch(broker.settings(), "out") as out:
        await out.until_connected()
        broker.stop()
        await out.until_state("lost")
        waiting = [out.session.publish("t", str(number), retain=number == 2) for number in range(3)]
        assert not any(done.done() for done in waiting)
        broker.start()
        await asyncio.gather(*waiting)
    async with Watch(broker.settings(), "in", subscriptions=("t",)) as into:
        await into.until(lambda: into.payloads() == [b"2"])


async def test_a_full_queue_is_an_error_at_once_and_closing_fails_what_waits() -> None:
    async with Watch(MqttSettings(port=free_port()), max_queued_messages=2) as watch:
        waiting = [watch.session.publish("t", "x") for _ in range(2)]
        with pytest.raises(OutgoingQueueFullError, match="2 messages already wait"):
            watch.session.publish("t", "too many")
    for done in waiting:
        with pytest.raises(SessionClosedError):
            await done
    with pytest.raises(SessionClosedError):
        watch.session.publish("t", "too late")
    with pytest.raises(SessionClosedError):
        await watch.session.wait_connected()


async def test_what_is_no_topic_is_refused_at_once() -> None:
    session = MqttSession(MqttSettings(port=free_port()), SessionOptions(client_id="x"))
    for topic in ("", "a/+", "#", "nul\0"):
        with pytest.raises(ValueError, match="without wildcards"):
            session.publish(topic, "x")
    with pytest.raises(ValueError, match="QoS"):
        session.publish("t", "x", qos=2)


async def test_the_last_will_speaks_for_a_process_that_died(broker: Broker) -> None:
    program = (
        "import asyncio\nfrom edge.config import MqttSettings\nfrom edge.mqtt import *\n"
        "async def main():\n"
        f"    options = SessionOptions(client_id='dies', will=Will(topic='status', payload=b'gone'))\n"
        f"    async with MqttSession(MqttSettings(port={broker.port}), options) as session:\n"
        "        await session.publish('status', 'here', retain=True)\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    try:
        async with Watch(broker.settings(), "in", subscriptions=("status",)) as watch:
            await watch.until(lambda: watch.payloads() == [b"here"])
            process.kill()
            await watch.until(lambda: watch.payloads() == [b"here", b"gone"])
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
