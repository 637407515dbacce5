"""A camera that varies its text buys no more turns than the bounds allow, and the guide speaks on."""

from __future__ import annotations

import time
from pathlib import Path

from bench.clouds import CloudEmulator, Profile
from edge.messages import Guess, GuessVoid, Trigger, Turn, new_id
from tests.support.commentator_alone import CommentatorAlone
from tests.support.patient import patient

QUICK = Profile(name="quick", first_token_s=0.02, connection_setup_s=0.01)
SETTINGS = {
    "SHUTTLE_GUIDE_COMMENTATOR__AHEAD__ENABLED": "false",
    "SHUTTLE_GUIDE_COMMENTATOR__PAID_TURNS_PER_HOUR": "3",
    "SHUTTLE_GUIDE_COMMENTATOR__PAID_TURNS_PER_DAY": "4",
}


def commentator(folder: Path, clouds: CloudEmulator, **settings: str) -> CommentatorAlone:
    return patient(CommentatorAlone(folder, clouds.env() | SETTINGS | settings))


def asked(clouds: CloudEmulator) -> int:
    """Requests to the model, without those that only look whether it is there."""
    bodies = [record.body for record in clouds.requests("groq") if record.body]
    return sum(body["messages"][0]["content"] != "Answer with one word." for body in bodies)


def paid_turns(guide: CommentatorAlone) -> str:
    return guide.state.facts["paid_turns"] if guide.state else ""


async def sights(guide: CommentatorAlone, count: int, camera: str | None = None) -> list[Turn]:
    texts = [f"невиданное {new_id()}" for _ in range(count)]
    return [await guide.remark(text=text, camera=camera) for text in texts]


async def test_beyond_the_bound_the_phrasebook_speaks_in_a_local_voice_and_it_is_told_once(
    tmp_path: Path,
) -> None:
    async with CloudEmulator(QUICK) as clouds, commentator(tmp_path, clouds) as guide:
        turns = await sights(guide, 8, "front")
        assert [turn.models for turn in turns] == [("groq",)] * 3 + [("phrasebook",)] * 5
        assert all(turn.outcome == "spoken" for turn in turns)
        assert asked(clouds) == 3
        assert [local_voice(guide, turn) for turn in turns] == [False] * 3 + [True] * 5
        await guide.until(lambda: guide.counter("unpaid_turns.hour") == 5, "the count")
        assert guide.state
        assert guide.state.facts["paid_turns"] == "3 today"
        assert guide.log().count("as many turns as may be paid for in one hour") == 1
        # Another camera, and passengers, have their own.
        assert [turn.models for turn in await sights(guide, 1, "rear")] == [("groq",)]
        assert (await ask(guide)).models == ("groq",)


async def test_voices_that_only_the_speaker_can_ask_are_bounded_too(tmp_path: Path) -> None:
    """The commentator has no key of a voice: what the speaker tells counts."""
    async with CommentatorAlone(tmp_path, SETTINGS) as guide:
        await sights(guide, 1, "front")
        await guide.until(lambda: "no paid" in paid_turns(guide), "its state")
        guide.has_paid_voices("elevenlabs")
        await guide.until(lambda: paid_turns(guide) == "0 today", "the news")
        turns = await sights(guide, 5, "front")
        assert [local_voice(guide, turn) for turn in turns] == [False] * 3 + [True] * 2


async def test_a_day_is_bounded_over_a_restart(tmp_path: Path) -> None:
    async with CloudEmulator(QUICK) as clouds, commentator(tmp_path, clouds) as guide:
        assert [turn.models for turn in await sights(guide, 4)] == [("groq",)] * 3 + [("phrasebook",)]
        await guide.stop()
        await guide.start()
        assert [turn.models for turn in await sights(guide, 3)] == [("groq",)] + [("phrasebook",)] * 2
        await guide.until(lambda: guide.counter("unpaid_turns.day") == 2, "the count")


async def test_answers_that_were_only_guessed_at_are_counted_too(tmp_path: Path) -> None:
    async with CloudEmulator(QUICK) as clouds, commentator(tmp_path, clouds) as guide:
        for number in range(1, 4):
            guess = Guess(turn_id=new_id(), text=f"что там {new_id()}", expires_mono=time.monotonic() + 20.0)
            guide.hear(guess)
            await guide.until(lambda n=number: asked(clouds) == n, "an answer to be begun")
            guide.hear(GuessVoid(turn_id=guess.turn_id))
            await guide.until(lambda n=number: guide.counter("speculation.wasted") == n, "a wrong guess")
        assert (await ask(guide)).models == ("phrasebook",)


async def test_dispatchs_words_are_never_bounded(tmp_path: Path) -> None:
    none = {"SHUTTLE_GUIDE_COMMENTATOR__PAID_TURNS_PER_DAY": "0"}
    async with CloudEmulator(QUICK) as clouds, commentator(tmp_path, clouds, **none) as guide:
        now = time.monotonic()
        said = Trigger(
            kind="announcement",
            text="Остановка Луна.",
            received_mono=now,
            received_at=time.time(),
            expires_mono=now + 20,
        )
        guide.hear(said)
        turn = await guide.turn(said.trigger_id)
        assert (turn.text, local_voice(guide, turn)) == ("Остановка Луна.", False)
        assert (await sights(guide, 1))[0].models == ("phrasebook",)


async def ask(guide: CommentatorAlone) -> Turn:
    now = time.monotonic()
    question = Trigger(
        kind="answer",
        text=f"что это {new_id()}",
        received_mono=now,
        received_at=time.time(),
        expires_mono=now + 20,
    )
    guide.hear(question)
    return await guide.turn(question.trigger_id)


def local_voice(guide: CommentatorAlone, turn: Turn) -> bool:
    return any(getattr(message, "local_only", False) for message in guide.of_turn(turn.turn_id))
