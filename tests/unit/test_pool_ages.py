"""What was paid for goes by how long the speaker has really run, and never by the calendar alone."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.speaker.pool import files
from edge.speaker.pool.ages import FILE_NAME, Ages
from edge.speaker.pool.archive import export_pool, import_pool
from edge.speaker.pool.entry import HeldSound
from edge.speaker.pool.pool import MAX_AGE_S
from edge.speaker.pool.store import EntryStore
from edge.speaker.pool.worth import StoreLimits
from tests.support.pooled import VOICE, held_sound

DAY_S = 86_400.0
LIMITS = StoreLimits(10**9, MAX_AGE_S)


class Shuttle:
    """A pool's folder, and a speaker that starts and stops."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.counters: Counter[str] = Counter()

    def run(self, for_s: float, *sounds: HeldSound, killed: bool = False) -> set[str]:
        """Start, hold new sounds, run for so long, and stop; gives the ids that are held in the end."""
        store = EntryStore(self.folder, VOICE, LIMITS, self.counters)
        store.open(7.0)
        for sound in sounds:
            store.add(store.write(sound))
        store.tidy(7.0)
        store.tidy(7.0 + for_s)
        if not killed:
            asyncio.run(store.save_ages(7.0 + for_s))
        store.close()
        return set(store.entries)


@pytest.mark.parametrize(
    "step_s", [40 * DAY_S, 20 * 365 * DAY_S, -1_700_000_000.0], ids=["40 d", "20 y", "1970"]
)
def test_a_clock_that_is_not_set_or_jumps_deletes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step_s: float
) -> None:
    shuttle, now, shown_s = Shuttle(tmp_path / "pool"), time.time, 0.0
    monkeypatch.setattr(time, "time", lambda: now() + shown_s)
    sounds = [held_sound(voiced_at=time.time()) for _ in range(3)]
    held = shuttle.run(60.0, *sounds)
    assert len(held) == 3
    shown_s = step_s  # the clock is wrong for a minute, while it runs and over a restart
    for path in shuttle.folder.iterdir():
        os.utime(path, (max(0.0, time.time()),) * 2)
    wrong = held_sound(voiced_at=time.time())
    held |= {wrong.header.text.entry_id}
    assert shuttle.run(60.0, wrong) == held
    shown_s = 0.0
    assert shuttle.run(60.0) == held
    assert shuttle.counters == {}


def test_thirty_days_of_running_delete_a_remark_whatever_the_calendar_says(tmp_path: Path) -> None:
    shuttle = Shuttle(tmp_path / "pool")
    old = held_sound(voiced_at=4e9)
    for day in range(72):  # of ten hours
        held = shuttle.run(10 * 3600.0, *([old] if day == 0 else []))
        assert held == {old.header.text.entry_id}, f"day {day}"
    young = held_sound(voiced_at=0.0)
    assert shuttle.run(10 * 3600.0, young) == {young.header.text.entry_id}
    assert shuttle.counters == {"pool.too_old": 1}


def test_a_pool_of_an_older_release_begins_to_age_when_it_is_first_held(tmp_path: Path) -> None:
    shuttle = Shuttle(tmp_path / "pool")
    store = EntryStore(shuttle.folder, VOICE, LIMITS, Counter())
    store.open(0.0)
    sound = held_sound(voiced_at=0.0)
    store.write(sound)  # without a file of ages
    assert shuttle.run(29 * DAY_S) == {sound.header.text.entry_id}
    assert shuttle.run(2 * DAY_S) == set()


def test_what_is_imported_begins_to_age_on_the_machine_that_it_came_to(tmp_path: Path) -> None:
    depot, shuttle = Shuttle(tmp_path / "depot"), Shuttle(tmp_path / "shuttle")
    sound, own = held_sound(voiced_at=0.0), held_sound()
    depot.run(29 * DAY_S, sound)
    shuttle.run(29 * DAY_S, own)
    archive = tmp_path / "pool.tar"
    export_pool(depot.folder, archive)
    with archive.open("rb") as file:
        done = import_pool(
            file,
            shuttle.folder,
            voice=VOICE,
            max_bytes=10**9,
            check_signature=None,
            objection=lambda text: None,
        )
    assert done.brought == 1
    assert shuttle.run(2 * DAY_S) == {sound.header.text.entry_id}, "its own remark was old"
    assert shuttle.run(27 * DAY_S) == {sound.header.text.entry_id}
    assert shuttle.run(2 * DAY_S) == set()


@pytest.mark.parametrize("rubbish", [b"", b"{", b"[]", b'{"ran_s": -1}', b'{"ran_s": 1, "at_s": {"a": "b"}}'])
def test_a_file_of_ages_that_cannot_be_read_makes_nothing_old(
    tmp_path: Path, rubbish: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    shuttle = Shuttle(tmp_path / "pool")
    held = shuttle.run(20 * DAY_S, held_sound())
    (shuttle.folder / FILE_NAME).write_bytes(rubbish)
    assert shuttle.run(20 * DAY_S) == held
    assert "all that is held counts as new" in caplog.text
    assert shuttle.run(11 * DAY_S) == set(), "it is mended"


def test_a_killed_speaker_forgets_only_what_it_had_not_noted_yet(tmp_path: Path) -> None:
    shuttle = Shuttle(tmp_path / "pool")
    held = shuttle.run(29 * DAY_S, held_sound())
    assert shuttle.run(0.5 * DAY_S, killed=True) == held
    assert shuttle.run(0.9 * DAY_S) == held
    assert shuttle.run(0.2 * DAY_S) == set()


def test_the_file_has_no_more_than_what_is_held(tmp_path: Path) -> None:
    shuttle = Shuttle(tmp_path / "pool")
    for _ in range(5):
        held = shuttle.run(60.0, held_sound())
    for entry_id in list(held)[:4]:
        files.path_of(shuttle.folder, entry_id).unlink()
    shuttle.run(60.0)
    assert len((shuttle.folder / FILE_NAME).read_bytes()) < 100


@given(st.lists(st.floats(-1e6, 1e6), max_size=30))
def test_no_age_is_negative_or_larger_than_what_was_run(clock: list[float]) -> None:
    ages, ran_s, last = Ages(Path("unused")), 0.0, None
    for now in clock:
        ran_s += max(0.0, now - last) if last is not None else 0.0
        last = now
        (age,) = ages.look(now, ["a"]).values()
        assert 0.0 <= age <= ran_s
