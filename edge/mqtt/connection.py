"""One connection to the broker, from the name's resolution to the end of its thread; never used twice."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Literal

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage, topic_matches_sub
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from edge.config import MqttSettings
from edge.mqtt import failure
from edge.mqtt.client import NetworkClient
from edge.mqtt.failure import Failure
from edge.mqtt.inbox import MqttInbox
from edge.mqtt.incoming import MAX_PAYLOAD_BYTES, Incoming
from edge.mqtt.options import SessionOptions
from edge.mqtt.outbox import Acknowledgement, Publication
from edge.mqtt.protocol import ProtocolVersion
from edge.recent import Recent

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 5.0
GOODBYE_S = 0.4
"""Twice this is the longest that ``close`` waits for the network thread."""
MAX_IN_FLIGHT = 10
"""Outgoing; not above the receive maximum of any usual broker (HiveMQ has the lowest)."""
STORE_WITHIN_S = 2.0
"""Behind the acknowledged subscription; what comes later was published just now."""
MAX_STORED = 1000
"""Topics that the broker's store is known to have told: anybody may make up topics below a filter."""
NO_MATCHING_SUBSCRIBERS = 16
"""Reason code of MQTT 5: acknowledged, and dropped."""
LOOK_AGAIN_S = 0.005
"""How often the network thread sees whether its inbox has room again."""


class Connection:
    """Connects, subscribes and delivers until it ends. Made and used in the event loop.

    Args:
        wants_store: have the broker send what it keeps, also where it remembers the subscription (MQTT 5).
        on_message: called in the event loop for each message, in order.
        on_published: called there with a packet identifier and what the broker says of it.
        counters: gets ``mqtt.unread_dropped``.
    """

    def __init__(
        self,
        settings: MqttSettings,
        options: SessionOptions,
        version: ProtocolVersion,
        tls: ssl.SSLContext | None,
        *,
        wants_store: bool,
        on_message: Callable[[Incoming], None],
        on_published: Callable[[int, Acknowledgement], None],
        counters: Counter[str],
    ) -> None:
        self._options = options
        self._version = version
        self._wants_store = wants_store
        self._on_message = on_message
        self._on_published = on_published
        self._counters = counters
        self._loop = asyncio.get_running_loop()
        self._address = f"{settings.host}:{settings.port}"
        self._username = settings.username
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self.ended: asyncio.Future[Failure] = self._loop.create_future()
        self._accepted = False
        self._given_up = False
        self._refusal: Failure | None = None
        self._end_code: ReasonCode | None = None
        self._store_comes = True
        self._queue_comes = False
        self._subscribed_mono: float | None = None
        self._told_by_store: Recent[str, None] = Recent(MAX_STORED)
        self._delivering = False
        client = self._make_client(settings, tls)
        self._client = client
        self._inbox = MqttInbox(lambda mid: client.ack(mid, qos=1))

    async def open(self) -> Failure | None:
        """Connect and subscribe: None when CONNACK accepted us and every subscription was granted."""
        self._client.loop_start()
        either: list[asyncio.Future[Any]] = [self._opened, self.ended]
        await asyncio.wait(
            either, timeout=self._options.handshake_timeout_s, return_when=asyncio.FIRST_COMPLETED
        )
        if self.ended.done():
            return self.ended.result()
        return (
            None
            if self._opened.done()
            else failure.from_error(TimeoutError(), self._address, self._options.section)
        )

    async def close(self) -> None:
        """Say DISCONNECT and end the thread; a broker that does not take it is cut off."""
        self._given_up = True
        self._inbox.close()
        self._client.disconnect()
        await asyncio.wait([self.ended], timeout=GOODBYE_S)
        if self.ended.done():
            return
        if sock := self._client.socket():
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)  # type: ignore[attr-defined]  # paho's type shows less
        # A thread that is still resolving or connecting cannot be woken. It is a daemon, and ends as soon
        # as it gets a socket (_socket_opened).
        await asyncio.wait([self.ended], timeout=GOODBYE_S)

    def publish(self, item: Publication) -> int:
        """Hand over to paho; returns the packet identifier."""
        properties = None
        if self._version == "5" and (item.correlation or item.expiry_s is not None):
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            if item.correlation:
                properties.CorrelationData = item.correlation
            if item.expiry_s is not None:
                properties.MessageExpiryInterval = item.expiry_s
        return self._client.publish(item.topic, item.payload, item.qos, item.retain, properties).mid

    def _make_client(self, settings: MqttSettings, tls: ssl.SSLContext | None) -> NetworkClient:
        options = self._options
        modern = self._version == "5"
        client = NetworkClient(
            CallbackAPIVersion.VERSION2,
            client_id=options.client_id,
            clean_session=None if modern else options.clean_session_311,
            protocol=MQTTProtocolVersion.MQTTv5 if modern else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.longest_packet = options.max_packet_bytes if modern else None
        client.max_inflight_messages = MAX_IN_FLIGHT
        if settings.username is not None:
            password = settings.password.reveal() if settings.password else None
            client.username_pw_set(settings.username, password)
        if tls:
            client.tls_set_context(tls)
        if will := options.will:
            payload = will.payload() if callable(will.payload) else will.payload
            client.will_set(will.topic, payload, will.qos, will.retain)
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_message = self._received
        client.on_publish = self._published
        client.on_disconnect = self._disconnected
        client.on_socket_open = self._socket_opened
        client.on_end = self._thread_ended
        properties = None
        if modern:
            properties = _properties(
                PacketTypes.CONNECT,
                SessionExpiryInterval=options.session_expiry_s,
                ReceiveMaximum=options.receive_maximum,
                MaximumPacketSize=options.max_packet_bytes,
            )
        client.connect_async(
            settings.host,
            settings.port,
            options.keepalive_s,
            clean_start=options.session_expiry_s == 0,
            properties=properties,
        )
        return client

    # --- in the network thread ---

    def _socket_opened(self, client: Client, userdata: Any, sock: Any) -> None:
        if self._given_up:
            raise TimeoutError("the connection came too late")
        # A small packet shall not wait for the acknowledgement of the one before it (Nagle, up to 40 ms).
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _connected(
        self, client: Client, userdata: Any, flags: ConnectFlags, code: ReasonCode, properties: Any
    ) -> None:
        if code.is_failure:
            self._refusal = failure.from_connack(code, self._version, self._username, self._options.section)
            return
        self._accepted = True
        if (receive_maximum := getattr(properties, "ReceiveMaximum", None)) is not None:
            self._client.take_limits(receive_maximum)
        self._store_comes = self._wants_store or not flags.session_present
        self._queue_comes = flags.session_present
        topics = self._options.subscriptions
        if topics and self._version == "5":
            client.subscribe([(topic, self._subscribe_options(topic)) for topic in topics])
        elif topics:
            client.subscribe([(topic, 1) for topic in topics])
        else:
            self._post(self._set_opened)

    def _subscribe_options(self, topic: str) -> SubscribeOptions:
        return SubscribeOptions(
            qos=1,
            retainAsPublished=topic in self._options.states,
            retainHandling=SubscribeOptions.RETAIN_SEND_ON_SUBSCRIBE
            if self._wants_store
            else SubscribeOptions.RETAIN_SEND_IF_NEW_SUB,
        )

    def _subscribed(
        self, client: Client, userdata: Any, mid: int, codes: list[ReasonCode], properties: Any
    ) -> None:
        self._subscribed_mono = time.monotonic()
        for topic, code in zip(self._options.subscriptions, codes, strict=False):
            if code.is_failure:
                self._refusal = failure.from_suback(topic, code, self._version)
                client.disconnect()
                return
        self._post(self._set_opened)

    def _received(self, client: Client, userdata: Any, message: MQTTMessage) -> None:
        received_mono, received_at = time.monotonic(), time.time()
        if message.qos == 0 and self._inbox.drops_qos_0:
            self._counters["mqtt.unread_dropped"] += 1
            return
        if message.qos and (breach := self._inbox.breach):
            self._client.breach = breach
            raise OSError(breach)
        while self._inbox.is_full and not self._given_up:
            time.sleep(LOOK_AGAIN_S)
        try:
            topic = message.topic
        except UnicodeDecodeError:  # no real broker lets this through, and nobody expects this topic
            topic = "\ufffd"
        if self._subscribed_mono is not None and received_mono - self._subscribed_mono > STORE_WITHIN_S:
            self._store_comes = False
        kept = message.retain and self._tells_kept(topic)
        properties = message.properties
        self._inbox.put(
            Incoming(
                topic=topic,
                payload=bytes(message.payload[:MAX_PAYLOAD_BYTES]),
                qos=message.qos,
                retain=message.retain and not (kept and self._is_live(topic)),
                kept=kept,
                dup=message.dup,
                received_mono=received_mono,
                received_at=received_at,
                mid=message.mid,
                response_topic=getattr(properties, "ResponseTopic", None),
                correlation=getattr(properties, "CorrelationData", None),
            )
        )
        self._post(self._deliver)

    def _tells_kept(self, topic: str) -> bool:
        """Whether messages of the topic come as they were published."""
        return self._version == "5" and any(topic_matches_sub(state, topic) for state in self._options.states)

    def _is_live(self, topic: str) -> bool:
        """Whether a kept message was published just now.

        What the store has comes soon, first, and once; among what the broker had queued as well, nobody
        knows which it is.
        """
        is_first = topic not in self._told_by_store
        self._told_by_store[topic] = None
        return not (self._store_comes and (is_first or self._queue_comes))

    def _published(self, client: Client, userdata: Any, mid: int, code: ReasonCode, properties: Any) -> None:
        refusal = str(code).lower() if code.is_failure else None
        self._post(self._acknowledged, mid, Acknowledgement(refusal, code.value == NO_MATCHING_SUBSCRIBERS))

    def _disconnected(
        self, client: Client, userdata: Any, flags: Any, code: ReasonCode, properties: Any
    ) -> None:
        if self._end_code is None:  # the first is the cause
            self._end_code = code

    def _thread_ended(self, error: Exception | None) -> None:
        if self._refusal:
            ended = self._refusal
        elif breach := self._client.breach:
            kind: Literal["lost", "unreachable"] = "lost" if self._accepted else "unreachable"
            ended = Failure(kind, f"cut off the broker at {self._address}: it sends {breach}")
        elif error and not self._accepted:
            ended = failure.from_error(error, self._address, self._options.section)
        else:
            ended = failure.from_end(self._accepted, self._end_code, self._address, self._options.certificate)
        self._post(self.ended.set_result, ended)

    def _post(self, call: Callable[..., None], *args: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the event loop was closed before us: nobody listens
            self._loop.call_soon_threadsafe(call, *args)

    # --- in the event loop ---

    def _set_opened(self) -> None:
        if not self._opened.done():
            self._opened.set_result(None)

    def _acknowledged(self, mid: int, acknowledgement: Acknowledgement) -> None:
        if not self._given_up:  # its packet identifiers may belong to the next connection already
            self._on_published(mid, acknowledgement)

    def _deliver(self) -> None:
        if not self._delivering:
            self._deliver_next()

    def _deliver_next(self) -> None:
        """One message; other sessions get their turn before the next one, however many lie here."""
        self._delivering = bool(self._inbox) and not self._given_up
        if not self._delivering:
            return  # what is not acknowledged the broker keeps for the next connection
        message = self._inbox.take()
        self._loop.call_soon(self._deliver_next)
        if message.kept and not message.payload:
            message.ack()  # it has cleared the broker's store, and says nothing
            return
        try:
            self._on_message(message)
        except Exception:
            log.exception("MQTT: the receiver of %s failed", message.topic)
            message.ack()  # else it would come again and again
        if not self._options.manual_ack:
            message.ack()


def _properties(packet_type: int, **values: int) -> Properties:
    properties = Properties(packet_type)  # type: ignore[no-untyped-call]
    for name, value in values.items():
        setattr(properties, name, value)
    return properties
