"""The commentator fills the pool, says what is in it, and opens remarks that are not."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.clouds import CloudEmulator, Profile
from edge.commentator.openers import own_texts
from edge.commentator.pool.plan import PER_REQUEST
from edge.messages import (
    Pattern,
    PoolDiscard,
    PoolText,
    PoolVoice,
    SpeechEnd,
    SpeechOpener,
    SpeechStart,
)
from tests.support.commentator_alone import CommentatorAlone

SIZE = 2 * PER_REQUEST - 1
FULL = 8
"""Two requests give four remarks each; for what is missing then none is made."""
QUICK = Profile(name="quick", first_token_s=0.3, voice_first_byte_s=0.03, connection_setup_s=0.01)
SLOW = replace(QUICK, first_token_s=2.0)
LIVE = "Вот так встреча!"
SETTINGS = {
    "SHUTTLE_GUIDE_COMMENTATOR__MODELS": "groq",
    "SHUTTLE_GUIDE_COMMENTATOR__AHEAD__SIZE": str(SIZE),
    # A bridge and an ending come long before the phrasebook, however busy the machine is.
    "SHUTTLE_GUIDE_COMMENTATOR__BUDGET__INITIAL_MS": "6000",
    "SHUTTLE_GUIDE_COMMENTATOR__BUDGET__MAX_MS": "6000",
}
OPENERS = {"SHUTTLE_GUIDE_COMMENTATOR__OPENERS": "true"}


def writes_ahead(request: dict[str, Any]) -> bool:
    return not request.get("stream")


class Model:
    """Writes remarks that are never alike, among them one about a wrong side; else says ``LIVE``."""

    def __init__(self) -> None:
        self._rng = random.Random(1)
        self.repeats = False
        """What was said before the remark."""

    def __call__(self, request: dict[str, Any]) -> str:
        if not writes_ahead(request):
            said = [message["content"] for message in request["messages"] if message["role"] == "assistant"]
            return " ".join([*said, LIVE]) if self.repeats else LIVE
        good = [
            " ".join("".join(self._rng.choices("абвгдежз", k=7)) for _ in range(4)) + "." for _ in range(4)
        ]
        return json.dumps(["Слева кто-то хвостатый и важный.", *good], ensure_ascii=False)


@contextlib.asynccontextmanager
async def scene(
    folder: Path, profile: Profile = QUICK, **settings: str
) -> AsyncIterator[tuple[CommentatorAlone, CloudEmulator, Model]]:
    model = Model()
    async with (
        CloudEmulator(profile, reply=model) as clouds,
        CommentatorAlone(folder, clouds.env() | SETTINGS | settings) as guide,
    ):
        yield guide, clouds, model


def asked(clouds: CloudEmulator, *, ahead: bool) -> list[dict[str, Any]]:
    """Bodies of the requests to the model, without those that only look whether it is there."""
    bodies = [record.body for record in clouds.requests("groq") if record.body]
    return [
        body
        for body in bodies
        if writes_ahead(body) == ahead and body["messages"][0]["content"] != "Answer with one word."
    ]


async def fill(guide: CommentatorAlone) -> None:
    guide.order_to_fill()
    await guide.until(lambda: len(guide.remarks) >= FULL, "a full pool")


async def test_it_fills_from_nothing_and_a_hit_asks_no_model_and_is_never_said_twice(tmp_path: Path) -> None:
    async with scene(tmp_path) as (guide, clouds, _):
        await fill(guide)
        assert {text.pattern.label for text in guide.remarks if text.pattern} == {"dog"}
        assert not any("Слева" in text.text for text in guide.remarks), "a side that nobody can know"
        said = set()
        number = sum(text.pattern == Pattern(label="dog") for text in guide.remarks)
        for _ in range(number):
            turn = await guide.remark(label="dog", side="right")
            assert (turn.outcome, turn.models) == ("spoken", ("pool",))
            start, end = guide.of_turn(turn.turn_id)
            assert isinstance(start, SpeechStart)
            assert isinstance(end, SpeechEnd)
            assert start.pool_entry is not None
            said.add(start.text)
        assert len(said) == number
        assert asked(clouds, ahead=False) == []
        await guide.until(lambda: guide.counter("pool.near_hit") == number, "the hits to be counted")
        assert (await guide.remark(label="cat")).models == ("groq",)


async def test_two_sightings_before_the_speaker_has_told_get_two_remarks(tmp_path: Path) -> None:
    async with scene(tmp_path) as (guide, _, _):
        await fill(guide)
        guide._tell_holdings = lambda: None  # type: ignore[method-assign]
        first = await guide.remark(label="dog")
        second = await guide.remark(label="dog")
        assert first.models == second.models == ("pool",)
        assert first.text != second.text


@pytest.mark.parametrize("killed", [False, True], ids=["stopped", "killed"])
async def test_the_day_s_requests_are_not_exceeded_by_a_restart(tmp_path: Path, killed: bool) -> None:
    settings = {"SHUTTLE_GUIDE_COMMENTATOR__AHEAD__REQUESTS_PER_DAY": "1"}
    async with scene(tmp_path, **settings) as (guide, clouds, _):
        guide.order_to_fill()
        await guide.until(lambda: "requests are used up" in guide.log(), "the budget's end")
        assert len(asked(clouds, ahead=True)) == 1
        if killed:
            await guide.kill()
        else:
            assert await guide.stop() == 0
        await guide.start()
        guide.order_to_fill()
        await guide.until(lambda: guide.log().count("requests are used up") == 2, "the budget's end again")
        assert len(asked(clouds, ahead=True)) == 1


async def test_what_is_being_written_ahead_gives_way_to_a_live_turn(tmp_path: Path) -> None:
    async with scene(tmp_path) as (guide, clouds, _):
        await clouds.set_fault("groq", "hang_before_headers", times=1)
        guide.order_to_fill()
        await guide.until(lambda: len(asked(clouds, ahead=True)) == 1 or _hangs(clouds), "a request")
        turn = await guide.remark(label="cat")
        assert turn.models == ("groq",)
        await guide.until(lambda: guide.counter("pool.broken_off") == 1, "the request to be broken off")
        await fill(guide)


def _hangs(clouds: CloudEmulator) -> bool:
    return any(record.fault for record in clouds.requests("groq"))


async def test_a_refusal_is_followed_by_a_pause_which_an_order_ends(tmp_path: Path) -> None:
    async with scene(tmp_path) as (guide, clouds, _):
        await clouds.set_fault("groq", "error_429", retry_after_s=600)
        guide.order_to_fill()
        await guide.until(lambda: guide.counter("pool.refused_requests") == 1, "a refusal")
        await clouds.heal("groq")
        await asyncio.sleep(1.0)
        assert guide.remarks == []
        assert guide.log().count("trying again in") == 1
        await fill(guide)


async def test_what_was_written_under_another_prompt_is_thrown_away(tmp_path: Path) -> None:
    async with scene(tmp_path) as (guide, _, _):
        old = PoolText(
            use="remark", language="ru", text="Хвост трубой.", pattern=Pattern(label="dog"), prompt="old"
        )
        guide.hold(old)
        await guide.until(lambda: old.entry_id not in guide.held, "the old remark to be thrown away")
        discards = [message for message in guide.sent if isinstance(message, PoolDiscard)]
        assert [(discard.entry_ids, discard.reason) for discard in discards] == [
            ((old.entry_id,), "another prompt")
        ]


async def test_without_a_voice_to_hold_them_nothing_is_written(tmp_path: Path) -> None:
    settings = {"SHUTTLE_GUIDE_COMMENTATOR__AHEAD__SIZE": "0"} | OPENERS
    async with scene(tmp_path, **settings) as (guide, clouds, _):
        await guide.until(lambda: len(guide.held) == len(own_texts("ru", ["remark"])), "the openers")
        assert asked(clouds, ahead=True) == []
        voiced = [message.text for message in guide.sent if isinstance(message, PoolVoice)]
        assert voiced == own_texts("ru", ["remark"]), "each once"


@contextlib.asynccontextmanager
async def experienced(
    folder: Path, profile: Profile
) -> AsyncIterator[tuple[CommentatorAlone, CloudEmulator, Model]]:
    """A guide that holds its openers and knows how long the model takes."""
    settings = {"SHUTTLE_GUIDE_COMMENTATOR__AHEAD__SIZE": "0"} | OPENERS
    async with scene(folder, profile, **settings) as (guide, clouds, model):
        await guide.until(lambda: len(guide.held) == len(own_texts("ru", ["remark"])), "the openers")
        for number in range(3):
            turn = await guide.remark(text=f"нечто номер {'абв'[number]}")
            assert not isinstance(guide.of_turn(turn.turn_id)[0], SpeechOpener)
        yield guide, clouds, model


@pytest.fixture
async def opening(tmp_path: Path) -> AsyncIterator[tuple[CommentatorAlone, CloudEmulator, Model]]:
    async with experienced(tmp_path, QUICK) as scene:
        yield scene


async def test_an_opener_sounds_at_once_and_the_remark_goes_on_behind_it(
    opening: tuple[CommentatorAlone, CloudEmulator, Model],
) -> None:
    guide, clouds, _ = opening
    trigger_id = guide.see(text="закат над полем")
    await guide.until(lambda: any(isinstance(message, SpeechOpener) for message in guide.sent), "an opener")
    opener = next(message for message in guide.sent if isinstance(message, SpeechOpener))
    assert opener.pool_entry in guide.held
    turn = await guide.turn(trigger_id)
    assert (turn.outcome, turn.models) == ("spoken", ("groq",))
    messages = asked(clouds, ahead=False)[-1]["messages"]
    assert messages[-2] == {"role": "assistant", "content": opener.text}
    assert "не повторяя" in messages[-1]["content"]
    again = await guide.remark(text="ещё закат")
    second = guide.of_turn(again.turn_id)[0]
    assert isinstance(second, SpeechOpener)
    assert second.text != opener.text


async def test_a_repeated_opener_is_taken_off_the_remark(
    opening: tuple[CommentatorAlone, CloudEmulator, Model],
) -> None:
    guide, _, model = opening
    model.repeats = True
    turn = await guide.remark(text="закат над полем")
    assert isinstance(guide.of_turn(turn.turn_id)[0], SpeechOpener)
    assert turn.text == LIVE


async def test_a_bridge_is_said_when_the_remark_is_late_then_the_phrasebook_goes_on(
    opening: tuple[CommentatorAlone, CloudEmulator, Model],
) -> None:
    guide, clouds, _ = opening
    await clouds.set_fault("groq", "hang_before_headers")
    turn = await guide.remark(label="cat")
    opener, bridge, start, *_ = guide.of_turn(turn.turn_id)
    assert isinstance(opener, SpeechOpener)
    assert isinstance(bridge, SpeechOpener)
    assert isinstance(start, SpeechStart)
    assert guide.held[opener.pool_entry].text.use == "opener"
    assert guide.held[bridge.pool_entry].text.use == "bridge"
    assert turn.models == ("phrasebook",)


async def test_an_ending_is_said_when_the_remark_does_not_come_in_time(
    opening: tuple[CommentatorAlone, CloudEmulator, Model],
) -> None:
    guide, clouds, _ = opening
    await clouds.set_fault("groq", "hang_before_headers")
    turn = await guide.turn(guide.see(ttl_s=4.0, label="cat"))  # the phrasebook would be asked at 6
    start = next(message for message in guide.of_turn(turn.turn_id) if isinstance(message, SpeechStart))
    assert start.pool_entry is not None
    assert guide.held[start.pool_entry].text.use == "ending"
    assert start.local_only, "it waits for no cloud"
    assert (turn.outcome, turn.models) == ("spoken", ("ending",))


async def test_what_expires_before_words_are_usually_there_gets_no_opener_but_its_remark(
    tmp_path: Path,
) -> None:
    async with experienced(tmp_path, SLOW) as (guide, _, _):
        turn = await guide.turn(guide.see(ttl_s=1.5, text="закат над полем"))
        assert isinstance(guide.of_turn(turn.turn_id)[0], SpeechStart)
        assert (turn.outcome, turn.models, turn.text) == ("spoken", ("groq",), LIVE)
