"""What goes when the pool is too large or too old."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.speaker.pool.worth import Stored, StoreLimits, to_remove
from tests.support.pooled import pool_text, stored

DAY_S = 86_400.0
NOW = 100 * DAY_S
LIMITS = StoreLimits(max_bytes=1000, max_age_s=30 * DAY_S)


def test_nothing_goes_while_there_is_room() -> None:
    assert to_remove({"a": stored(size_bytes=1000, voiced_at=NOW)}, LIMITS, NOW) == {}


def test_old_remarks_go_and_old_openers_stay() -> None:
    old = NOW - 31 * DAY_S
    entries = {
        "old": stored(voiced_at=old),
        "fresh": stored(voiced_at=NOW - 29 * DAY_S),
        "opener": stored(pool_text("О!", use="opener"), voiced_at=old),
    }
    assert to_remove(entries, LIMITS, NOW) == {"old": "too_old"}


def test_a_clock_that_went_back_makes_nothing_old() -> None:
    assert to_remove({"a": stored(voiced_at=NOW)}, LIMITS, 0.0) == {}


def test_without_room_the_oldest_of_the_largest_crowd_goes_first() -> None:
    entries = {
        "the only cat": stored(pool_text(label="cat"), size_bytes=300, voiced_at=NOW - 9),
        "old dog": stored(size_bytes=300, voiced_at=NOW - 5),
        "new dog": stored(size_bytes=300, voiced_at=NOW - 1),
        "opener": stored(pool_text("О!", use="opener"), size_bytes=300, voiced_at=NOW - 99),
    }
    assert to_remove(entries, LIMITS, NOW) == {"old dog": "no_room"}


def test_openers_go_only_when_no_remark_is_left() -> None:
    entries = {
        "opener": stored(pool_text("О!", use="opener"), size_bytes=800, voiced_at=NOW),
        "bridge": stored(pool_text("Так…", use="bridge"), size_bytes=800, voiced_at=NOW - 1),
        "dog": stored(size_bytes=100, voiced_at=NOW),
    }
    assert set(to_remove(entries, LIMITS, NOW)) == {"dog", "bridge"}


LABELS = st.sampled_from(["dog", "cat", "rice"])


@given(st.lists(st.tuples(LABELS, st.booleans(), st.integers(1, 600), st.floats(0, NOW)), max_size=30))
def test_what_stays_always_fits_and_nothing_goes_needlessly(
    found: list[tuple[str, bool, int, float]],
) -> None:
    entries: dict[str, Stored] = {
        str(number): stored(
            pool_text(label=label, use="opener" if reusable else "remark"), size_bytes=size, voiced_at=at
        )
        for number, (label, reusable, size, at) in enumerate(found)
    }
    removed = to_remove(entries, LIMITS, NOW)
    left = sum(each.size_bytes for key, each in entries.items() if key not in removed)
    assert left <= LIMITS.max_bytes
    for key, reason in removed.items():
        if reason == "no_room":
            assert left + max(entries[key].size_bytes for key in removed) > LIMITS.max_bytes
