"""A message that comes twice is spoken once; what others send makes no message one that came before."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from edge.commentator.exactly_once.known_triggers import SENT_AGAIN_WITHIN_S, KnownTriggers
from edge.commentator.exactly_once.ledger import TurnLedger
from edge.commentator.exactly_once.spool import Spool
from edge.config import Settings
from edge.ingest.native import NativeDialect
from edge.messages import Trigger

dialect = NativeDialect(Settings())


def received(leaf: str, **body: object) -> Trigger:
    """What ingest makes of a message."""
    parsed = dialect.parse(
        f"shuttle/demo/{leaf}",
        json.dumps(body).encode(),
        retain=False,
        received_mono=time.monotonic(),
        received_at=time.time(),
    )
    assert isinstance(parsed, Trigger)
    return parsed


def ledger(folder: Path) -> TurnLedger:
    life: Any = SimpleNamespace(feed=None, counters=Counter())
    return TurnLedger(life, Spool(folder), "ru")


SAME_ID = [
    received("event", id="1", text="закат"),
    received("announce", id="1", text="Следующая остановка — Луна."),
    received("safety", id="1", text="Держитесь!"),
]


@pytest.mark.parametrize("first", SAME_ID)
@pytest.mark.parametrize("second", SAME_ID)
def test_an_id_that_another_topic_used_silences_nothing(
    first: Trigger, second: Trigger, tmp_path: Path
) -> None:
    known = ledger(tmp_path)
    assert known.accept(first)
    assert known.accept(second) == (first is not second)


def test_two_cameras_may_count_alike() -> None:
    known = KnownTriggers()
    assert known.is_new(received("event", id="1", label="dog", camera="front"))
    assert known.is_new(received("event", id="1", label="dog", camera="rear"))
    assert not known.is_new(received("event", id="1", label="dog", camera="rear"))


def test_a_sender_whose_counter_begins_anew_is_heard() -> None:
    known = KnownTriggers()
    first = received("safety", id="1", text="Держитесь!")
    assert known.is_new(first)
    assert known.is_new(received("safety", id="1", text="Пристегнитесь!")), "other words"
    assert not known.is_new(received("safety", id="1", text="Держитесь!")), "sent again"
    later = first.received_mono + SENT_AGAIN_WITHIN_S + 1
    assert known.is_new(msgspec.structs.replace(first, received_mono=later)), "the next drive"
    assert not known.is_new(msgspec.structs.replace(first, received_mono=later + 1))


def test_the_same_id_on_two_topics_of_one_kind_is_two_messages() -> None:
    known = KnownTriggers()
    now = time.monotonic()
    fields: dict[str, Any] = {
        "kind": "safety",
        "trigger_id": "1",
        "text": "text",
        "received_mono": now,
        "received_at": 1e9,
        "expires_mono": now + 5,
    }
    assert known.is_new(Trigger(topic="shuttle/demo/safety", **fields))
    assert known.is_new(Trigger(topic="fleet/safety", **fields))


@pytest.mark.parametrize("leaf", ["announce", "safety"])
def test_ten_thousand_events_make_no_repeated_message_new(leaf: str, tmp_path: Path) -> None:
    known = ledger(tmp_path)
    assert known.accept(received(leaf, id="s-1", text="Держитесь!"))
    for number in range(10_000):
        assert known.accept(received("event", id=f"e-{number}", label="dog"))
    assert not known.accept(received(leaf, id="s-1", text="Держитесь!"))


def test_an_event_with_a_warnings_id_does_not_take_its_place_in_the_spool(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    event, _, warning = SAME_ID
    spool.add(warning)
    spool.begin(event)
    spool.done(event)
    assert [each.trigger for each in Spool(tmp_path).left_over(time.monotonic())] == [warning]
