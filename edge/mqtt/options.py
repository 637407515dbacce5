"""What a session is to be: who it is, what it subscribes to, how long the broker remembers it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

KEPT_FROM_S = 3600
MAX_PACKET_BYTES = 64 * 1024
"""Incoming; the longest message that is not refused has an eighth of that."""
KEEPALIVE_S = 30
"""A broker that hangs is noticed within 45 s, and the pings cost next to nothing."""


@dataclass(frozen=True, kw_only=True)
class Will:
    """What the broker publishes for us when we vanish without a DISCONNECT."""

    topic: str
    payload: bytes | Callable[[], bytes]
    """What is called is called anew for each connection."""
    qos: int = 1
    retain: bool = True


@dataclass(frozen=True, kw_only=True)
class SessionOptions:
    """Options of one session; where the broker is and who we are there is in ``Settings.mqtt``."""

    client_id: str
    """Unique at the broker: a second client with the same id throws the first one out."""
    subscriptions: tuple[str, ...] = ()
    """Topic filters, all at QoS 1."""
    states: frozenset[str] = frozenset()
    """The filters whose topics hold a state, which the broker may keep: MQTT 5 tells what was
    published to be kept, and what only clears the broker's store is no message."""
    session_expiry_s: int = 0
    """How long the broker keeps subscriptions and unacknowledged messages for us while we are away. 0: a
    clean start each time. MQTT 3.1.1 knows no expiry: from an hour on the session is kept
    (``clean_session`` false), below it is not."""
    receive_maximum: int = 20
    """Unacknowledged messages that the broker may send us (MQTT 5; over 3.1.1 its own setting counts)."""
    manual_ack: bool = False
    """The receiver calls ``Incoming.ack``; otherwise that happens when ``on_message`` returns."""
    will: Will | None = None
    max_queued_messages: int = 1000
    """Publications that wait for the broker's acknowledgement, in memory."""
    max_packet_bytes: int = MAX_PACKET_BYTES
    """A broker keeps longer ones from us over MQTT 5, or is cut off; over 3.1.1 any is taken."""
    keepalive_s: int = KEEPALIVE_S
    certificate: str = ""
    """The file of the certificate that we show, for errors; empty: none."""
    section: str = "mqtt"
    """The settings' section that says where the broker is, for errors."""
    handshake_timeout_s: float = 10.0
    """From the first attempt to resolve the name to the last granted subscription."""

    @property
    def clean_session_311(self) -> bool:
        return self.session_expiry_s < KEPT_FROM_S
