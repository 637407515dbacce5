"""Which turn may begin in the speaker, and which one ends which."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from msgspec.structs import replace

from edge.messages import Language, Priority, Progress, SpeechReport, SpeechText
from edge.speaker import spoken_turns
from edge.speaker.playback_news import PlaybackNews
from edge.speaker.pool.entry import HeldSound
from edge.speaker.pool.pool import SoundPool
from edge.speaker.spoken_turns import SpokenTurns
from tests.support.pooled import held_sound, pool_text
from tests.support.waiting import until
from tests.unit.test_spoken_turn import OPENER, REMARK, Room, opener, room, start

LONG = REMARK * 40


class Told:
    """The pool and the news of one speaker: holds one opener, notes what it is told."""

    def __init__(self) -> None:
        self.reports: dict[str, SpeechReport] = {}
        self.stages: set[tuple[str, str]] = set()
        self.changes = 0

    def take(self, entry_id: str, text: str, language: Language) -> HeldSound | None:
        return held_sound(pool_text(OPENER * 20, use="opener")) if entry_id == "opener" else None

    def live(self) -> None: ...

    def reached(self, progress: Progress) -> None:
        self.stages.add((progress.turn_id, progress.stage))

    def ended(self, report: SpeechReport) -> None:
        self.reports[report.turn_id] = report

    def tell(self) -> None:
        self.changes += 1

    async def sounds(self, turn_id: str) -> None:
        await until(lambda: (turn_id, "first_sample") in self.stages)


class World:
    """The turns of one speaker; its device stands still within the first, until a report is waited for."""

    def __init__(self, made: Room) -> None:
        self.room, self.told, self.counters = made, Told(), Counter[str]()
        self.turns = SpokenTurns(
            made.ladder,
            cast(SoundPool, self.told),
            made.player,
            cast(PlaybackNews, self.told),
            self.counters,
        )

    def say(self, turn_id: str, text: str = LONG, **fields: Any) -> None:
        self.turns.begin(replace(start(), turn_id=turn_id, text=text, **fields))
        self.turns.close(turn_id)

    def open(self, turn_id: str, **fields: Any) -> None:
        self.turns.open(replace(opener(), turn_id=turn_id, **fields))

    async def report(self, turn_id: str) -> tuple[str, str | None]:
        self.room.output.unblock()
        await until(lambda: turn_id in self.told.reports)
        return self.told.reports[turn_id].outcome, self.told.reports[turn_id].reason


@contextlib.asynccontextmanager
async def world() -> AsyncIterator[World]:
    async with room() as made:
        await until(lambda: made.player.state.name == "open")
        made.output.block(after_s=0.5)
        yield World(made)


async def test_what_is_more_important_ends_what_is_less_and_equals_wait() -> None:
    async with world() as w:
        w.say("remark")
        await w.told.sounds("remark")
        w.say("another remark", REMARK)
        w.say("answer", REMARK, priority=Priority.ANSWER)
        assert await w.report("remark") == ("interrupted", "replaced by turn answer")
        assert await w.report("another remark") == ("interrupted", "replaced by turn answer")
        assert await w.report("answer") == ("spoken", None)
        assert len(w.turns) == 0
        assert w.counters == {"speech.interrupted": 2, "speech.spoken": 1}


async def test_what_a_turn_names_is_replaced_also_where_it_is_as_important() -> None:
    async with world() as w:
        w.say("old")
        await w.told.sounds("old")
        w.say("new", REMARK, replaces=("old", "one that is unknown here"))
        assert await w.report("old") == ("interrupted", "replaced by turn new")
        w.say("one that is unknown here")
        assert (await w.report("one that is unknown here"))[0] == "interrupted"


async def test_any_text_as_important_ends_an_opener() -> None:
    async with world() as w:
        w.open("opened")
        await w.told.sounds("opened")
        w.say("remark", REMARK)
        assert await w.report("opened") == ("interrupted", "replaced by turn remark")


async def test_a_turn_that_was_cancelled_before_it_came_is_not_begun() -> None:
    async with world() as w:
        w.turns.cancel("turn", "stopped")
        w.say("turn")
        assert await w.report("turn") == ("interrupted", "stopped")
        assert len(w.turns) == 0


async def test_an_opener_is_not_played_where_it_does_not_fit() -> None:
    async with world() as w:
        w.open("late", expires_mono=time.monotonic())
        w.open("not held", pool_entry="another")
        w.open("opened")
        w.open("beside it")
        w.turns.begin(replace(start(), turn_id="opened"))
        w.open("opened")
        w.turns.cancel("opened", "stopped")
        assert w.counters["openers.played"] == 1
        refused = {name for name in w.counters if "not_played" in name}
    assert refused == {
        f"openers.not_played.{reason}" for reason in ("late", "not_held", "another_turn", "text_is_there")
    }


async def test_without_a_device_no_opener_is_played() -> None:
    async with room() as made:
        await until(lambda: made.player.state.name == "open")
        made.output.lose("it is unplugged")
        await until(lambda: made.player.state.name == "absent")
        w = World(made)
        w.open("turn")
        assert w.counters == {"openers.not_played.no_device": 1}


async def test_a_new_commentator_ends_what_another_began() -> None:
    async with world() as w:
        w.say("turn")
        await w.told.sounds("turn")
        w.turns.orphan_all_but("test")
        assert "turn" not in w.told.reports
        w.turns.orphan_all_but("another")
        assert await w.report("turn") == ("failed", "the commentator restarted")


async def test_what_a_lost_device_cut_off_long_ago_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spoken_turns, "LOST_DEVICE_PATIENCE_S", 0.05)
    async with world() as w:
        w.say("turn")
        await w.told.sounds("turn")
        w.room.output.lose("it is unplugged")
        await until(lambda: w.room.player.state.name == "absent")
        w.turns.take_device(w.room.player.state)
        assert await w.report("turn") == ("failed", "the audio device was lost")


async def test_more_text_of_what_sounds_is_told_at_once() -> None:
    async with world() as w:
        w.turns.begin(replace(start(), turn_id="turn", text=LONG))
        w.turns.add(SpeechText(turn_id="turn", text=REMARK))
        before = w.told.changes
        await w.told.sounds("turn")
        w.turns.add(SpeechText(turn_id="turn", text=REMARK))
        w.turns.add(SpeechText(turn_id="unknown", text=REMARK))
        w.turns.cancel_all("the guide stops")
        assert (before, w.told.changes) == (0, 1)
        assert await w.report("turn") == ("interrupted", "the guide stops")
