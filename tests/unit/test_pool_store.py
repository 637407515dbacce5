"""What was stored is there after a restart; a remark is given out once; damage costs one entry."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import msgspec
import numpy as np
import pytest

from edge.atomic_file import HALF_WRITTEN
from edge.messages import PoolText
from edge.speaker.pool import files
from edge.speaker.pool.entry import HeldSound, encode
from edge.speaker.pool.gone import FILE_NAME as GONE
from edge.speaker.pool.store import EntryStore
from edge.speaker.pool.worth import StoreLimits
from edge.speaker.script import Mark
from tests.support.pooled import VOICE, held_sound, pool_text

NOW = 1e9 + 60
ROOMY = StoreLimits(max_bytes=10**9, max_age_s=1e6)


def opened(
    folder: Path, *, voice: str = VOICE, limits: StoreLimits = ROOMY, counters: Counter[str] | None = None
) -> EntryStore:
    store = EntryStore(folder / "pool", voice, limits, Counter() if counters is None else counters)
    store.open(NOW)
    return store


def keep(store: EntryStore, *sounds: HeldSound) -> None:
    for sound in sounds:
        store.add(store.write(sound))


def take(store: EntryStore, text: PoolText) -> HeldSound | None:
    return store.take(text.entry_id, text.text, text.language)


def test_what_was_stored_is_there_after_a_restart_to_its_last_sample(tmp_path: Path) -> None:
    sound = held_sound()
    keep(opened(tmp_path), sound)
    again = opened(tmp_path)
    assert again.bytes == files.path_of(again.folder, sound.header.text.entry_id).stat().st_size
    found = take(again, sound.header.text)
    assert found is not None
    assert np.array_equal(found.samples, sound.samples)
    assert [piece.spoken_to for piece in found.pieces()] == [3, 11, 15, 21]
    assert np.array_equal(np.concatenate([piece.samples for piece in found.pieces()]), sound.samples)
    assert found.header.news.duration_ms == round(len(sound.samples) / 48)


def test_a_remark_is_given_out_once_also_after_a_restart(tmp_path: Path) -> None:
    sound = held_sound()
    store = opened(tmp_path)
    keep(store, sound)
    assert take(store, sound.header.text)
    assert take(store, sound.header.text) is None
    assert take(opened(tmp_path), sound.header.text) is None
    assert store.knows(sound.header.text.entry_id)


def test_a_remark_that_comes_back_after_it_was_heard_is_not_held(tmp_path: Path) -> None:
    sound = held_sound()
    store = opened(tmp_path)
    keep(store, sound)
    take(store, sound.header.text)
    store.write(sound)  # as an import of the same archive would
    store.apply(store.scan())
    assert store.entries == {}
    assert not list(files.entry_ids(store.folder))


def test_a_crash_between_noting_and_removing_lets_nothing_be_heard_again(tmp_path: Path) -> None:
    sound = held_sound()
    store = opened(tmp_path)
    keep(store, sound)
    (store.folder / GONE).write_text(f"half-an-\n{sound.header.text.entry_id}\n")
    assert opened(tmp_path).entries == {}


def test_openers_are_given_out_again_and_again(tmp_path: Path) -> None:
    opener = held_sound(pool_text("О, смотрите!", use="opener"))
    store = opened(tmp_path)
    keep(store, opener)
    assert take(store, opener.header.text)
    assert take(store, opener.header.text)


def test_an_entry_that_says_something_else_is_not_given_out(tmp_path: Path) -> None:
    sound = held_sound()
    store = opened(tmp_path)
    keep(store, sound)
    entry_id = sound.header.text.entry_id
    assert store.take(entry_id, "Три собаки!", "ru") is None
    assert store.take(entry_id, sound.header.text.text, "en") is None
    assert take(store, sound.header.text)


def damage_head(content: bytes) -> bytes:
    return content[:20] + bytes([content[20] ^ 1]) + content[21:]


def damage_sound(content: bytes) -> bytes:
    return content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:10],
        lambda content: content[:-2],
        lambda content: content + b"\0\0",
        lambda content: b"RIFF" + content[4:],
        damage_head,
        damage_sound,
    ],
)
def test_a_damaged_entry_is_one_line_and_harms_no_other(
    tmp_path: Path, damage: object, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = held_sound(), held_sound()
    keep(opened(tmp_path), bad, good)
    counters: Counter[str] = Counter()
    path = files.path_of(tmp_path / "pool", bad.header.text.entry_id)
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    store = opened(tmp_path, counters=counters)
    assert take(store, bad.header.text) is None
    assert take(store, good.header.text)
    assert counters["pool.corrupt"] == 1
    assert [bad.header.text.entry_id in record.message for record in caplog.records] == [True]
    assert not path.exists()


def test_a_header_that_lies_about_its_sound_is_refused(tmp_path: Path) -> None:
    store = opened(tmp_path)
    lies: list[tuple[Mark, ...]] = [(), (Mark(5, 9),), (Mark(10, 21), Mark(5, 21)), (Mark(0, 21),)]
    for marks in lies:
        header, samples = held_sound()
        lying = msgspec.structs.replace(header, marks=marks)
        content = encode(lying, samples[: marks[-1].position if marks else 0])
        files.path_of(store.folder, header.text.entry_id).write_bytes(content)
    scan = store.scan()
    assert (len(scan.damaged), scan.fresh) == (len(lies), {})


def test_entries_of_another_voice_are_void(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    keep(opened(tmp_path), held_sound(), held_sound())
    counters: Counter[str] = Counter()
    assert opened(tmp_path, voice="elevenlabs another", counters=counters).entries == {}
    assert counters["pool.void"] == 2
    assert len(caplog.records) == 1
    assert opened(tmp_path).entries == {}


def test_what_a_killed_writer_left_is_removed_and_never_held(tmp_path: Path) -> None:
    store = opened(tmp_path)
    left = store.folder / f"half.sound.123{HALF_WRITTEN}"
    left.write_bytes(b"SGPOOL1\n half")
    assert opened(tmp_path).entries == {}
    assert not left.exists()


def test_without_room_the_pool_keeps_within_its_limit(tmp_path: Path) -> None:
    sounds = [held_sound(voiced_at=1e9 + number) for number in range(4)]
    store = opened(tmp_path)
    keep(store, *sounds)
    one = store.bytes // 4
    small = opened(tmp_path, limits=StoreLimits(max_bytes=round(2.5 * one), max_age_s=1e6))
    assert set(small.entries) == {sound.header.text.entry_id for sound in sounds[2:]}
    assert len(list(files.entry_ids(small.folder))) == 2


def test_what_others_bring_and_take_away_is_noticed(tmp_path: Path) -> None:
    store, other = opened(tmp_path), opened(tmp_path)
    mine, brought = held_sound(), held_sound()
    keep(store, mine)
    other.write(brought)
    files.path_of(store.folder, mine.header.text.entry_id).unlink()
    assert store.apply(store.scan())
    assert list(store.entries) == [brought.header.text.entry_id]
    assert not store.apply(store.scan())


def test_what_is_played_or_added_beside_a_scan_is_not_confused_by_it(tmp_path: Path) -> None:
    store, other = opened(tmp_path), opened(tmp_path)
    brought, added = held_sound(), held_sound()
    other.write(brought)
    scan = store.scan()
    keep(store, added)
    files.path_of(store.folder, brought.header.text.entry_id).unlink()
    store.apply(scan)
    assert list(store.entries) == [added.header.text.entry_id]


def test_what_was_discarded_does_not_come_back(tmp_path: Path) -> None:
    sound = held_sound()
    store = opened(tmp_path)
    keep(store, sound)
    assert store.discard([sound.header.text.entry_id, "unknown", "../../etc/passwd"]) == 1
    keep(store, sound)
    assert store.entries == {}
    assert opened(tmp_path).entries == {}


def test_only_names_that_are_safe_as_file_names_are_ids() -> None:
    assert files.is_safe_id("0123abcdef-_.X")
    for unsafe in ("", ".", "..", ".hidden", "a/b", "../a", "a\n", "а", "a" * 97, "a\0"):
        assert not files.is_safe_id(unsafe), unsafe


def test_what_has_an_entry_s_name_and_is_no_file_is_passed_over(tmp_path: Path) -> None:
    sound = held_sound()
    keep(opened(tmp_path), sound)
    (tmp_path / "pool/folder.sound").mkdir()
    os.mkfifo(tmp_path / "pool/fifo.sound")  # to open it would wait for ever
    assert set(opened(tmp_path).entries) == {sound.header.text.entry_id}
