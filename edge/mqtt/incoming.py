"""A received message, and its acknowledgement in the order of arrival."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

MAX_PAYLOAD_BYTES = 64 * 1024
"""What is longer is cut there: nothing that is of use is so long, and many may wait in memory."""


@dataclass(slots=True, eq=False, kw_only=True)
class Incoming:
    """One message as it came, stamped in the network thread."""

    topic: str
    payload: bytes
    """At most ``MAX_PAYLOAD_BYTES`` of it."""
    qos: int
    retain: bool
    """The broker had it in store: nobody knows how old it is."""
    kept: bool = False
    """Whether it was published to be kept by the broker (known over MQTT 5 alone, and where the
    subscription asks for it)."""
    dup: bool
    """The broker may have sent it before."""
    received_mono: float
    received_at: float
    mid: int
    """Packet identifier, unique only among the unacknowledged messages of one connection."""
    response_topic: str | None = None
    """Where the sender wants to hear what became of it (MQTT 5)."""
    correlation: bytes | None = None
    """Comes back with that."""
    on_ack: Callable[[], None] | None = field(default=None, repr=False)

    def ack(self) -> None:
        """Tell the broker that it need not send this message again. Once is enough, more does no harm."""
        on_ack, self.on_ack = self.on_ack, None
        if on_ack is not None:
            on_ack()


class OrderedAcks:
    """Holds acknowledgements until all earlier messages of the connection are done (MQTT-4.6.0-2)."""

    def __init__(self, send: Callable[[int], object]) -> None:
        self._send = send
        self._waiting: deque[_Ack] = deque()

    def __len__(self) -> int:
        """Messages without an acknowledgement."""
        return len(self._waiting)

    def expect(self, mid: int) -> Callable[[], None]:
        """A message with this packet identifier came; call the result when it is done."""
        ack = _Ack(mid)
        self._waiting.append(ack)

        def done() -> None:
            ack.done = True
            while self._waiting and self._waiting[0].done:
                self._send(self._waiting.popleft().mid)

        return done

    def close(self) -> None:
        """The connection is over: nothing more is sent, and who keeps a message of it keeps nothing else."""
        self._send = _nobody
        self._waiting.clear()


def _nobody(mid: int) -> None:
    """A connection that is over."""


@dataclass(slots=True)
class _Ack:
    mid: int
    done: bool = False
