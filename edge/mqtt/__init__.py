"""One MQTT session for asyncio, on paho-mqtt's network thread.

``MqttSession`` (session.py) keeps one ``Connection`` (connection.py) at a time and makes a new one when
it ends; what must outlive a connection is the session's: the outgoing queue (outbox.py), the protocol
version that the broker speaks (protocol.py) and who throws it out
(takeovers.py). What a connection has received and nobody has read yet lies in its inbox (inbox.py). Each
session of the guide may have an account of its own (account.py).
"""

from edge.mqtt.account import account_of
from edge.mqtt.incoming import Incoming
from edge.mqtt.options import SessionOptions, Will
from edge.mqtt.outbox import (
    NobodySubscribesError,
    OutgoingQueueFullError,
    PublishRefusedError,
    SessionClosedError,
)
from edge.mqtt.session import MqttSession, SessionState

__all__ = [
    "Incoming",
    "MqttSession",
    "NobodySubscribesError",
    "OutgoingQueueFullError",
    "PublishRefusedError",
    "SessionClosedError",
    "SessionOptions",
    "SessionState",
    "Will",
    "account_of",
]
