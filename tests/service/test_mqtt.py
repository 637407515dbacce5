"""An MQTT session with a real broker: connected means connected, and what is lost comes back by itself."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec
import pytest
from paho.mqtt import publish as blocking_publish

from edge.config import ConfigError, Mqtt, Secret
from edge.mqtt import (
    MessageExpiredError,
    MqttSession,
    OutgoingQueueFullError,
    SessionClosedError,
    SessionOptions,
    connection,
)
from tests.support.broker import Broker, running
from tests.support.mqtt_peer import (
    ACCEPT_5,
    ACCEPT_311,
    HANG_UP,
    LEVEL_5,
    LEVEL_311,
    REFUSE_VERSION_5,
    REFUSE_VERSION_311,
    ScriptedPeer,
)
from tests.support.mqtt_watch import Watch
from tests.support.ports import free_port
from tests.support.waiting import until

BOTH_VERSIONS = pytest.mark.parametrize("protocol", ["5", "3.1.1"])


def settings_for(port: int, **changes: object) -> Mqtt:
    return Mqtt(**{"port": port, "backoff_max_s": 0.2} | changes)  # type: ignore[arg-type]


async def until_no_thread(client_id: str) -> None:
    """Wait for the network threads' last few instructions, after their end was announced."""
    name = f"paho-mqtt-client-{client_id}"
    await until(lambda: all(thread.name != name for thread in threading.enumerate()))


def open_descriptors() -> int:
    if sys.platform != "linux":
        pytest.skip("no /proc to count open descriptors in")
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a count, not paths


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


async def test_retained_messages_say_so(broker: Broker) -> None:
    async with Watch(broker.settings(), "out") as out:
        await out.session.publish("kept", "1", retain=True)
    async with Watch(broker.settings(), "in", subscriptions=("kept",)) as into:
        await into.until(lambda: len(into.messages) == 1)
    assert into.messages[0].retain


# --- which version of the protocol ---


@pytest.mark.parametrize("refusal", [REFUSE_VERSION_5, REFUSE_VERSION_311, HANG_UP])
async def test_a_broker_without_mqtt_5_gets_3_1_1_and_that_is_remembered(refusal: bytes) -> None:
    async with ScriptedPeer({LEVEL_5: refusal, LEVEL_311: ACCEPT_311}).serving() as peer:
        async with Watch(settings_for(peer.port), subscriptions=("t",)) as watch:
            await watch.until_connected()
            assert watch.states[-1].text.endswith("(MQTT 3.1.1)")
            peer.drop_all()
            await watch.until_state("lost")
            await watch.until_connected()
            await watch.session.publish("t", "still works")
        assert peer.levels == [LEVEL_5, LEVEL_311, LEVEL_311]


async def test_a_broker_that_spoke_mqtt_5_once_is_not_downgraded_by_a_hang_up() -> None:
    answers = {LEVEL_5: ACCEPT_5, LEVEL_311: ACCEPT_311}
    async with ScriptedPeer(answers).serving() as peer, Watch(settings_for(peer.port)) as watch:
        await watch.until_connected()
        answers[LEVEL_5] = HANG_UP
        peer.drop_all()
        await watch.until_state("unreachable")
        answers[LEVEL_5] = ACCEPT_5
        await watch.until_connected()
        assert set(peer.levels) == {LEVEL_5}


async def test_a_set_version_is_not_changed() -> None:
    async with (
        ScriptedPeer({LEVEL_5: REFUSE_VERSION_5, LEVEL_311: ACCEPT_311}).serving() as peer,
        Watch(settings_for(peer.port, protocol="5")) as watch,
    ):
        state = await watch.until_state("refused")
        await watch.until(lambda: True)
    assert "does not speak MQTT 5" in state.text
    assert set(peer.levels) == {LEVEL_5}


# --- connected means accepted and subscribed ---


@pytest.mark.parametrize("code", [0x80, 0x87])
@pytest.mark.parametrize("level", [LEVEL_5, LEVEL_311])
async def test_a_refused_subscription_is_one_error_line_that_names_the_topic(
    caplog: pytest.LogCaptureFixture, level: int, code: int
) -> None:
    if level == LEVEL_311 and code != 0x80:
        pytest.skip("3.1.1 has one code for all refusals")
    connack = {LEVEL_5: ACCEPT_5 if level == LEVEL_5 else REFUSE_VERSION_311, LEVEL_311: ACCEPT_311}
    peer = ScriptedPeer(connack, suback_code=lambda topic: code if topic == "secret" else 1)
    async with peer.serving(), Watch(settings_for(peer.port), subscriptions=("open", "secret")) as watch:
        state = await watch.until_state("refused")
        await until(lambda: len(peer.levels) >= 4)  # it keeps trying
    assert "secret" in state.text
    assert "open" not in state.text
    assert [state.name for state in watch.states] == ["refused", "closed"]
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1


@BOTH_VERSIONS
async def test_refused_credentials_are_told_once_and_tried_again_slowly(
    tmp_path: Path, protocol: str, caplog: pytest.LogCaptureFixture
) -> None:
    with running(Broker(tmp_path / "broker", accounts={"camera": "right"})) as broker:
        wrong = broker.settings(
            username="camera", password=Secret("wrong"), protocol=protocol, backoff_max_s=0.2
        )
        async with Watch(wrong) as watch:
            state = await watch.until_state("refused")
            await until(lambda: broker.log().count("not authorised") >= 3)
        assert state.text.startswith("refused: bad user name or password")
        assert [state.name for state in watch.states] == ["refused", "closed"]
        assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1
        assert "wrong" not in caplog.text
        right = broker.settings(username="camera", password=Secret("right"), protocol=protocol)
        async with Watch(right) as watch:
            await watch.until_connected()


@pytest.mark.parametrize("nonsense", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x20\x01\x00", b"\xf0\x00"])
async def test_a_peer_that_talks_nonsense_is_a_state(nonsense: bytes) -> None:
    async with (
        ScriptedPeer({LEVEL_5: nonsense, LEVEL_311: nonsense}).serving() as peer,
        Watch(settings_for(peer.port), handshake_timeout_s=0.2) as watch,
    ):
        await watch.until_state("unreachable")
        await until(lambda: len(peer.levels) >= 4)


# --- lost and found ---


@pytest.mark.parametrize("how", ["stop", "kill"])
async def test_it_is_back_and_subscribed_after_the_broker_was(broker: Broker, how: str) -> None:
    async with Watch(broker.settings(), "in", subscriptions=("t",)) as watch:
        await watch.until_connected()
        getattr(broker, how)()
        await watch.until_state("lost")
        await watch.until_state("unreachable")
        broker.start()
        await watch.until_connected()
        async with Watch(broker.settings(), "out") as out:
            await out.session.publish("t", "again")
        await watch.until(lambda: watch.payloads() == [b"again"])


async def test_a_broker_that_is_absent_at_the_start_is_told_once_and_found_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broker = Broker(tmp_path / "broker")
    async with Watch(broker.settings(backoff_max_s=0.05), subscriptions=("t",)) as watch:
        state = await watch.until_state("unreachable")
        await asyncio.sleep(0.5)  # many retries
        with running(broker):
            await watch.until_connected()
    assert state.text == f"no broker at 127.0.0.1:{broker.port}: connection refused"
    assert [state.name for state in watch.states][:2] == ["unreachable", "connected"]
    assert sum("no broker" in record.message for record in caplog.records) == 1


async def test_a_broker_that_hangs_is_noticed_and_found_again(broker: Broker) -> None:
    settings = broker.settings(keepalive_s=1)
    async with Watch(settings, subscriptions=("t",), handshake_timeout_s=0.5) as watch:
        await watch.until_connected()
        broker.pause()
        lost = await watch.until_state("lost")
        hung = await watch.until_state("unreachable")
        broker.resume()
        await watch.until_connected()
    assert "keep alive timeout" in lost.text
    assert "no answer" in hung.text


async def test_a_name_that_does_not_resolve_is_a_state_until_it_does(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve = socket.getaddrinfo

    def fail(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    async with Watch(broker.settings()) as watch:
        state = await watch.until_state("unreachable")
        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        await watch.until_connected()
    assert "cannot resolve" in state.text


async def test_the_broker_s_reason_for_leaving_is_told() -> None:
    taken_over = bytes.fromhex("e0028e00")
    async with ScriptedPeer({LEVEL_5: ACCEPT_5}).serving() as peer, Watch(settings_for(peer.port)) as watch:
        await watch.until_connected()
        peer.tell_all(taken_over)
        state = await watch.until_state("lost")
    assert state.text.endswith(": session taken over")


async def test_retries_leave_no_thread_and_no_descriptor_behind() -> None:
    port = free_port()
    gc.collect()
    gc.disable()
    try:
        before = open_descriptors()
        for _ in range(10):
            async with Watch(settings_for(port), "leaky") as watch:
                await watch.until_state("unreachable")
        await until_no_thread("leaky")
        assert open_descriptors() <= before + 2
    finally:
        gc.enable()


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
    monkeypatch.setattr(connection, "MAX_UNREAD", 5)
    async with Watch(broker.settings(), "in", subscriptions=("t",)) as watch:
        await watch.until_connected()
        # Blocks the event loop, while the network thread receives.
        blocking_publish.multiple([("t", "x", 0, False)] * 50, hostname="127.0.0.1", port=broker.port)
        deadline = time.monotonic() + 10
        while watch.session.counters["unread_dropped"] < 45 and time.monotonic() < deadline:
            time.sleep(0.01)  # noqa: ASYNC251 - on purpose
        await watch.until(lambda: len(watch.messages) == 5)
    assert watch.session.counters["unread_dropped"] == 45


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
    async with Watch(settings_for(free_port()), max_queued_messages=2) as watch:
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


async def test_a_message_expires_in_the_queue_and_at_the_broker(broker: Broker) -> None:
    settings = broker.settings()
    options = {"subscriptions": ("t",), "session_expiry_s": 86_400}
    async with Watch(settings_for(free_port()), "away") as away:
        with pytest.raises(MessageExpiredError):
            await away.session.publish("t", "x", expiry_s=0.05)
    async with Watch(settings, "in", **options) as watch:
        await watch.until_connected()
    async with Watch(settings, "out") as out:
        await out.session.publish("t", "old", expiry_s=1)
        await out.session.publish("t", "new", expiry_s=600)
        await asyncio.sleep(2.1)  # Mosquitto counts whole seconds
        async with Watch(settings, "in", **options) as watch:
            await watch.until(lambda: b"new" in watch.payloads())
    assert watch.payloads() == [b"new"]


async def test_what_is_no_topic_is_refused_at_once() -> None:
    session = MqttSession(settings_for(free_port()), SessionOptions(client_id="x"))
    for topic in ("", "a/+", "#", "nul\0"):
        with pytest.raises(ValueError, match="without wildcards"):
            session.publish(topic, "x")
    with pytest.raises(ValueError, match="QoS"):
        session.publish("t", "x", qos=2)


# --- the end ---


async def test_close_takes_leave_of_the_broker(broker: Broker) -> None:
    async with Watch(broker.settings(), "leaves") as watch:
        await watch.until_connected()
    await until_no_thread("leaves")
    await until(lambda: "Client leaves disconnected." in broker.log())


async def test_close_does_not_wait_for_a_broker_that_hangs(broker: Broker) -> None:
    async with Watch(broker.settings(), "hangs") as watch:
        await watch.until_connected()
        broker.pause()
        done = watch.session.publish("t", "x" * 20_000_000)  # more than the sockets' buffers hold
    with pytest.raises(SessionClosedError):
        await done
    await until_no_thread("hangs")


async def test_the_last_will_speaks_for_a_process_that_died(broker: Broker) -> None:
    program = (
        "import asyncio\nfrom edge.config import Mqtt\nfrom edge.mqtt import *\n"
        "async def main():\n"
        f"    options = SessionOptions(client_id='dies', will=Will(topic='status', payload=b'gone'))\n"
        f"    async with MqttSession(Mqtt(port={broker.port}), options) as session:\n"
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


# --- TLS ---


def make_certificates(folder: Path) -> None:
    """A CA and a server certificate for 127.0.0.1, made for the day."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on this machine to make certificates with")
    (folder / "san").write_text("subjectAltName=IP:127.0.0.1")
    for command in (
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 1 -subj /CN=ca",
        "req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=server",
        "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out server.crt -extfile san",
    ):
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)


async def test_tls_trusts_the_configured_ca_and_nobody_else(tmp_path: Path) -> None:
    make_certificates(tmp_path)
    extra = (f"certfile {tmp_path / 'server.crt'}", f"keyfile {tmp_path / 'server.key'}")
    with running(Broker(tmp_path / "broker", extra=extra)) as broker:
        trusting = broker.settings(tls=True, ca_file=str(tmp_path / "ca.crt"))
        async with Watch(trusting) as watch:
            await watch.until_connected()
            await watch.session.publish("t", "secret")
        async with Watch(msgspec.structs.replace(trusting, ca_file=None)) as watch:
            state = await watch.until_state("unreachable")
        assert "no TLS" in state.text
        with pytest.raises(ConfigError, match=r"mqtt\.ca_file"):
            MqttSession(
                msgspec.structs.replace(trusting, ca_file=str(tmp_path / "missing")),
                SessionOptions(client_id="x"),
            )


def test_a_host_that_is_none_stops_the_start() -> None:
    with pytest.raises(ConfigError, match=r"mqtt\.host"):
        MqttSession(Mqtt(host="a..b"), SessionOptions(client_id="x"))
