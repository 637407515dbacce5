"""What waits between the network thread and the event loop, and for its acknowledgement, is bounded."""

from __future__ import annotations

import pytest

from edge.mqtt import Incoming
from edge.mqtt.inbox import MAX_UNACKNOWLEDGED, MAX_UNREAD, MAX_UNREAD_BYTES, MESSAGE_BYTES, MqttInbox


def message(mid: int, *, qos: int = 1, size: int = 0) -> Incoming:
    return Incoming(
        topic="t",
        payload=bytes(size),
        qos=qos,
        retain=False,
        dup=False,
        received_mono=0.0,
        received_at=0.0,
        mid=mid,
    )


@pytest.fixture
def acknowledged() -> list[int]:
    return []


@pytest.fixture
def inbox(acknowledged: list[int]) -> MqttInbox:
    return MqttInbox(acknowledged.append)


def test_messages_are_read_and_acknowledged_in_the_order_in_which_they_came(
    inbox: MqttInbox, acknowledged: list[int]
) -> None:
    for mid in (7, 3):
        inbox.put(message(mid))
    first, second = inbox.take(), inbox.take()
    assert (first.mid, second.mid, len(inbox)) == (7, 3, 0)
    second.ack()
    assert acknowledged == []
    first.ack()
    assert acknowledged == [7, 3]


def test_a_message_with_qos_0_is_not_acknowledged(inbox: MqttInbox, acknowledged: list[int]) -> None:
    inbox.put(message(0, qos=0))
    inbox.take().ack()
    assert acknowledged == []


def test_many_small_messages_leave_room_only_for_what_the_broker_relies_on(inbox: MqttInbox) -> None:
    for number in range(MAX_UNREAD):
        assert not inbox.drops_qos_0
        inbox.put(message(number, qos=0))
    assert inbox.drops_qos_0
    assert not inbox.is_full
    inbox.take()
    assert not inbox.drops_qos_0


def test_long_messages_fill_it_by_their_bytes_until_they_are_read(inbox: MqttInbox) -> None:
    size = MAX_UNREAD_BYTES // 10
    fit = MAX_UNREAD_BYTES // (size + MESSAGE_BYTES)
    for number in range(fit + 1):
        assert not inbox.is_full
        inbox.put(message(number, size=size))
    assert inbox.is_full
    assert inbox.drops_qos_0
    inbox.take()
    assert not inbox.is_full, "read is enough: what it carries is the reader's business"


def test_each_packet_identifier_counts_from_its_arrival_to_its_acknowledgement(inbox: MqttInbox) -> None:
    taken = []
    for mid in range(1, MAX_UNACKNOWLEDGED + 1):
        assert not inbox.breach
        inbox.put(message(mid))
        if mid % 2:
            taken.append(inbox.take())
    assert inbox.breach == "more than 65535 messages without an acknowledgement"
    taken[0].ack()
    assert not inbox.breach


def test_when_the_connection_is_over_nothing_is_acknowledged(
    inbox: MqttInbox, acknowledged: list[int]
) -> None:
    inbox.put(message(1))
    taken = inbox.take()
    inbox.close()
    taken.ack()
    assert acknowledged == []
