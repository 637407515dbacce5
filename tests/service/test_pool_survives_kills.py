"""kill -9 at any moment of a write: whatever has an entry's name is whole, and the budget is known."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import multiprocessing
import os
import resource
import signal
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.atomic_file import HALF_WRITTEN
from edge.clock import Moment
from edge.speaker.pool import files
from edge.speaker.pool.store import EntryStore
from edge.speaker.pool.worth import StoreLimits
from edge.spending.ledger_file import LedgerFile
from tests.support.pooled import VOICE, held_sound, pool_text

LIMITS = StoreLimits(max_bytes=10**9, max_age_s=1e6)
NOW = 1e9 + 60
TODAY = Moment(0.0, NOW, "2026-11-20", 12)
SPENT = "spent.json"
READY = "ready"
STEPS = 22
"""More calls to the system than one round of the writer makes: the last ones kill nobody."""
RANDOM_KILLS = 12
BYTES = (0, 1, 30, 100, 400, 5_000, 60_000)
"""Where in a file the kernel kills the writer; an entry has about 120,000."""

FORKED = multiprocessing.get_context("forkserver")
"""Forty writers begin with what one process has imported; it has no threads of a test's."""
FORKED.set_forkserver_preload([__name__])


def write(told: Connection, folder: Path, die_at: int, largest: int) -> None:
    """Write entries and spend for them until killed, or for two rounds.

    Args:
        told: takes ``READY`` when it begins, and the id of each entry that was heard.
        die_at: which call to the system kills it; 0: none does.
        largest: bytes of a file at which the kernel kills it; below 0: none.
    """
    steps = itertools.count(1)

    def dying(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **options: Any) -> Any:
            if next(steps) == die_at:
                if call is os_write:  # half of it gets there
                    call(arguments[0], arguments[1][: len(arguments[1]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **options)

        return wrapped

    os_write = os.write
    store = EntryStore(folder, VOICE, LIMITS, Counter())
    store.open(NOW)
    ledger = LedgerFile(folder / SPENT)
    ledger.open(TODAY)
    if die_at:
        for name in ("open", "write", "fsync", "replace", "rename", "unlink", "close"):
            setattr(os, name, dying(getattr(os, name)))
    if largest >= 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    told.send(READY)
    for number in itertools.count():
        text = pool_text(entry_id=f"entry-{os.getpid()}-{number}")
        asyncio.run(ledger.spend(TODAY, {"characters": 10}))
        store.add(store.write(held_sound(text)))
        if number % 2:
            store.take(text.entry_id, text.text, text.language)
            told.send(text.entry_id)
        if die_at and number == 1:
            break


def write_until_killed(
    folder: Path, *, step: int = 0, at_byte: int = -1, after_s: float | None = None
) -> list[str]:
    """Run the writer; returns the ids of the remarks that were heard."""
    ours, theirs = FORKED.Pipe(duplex=False)
    writer = FORKED.Process(target=write, args=(theirs, folder, step, at_byte))
    heard: list[str] = []
    with ours:
        writer.start()
        theirs.close()
        try:
            assert ours.recv() == READY
            if after_s is not None:
                time.sleep(after_s)
                writer.kill()
            with contextlib.suppress(EOFError):
                while ours.poll(30):
                    heard.append(ours.recv())
            writer.join(30)
        finally:
            writer.kill()
            writer.join()
    assert writer.exitcode in (0, -signal.SIGKILL, -signal.SIGXFSZ)
    return heard


def assert_sound(folder: Path, heard: list[str]) -> None:
    """All that is held is whole, nothing of what was heard is held, nothing half written is left."""
    counters: Counter[str] = Counter()
    store = EntryStore(folder, VOICE, LIMITS, counters)
    store.open(NOW)
    assert counters == {}
    expected = held_sound(pool_text()).samples
    for entry_id in store.entries:
        assert np.array_equal(files.sound_of(folder, entry_id).samples, expected)
    assert not set(heard) & set(store.entries)
    assert not [path for path in folder.iterdir() if path.name.endswith(HALF_WRITTEN)]
    ledger = LedgerFile(folder / SPENT)
    ledger.open(TODAY)
    used = ledger.ledger.used(TODAY, "characters")
    assert used % 10 == 0
    assert used // 10 >= len(store.entries), "nothing is held that was not paid for before"


@pytest.mark.timeout(180)
def test_killed_at_any_call_to_the_system(tmp_path: Path) -> None:
    died = 0
    for step in range(1, STEPS):
        folder = tmp_path / str(step)
        heard = write_until_killed(folder, step=step)
        assert_sound(folder, heard)
        died += not heard
    assert died > STEPS // 2


def test_killed_in_the_middle_of_a_file(tmp_path: Path) -> None:
    for at_byte in BYTES:
        folder = tmp_path / str(at_byte)
        assert write_until_killed(folder, at_byte=at_byte) == []
        assert_sound(folder, [])


@pytest.mark.timeout(180)
def test_killed_at_random_moments_again_and_again_in_one_folder(tmp_path: Path) -> None:
    heard: list[str] = []
    number = 0
    while number < RANDOM_KILLS or not heard:  # a busy machine may not get as far as the first in time
        number += 1
        heard += write_until_killed(tmp_path / "pool", after_s=0.017 * number)
        assert_sound(tmp_path / "pool", heard)
