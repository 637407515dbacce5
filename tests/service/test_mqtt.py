"""An MQTT session with a real broker: connected means connected, what is lost comes back by itself."""

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
from typing import Any

import msgspec
import pytest

from edge.config import ConfigError, MqttSettings, Secret
from edge.journal_events import MessageId
from edge.mqtt import MqttSession, SessionClosedError, SessionOptions
from edge.mqtt.session import StateName
from edge.mqtt.takeovers import AGAIN
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


def settings_for(port: int, **changes: object) -> MqttSettings:
    return MqttSettings(**{"port": port, "backoff_max_s": 0.2} | changes)  # type: ignore[arg-type]


async def until_no_thread(client_id: str) -> None:
    """Wait for the network threads' last few instructions, after their end was announced."""
    name = f"paho-mqtt-client-{client_id}"
    await until(lambda: all(thread.name != name for thread in threading.enumerate()))


def open_descriptors() -> int:
    if sys.platform != "linux":
        pytest.skip("no /proc to count open descriptors in")
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a count, not paths


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


@pytest.mark.parametrize(
    ("level", "code", "kind"),
    [
        (LEVEL_5, 0x87, "refused"),
        (LEVEL_311, 0x80, "refused"),
        (LEVEL_5, 0x80, "unreachable"),  # a cluster without its majority; nobody need mend an access list
    ],
)
async def test_a_subscription_that_is_not_granted_is_one_line_that_names_the_topic(
    caplog: pytest.LogCaptureFixture, level: int, code: int, kind: StateName
) -> None:
    connack = {LEVEL_5: ACCEPT_5 if level == LEVEL_5 else REFUSE_VERSION_311, LEVEL_311: ACCEPT_311}
    peer = ScriptedPeer(connack, suback_code=lambda topic: code if topic == "secret" else 1)
    async with peer.serving(), Watch(settings_for(peer.port), subscriptions=("open", "secret")) as watch:
        state = await watch.until_state(kind)
        await until(lambda: len(peer.levels) >= 4)  # it keeps trying
    assert "secret" in state.text
    assert "open" not in state.text
    assert [state.name for state in watch.states] == [kind, "closed"]
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
    async with Watch(
        broker.settings(), subscriptions=("t",), keepalive_s=1, handshake_timeout_s=0.5
    ) as watch:
        await watch.until_connected()
        before = len(watch.states)
        broker.pause()
        lost = await watch.until_state("lost", after=before)
        hung = await watch.until_state("unreachable", after=before)
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


async def test_a_broker_that_says_what_it_has_against_us_is_no_other_client() -> None:
    too_large = bytes.fromhex("e0029500")
    async with ScriptedPeer({LEVEL_5: ACCEPT_5}).serving() as peer, Watch(settings_for(peer.port)) as watch:
        for _ in range(AGAIN + 1):
            await watch.until_connected()
            before = len(watch.states)
            peer.tell_all(too_large)
            state = await watch.until_state("lost", after=before)
            assert state.text.endswith(": packet too large")
    assert watch.session.counters["mqtt.thrown_out"] == 0


async def test_no_more_is_under_way_than_the_broker_takes() -> None:
    one_at_a_time = bytes.fromhex("2006000003210001")
    peer = ScriptedPeer({LEVEL_5: one_at_a_time}, acknowledges=False)
    async with peer.serving(), Watch(settings_for(peer.port)) as watch:
        await watch.until_connected()
        first, second = (watch.session.publish("t", text) for text in ("one", "two"))
        await until(lambda: bool(peer.published))
        await watch.session.close()
        await until(lambda: peer.connected == 0)
    assert len(peer.published) == 1, "and nothing came before the goodbye"
    del first, second


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


async def test_close_does_not_wait_for_a_name_server(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, answered = threading.Event(), threading.Event()
    resolve = socket.getaddrinfo

    def resolve_late(*args: Any, **kwargs: Any) -> Any:
        asked.set()
        answered.wait(30)
        return resolve(*args, **kwargs)

    async with ScriptedPeer({LEVEL_5: ACCEPT_5}).serving() as peer:
        with monkeypatch.context() as patch:
            patch.setattr(socket, "getaddrinfo", resolve_late)
            async with Watch(settings_for(peer.port), "impatient"):
                await until(asked.is_set)
            answered.set()
            await until_no_thread("impatient")
        assert peer.levels == [], "a session that was closed must not connect"


# --- TLS ---


def make_certificates(folder: Path) -> None:
    """A CA and a server certificate for 127.0.0.1, made for the day."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on this machine to make certificates with")
    extensions = "subjectAltName=IP:127.0.0.1\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n"
    (folder / "extensions").write_text(extensions)
    for command in (
        # From Python 3.13 on an authority has to say that it may sign.
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 1 -subj /CN=ca"
        " -addext keyUsage=critical,keyCertSign,cRLSign",
        "req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=server",
        "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out server.crt -days 1"
        " -extfile extensions",
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
        MqttSession(MqttSettings(host="a..b"), SessionOptions(client_id="x"))


# --- another client with our id ---


@BOTH_VERSIONS
async def test_who_is_thrown_out_again_and_again_says_so_once_counts_and_does_not_fight(
    broker: Broker, protocol: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Mosquitto says 0x8E over MQTT 5 from 2.0.15 on; before, and over 3.1.1, the connection just ends."""
    settings = broker.settings(protocol=protocol, username="guide-control", backoff_max_s=0.4)
    began = time.monotonic()
    async with Watch(settings, "same-id") as watch, Watch(settings, "same-id") as other:
        told = "thrown out again and again"
        await watch.until(lambda: told in watch.session.state.text)
        await watch.until(lambda: "times in a row" in watch.session.state.text)
        counted = watch.session.counters["mqtt.thrown_out"]
        await watch.until(lambda: watch.session.counters["mqtt.thrown_out"] >= counted + 3)
        # Between two it waited, and after the first for half as long as ever.
        waits = watch.session.counters["mqtt.thrown_out"] - 1.5
        assert time.monotonic() - began >= waits * settings.backoff_max_s / 2 * 0.9
    assert counted >= 3
    assert "'same-id', or as 'guide-control'" in next(s.text for s in watch.states if told in s.text)
    lines = [line for line in caplog.records if told in line.message and line.levelno >= logging.WARNING]
    assert len(lines) == 2, "one of each of the two"
    assert {line.MESSAGE_ID for line in lines} == {MessageId.CLIENT_ID_TAKEN.value}  # type: ignore[attr-defined]
    behind = caplog.records[caplog.records.index(lines[-1]) :]
    assert not [line for line in behind if "lost the broker" in line.message]
    del other


@BOTH_VERSIONS
async def test_a_broker_that_is_restarted_often_is_no_other_client(broker: Broker, protocol: str) -> None:
    async with Watch(broker.settings(protocol=protocol, backoff_max_s=0.2)) as watch:
        for _ in range(4):
            await watch.until_connected()
            lost_before = len(watch.states)
            broker.stop()
            await watch.until_state("unreachable", after=lost_before)
            broker.start()
        await watch.until_connected()
    assert not any("thrown out" in state.text for state in watch.states)
