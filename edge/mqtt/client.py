"""paho's client: says why its thread ended, tries each address of a name, and takes nothing that would fill
the memory."""

from __future__ import annotations

import socket
from collections.abc import Callable

from paho.mqtt.client import Client
from paho.mqtt.enums import MQTTErrorCode

from edge.mqtt.addresses import connect_to_any

PUBLISH, QOS_2 = 0x30, 0x04
UNASKED = {0x50: "PUBREC", 0x60: "PUBREL", 0x70: "PUBCOMP", 0xC0: "PINGREQ"}
"""Packets, by the upper half of their first byte, that no broker has a reason to send to who uses QoS 1 at
most. paho answers each, whether the broker reads the answers or not."""


class NetworkClient(Client):
    """paho's client; by itself it lets its thread die unseen, and keeps a packet in memory however long."""

    on_end: Callable[[Exception | None], None] | None = None
    longest_packet: int | None = None
    """Bytes behind the fixed header; None: whatever comes (MQTT 3.1.1 has no way to tell the broker)."""
    breach = ""
    """What came that a broker may not send, where the connection was ended for that."""

    def take_limits(self, receive_maximum: int) -> None:
        """The broker takes no more messages at once than this (CONNACK of MQTT 5)."""
        self._max_inflight_messages = min(self._max_inflight_messages, max(1, receive_maximum))

    def _create_socket_connection(self) -> socket.socket:
        return connect_to_any(self._host, self._port, self._connect_timeout)

    def loop_forever(self, timeout: float = 1.0, retry_first_connection: bool = False) -> MQTTErrorCode:
        error: Exception | None = None
        try:
            return super().loop_forever(timeout, retry_first_connection=False)
        except Exception as raised:
            error = raised.with_traceback(None)
            return MQTTErrorCode.MQTT_ERR_UNKNOWN
        finally:
            if sock := self.socket():
                sock.close()
            if self.on_end:
                self.on_end(error)
            # Without reference cycles (the traceback's too) its descriptors are freed now and not at some
            # garbage collection: a retry every few seconds would run out of them.
            self.on_connect = self.on_subscribe = self.on_message = self.on_publish = None
            self.on_disconnect = self.on_socket_open = self.on_end = None

    def _sock_recv(self, bufsize: int) -> bytes:
        # What is left of a packet is asked for at once, so the first time it is all of it.
        if self.longest_packet is not None and bufsize > self.longest_packet:
            self.breach = f"a packet of {bufsize} bytes, at most {self.longest_packet} are taken"
            raise OSError(self.breach)
        return super()._sock_recv(bufsize)

    def _packet_handle(self) -> MQTTErrorCode:
        first = self._in_packet["command"]
        kind = first & 0xF0
        if kind == PUBLISH and first & QOS_2:  # paho keeps as many as there are packet identifiers
            self.breach = "a message with QoS 2, which nobody has asked for"
        elif kind in UNASKED:
            self.breach = f"a {UNASKED[kind]}, which nobody has asked for"
        else:
            return super()._packet_handle()
        return MQTTErrorCode.MQTT_ERR_PROTOCOL
