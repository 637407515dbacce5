"""What counts as acknowledged by a broker, and what does not."""

from __future__ import annotations

import itertools

import pytest

from edge.mqtt import NobodySubscribesError, PublishRefusedError
from edge.mqtt.outbox import Acknowledgement, Outbox, Publication


class Wire:
    """Hands out packet identifiers, and keeps what was sent."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self.sent: list[str] = []

    def __call__(self, item: Publication) -> int:
        self.sent.append(item.topic)
        return next(self._numbers)


@pytest.mark.parametrize("must_reach", [True, False])
async def test_that_nobody_subscribes_is_a_refusal_of_what_must_reach_somebody(must_reach: bool) -> None:
    outbox = Outbox(10)
    outbox.connected(Wire())
    done = outbox.add("t", b"", qos=1, retain=False, must_reach=must_reach)
    outbox.acknowledged(1, Acknowledgement(unheard=True))
    if must_reach:
        with pytest.raises(NobodySubscribesError, match="nobody subscribes to t"):
            await done
    else:
        await done


async def test_an_acknowledgement_of_what_was_not_sent_acknowledges_nothing() -> None:
    outbox = Outbox(10)
    outbox.connected(Wire())
    done = outbox.add("t", b"", qos=1, retain=False)
    for mid in (0, 2, 65_535, -1):
        outbox.acknowledged(mid, Acknowledgement())
        outbox.acknowledged(mid, Acknowledgement(refusal="not authorized"))
    assert not done.done()
    outbox.acknowledged(1, Acknowledgement(refusal="not authorized"))
    with pytest.raises(PublishRefusedError, match="not authorized"):
        await done
    outbox.acknowledged(1, Acknowledgement())  # and twice is once


async def test_what_was_cancelled_is_not_sent_over_the_next_connection() -> None:
    outbox = Outbox(10)
    first, second = Wire(), Wire()
    outbox.connected(first)
    given_up = outbox.add("given up", b"", qos=1, retain=False)
    outbox.add("kept", b"", qos=1, retain=False)
    outbox.disconnected()
    given_up.cancel()
    outbox.connected(second)
    assert (first.sent, second.sent) == (["given up", "kept"], ["kept"])
