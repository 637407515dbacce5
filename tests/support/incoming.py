"""Messages as the broker would have brought them just now."""

from __future__ import annotations

import time
from collections.abc import Callable

from edge.mqtt import Incoming


def incoming(
    leaf: str, text: str, *, dup: bool = False, mid: int = 1, on_ack: Callable[[], None] | None = None
) -> Incoming:
    """One to ``shuttle/demo/{leaf}``, with QoS 1."""
    return Incoming(
        topic=f"shuttle/demo/{leaf}",
        payload=text.encode(),
        qos=1,
        retain=False,
        dup=dup,
        received_mono=time.monotonic(),
        received_at=time.time(),
        mid=mid,
        on_ack=on_ack,
    )
