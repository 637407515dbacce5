"""What goes when the pool is too large or too old."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.speaker.pool.worth import Stored, StoreLimits, to_remove
from tests.support.pooled import pool_text, stored

DAY_S = 86_400.0
NOW = 100 * DAY_S
"""Of running."""
LIMITS = StoreLimits(max_bytes=1000, max_age_s=30 * DAY_S)


def removed(entries: dict[str, Stored], ran_s: float = NOW) -> dict[str, str]:
    """What goes where ``voiced_at`` of each entry is how long the speaker had run by then."""
    ages_s = {entry_id: ran_s - each.header.voiced_at for entry_id, each in entries.items()}
    return dict(to_remove(entries, LIMITS, ages_s))


def test_nothing_goes_while_there_is_room() -> None:
    assert removed({"a": stored(size_bytes=1000, voiced_at=NOW)}) == {}


def test_old_remarks_go_and_old_openers_stay() -> None:
    old = NOW - 31 * DAY_S
    entries = {
        "old": stored(voiced_at=old),
        "fresh": stored(voiced_at=NOW - 29 * DAY_S),
        "opener": stored(pool_text("О!", use="opener"), voiced_at=old),
    }
    assert removed(entries) == {"old": "too_old"}


def test_without_room_the_oldest_of_the_largest_crowd_goes_first() -> None:
    entries = {
        "the only cat": stored(pool_text(label="cat"), size_bytes=300, voiced_at=NOW - 9),
        "old dog": stored(size_bytes=300, voiced_at=NOW - 5),
        "new dog": stored(size_bytes=300, voiced_at=NOW - 1),
        "opener": stored(pool_text("О!", use="opener"), size_bytes=300, voiced_at=NOW - 99),
    }
    assert removed(entries) == {"old dog": "no_room"}


def test_openers_go_only_when_no_remark_is_left() -> None:
    entries = {
        "opener": stored(pool_text("О!", use="opener"), size_bytes=800, voiced_at=NOW),
        "bridge": stored(pool_text("Так…", use="bridge"), size_bytes=800, voiced_at=NOW - 1),
        "dog": stored(size_bytes=100, voiced_at=NOW),
    }
    assert set(removed(entries)) == {"dog", "bridge"}


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
    went = removed(entries)
    left = sum(each.size_bytes for key, each in entries.items() if key not in went)
    assert left <= LIMITS.max_bytes
    for key, reason in went.items():
        if reason == "no_room":
            assert left + max(entries[key].size_bytes for key in went) > LIMITS.max_bytes
