"""What a connection has received and nobody has read or acknowledged yet: bounded in messages and bytes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from edge.mqtt.incoming import Incoming, OrderedAcks

MAX_UNREAD = 1000
"""QoS 0 messages that wait for the event loop; further ones are dropped."""
MAX_UNREAD_BYTES = 2 * 1024 * 1024
"""What waits for the event loop; the network thread reads on when there is room again."""
MESSAGE_BYTES = 512
"""What a message takes beside its payload."""
MAX_UNACKNOWLEDGED = 65_535
"""There are no more packet identifiers. Mosquitto 2.0 does not keep to the receive maximum."""


class MqttInbox:
    """Messages of one connection, from the network thread, which puts them in, to the event loop, which takes
    them out and acknowledges them.

    Args:
        acknowledge: called in the event loop with the packet identifier of each that is done, in order.
    """

    def __init__(self, acknowledge: Callable[[int], object]) -> None:
        self._unread: deque[Incoming] = deque()
        self._acks = OrderedAcks(acknowledge)
        self._received_bytes = self._read_bytes = 0
        """Each is counted by one thread alone."""

    # --- in the network thread ---

    @property
    def is_full(self) -> bool:
        """What waits takes more memory than it may."""
        return self._received_bytes - self._read_bytes > MAX_UNREAD_BYTES

    @property
    def drops_qos_0(self) -> bool:
        """A message that the broker does not rely on has no room."""
        return len(self._unread) >= MAX_UNREAD or self.is_full

    @property
    def breach(self) -> str:
        """What one more message with QoS 1 would be, where no broker may send it; empty: a message."""
        if len(self._acks) + len(self._unread) < MAX_UNACKNOWLEDGED:
            return ""
        return f"more than {MAX_UNACKNOWLEDGED} messages without an acknowledgement"

    def put(self, message: Incoming) -> None:
        """Have it read."""
        self._received_bytes += _size(message)
        self._unread.append(message)

    # --- in the event loop ---

    def __len__(self) -> int:
        """Messages that wait to be read."""
        return len(self._unread)

    def take(self) -> Incoming:
        """The oldest; from now on it waits for its acknowledgement. Raises IndexError where there is none."""
        message = self._unread.popleft()
        self._read_bytes += _size(message)
        if message.qos:
            message.on_ack = self._acks.expect(message.mid)
        return message

    def close(self) -> None:
        """The connection is over: nothing is acknowledged any more."""
        self._acks.close()


def _size(message: Incoming) -> int:
    return MESSAGE_BYTES + len(message.payload)
