"""What nobody hears is paid for as well: replies that lost a race, were broken off, or only guessed at."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from bench.clouds import CloudEmulator, FaultKind, Profile
from bench.own_limits import program_with
from edge.messages import Guess, GuessVoid, Message, SpeechCancel, SpeechStart, StopRequest, Trigger, new_id
from edge.spending.lines import CHARS_PER_TOKEN
from tests.support.commentator_alone import CommentatorAlone

QUICK = Profile(name="quick", first_token_s=0.02, connection_setup_s=0.01)
REMARK = "A dog looks at us from the right, and it seems to know where we are going."
SETTINGS = {
    "SHUTTLE_GUIDE_SHUTTLE__LANGUAGE": "en",
    "SHUTTLE_GUIDE_COMMENTATOR__AHEAD__ENABLED": "false",
}


async def lines_of(guide: CommentatorAlone) -> dict[tuple[str, str], dict[str, Any]]:
    """What ``cost`` tells of each service and purpose, when everything was noted."""
    await guide.stop()
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "edge", "cost", "--json"),
        env=guide.environment,
        cwd=guide.folder,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await command.communicate()
    return {(each["service"], each["purpose"]): each for each in json.loads(out)["services"]}


def has_sent(guide: CommentatorAlone, kind: type[Message]) -> bool:
    return any(isinstance(message, kind) for message in guide.sent)


def asked(clouds: CloudEmulator) -> int:
    """Characters of the prompt that Groq was asked; those of probes are shorter."""
    return max(map(len, prompts(clouds)))


def prompts(clouds: CloudEmulator) -> list[str]:
    """Whatever Groq was asked."""
    bodies = [record.body for record in clouds.requests("groq") if record.body]
    return ["".join(message["content"] for message in body["messages"]) for body in bodies]


async def test_a_reply_that_loses_its_race_costs_its_prompt(tmp_path: Path) -> None:
    async with (
        CloudEmulator(QUICK, reply=lambda request: REMARK) as clouds,
        CommentatorAlone(tmp_path, clouds.env() | SETTINGS) as guide,
    ):
        await clouds.set_fault("groq", FaultKind.HANG_BEFORE_FIRST_TOKEN, times=1)
        assert (await guide.remark(text="something")).models == ("openai",)
        prompt = asked(clouds)
        lines = await lines_of(guide)
        lost, won = lines["groq", "remark"], lines["openai", "remark"]
        assert (lost["requests"], lost["tokens_in"]) == (1, prompt // CHARS_PER_TOKEN)
        assert lost["tokens_out"] == 0
        assert won["tokens_out"] > 0


async def test_a_reply_that_is_broken_off_costs_what_was_seen_of_it(tmp_path: Path) -> None:
    async with CloudEmulator(QUICK, reply=lambda request: REMARK) as clouds:
        begun = CommentatorAlone(tmp_path, clouds.env() | SETTINGS)
        begun.program = program_with(stall_ms=60_000)  # it goes on until it is broken off
        async with begun as guide:
            await clouds.set_fault("groq", FaultKind.HANG_MID_STREAM, times=1, after_tokens=12)
            guide.see(text="something")
            await guide.until(lambda: has_sent(guide, SpeechStart), "its first words")
            guide.hear(StopRequest())
            await guide.until(lambda: has_sent(guide, SpeechCancel), "it to be broken off")
            broken_off = (await lines_of(guide))["groq", "remark"]
        assert broken_off["tokens_in"] == asked(clouds) // CHARS_PER_TOKEN
        assert 0 < broken_off["tokens_out"] < len(REMARK) // CHARS_PER_TOKEN


async def test_an_answer_that_was_only_guessed_at_is_counted_as_that(tmp_path: Path) -> None:
    async with (
        CloudEmulator(QUICK, reply=lambda request: "Yes.") as clouds,
        CommentatorAlone(tmp_path, clouds.env() | SETTINGS) as guide,
    ):
        await clouds.set_fault("groq", FaultKind.HANG_MID_STREAM, times=1, after_tokens=1)
        guess = Guess(turn_id=new_id(), text="what is it", expires_mono=time.monotonic() + 60.0)
        guide.hear(guess)
        await guide.until(lambda: any("what is it" in each for each in prompts(clouds)), "its answer's begin")
        guide.hear(GuessVoid(turn_id=guess.turn_id))
        await guide.until(lambda: guide.counter("speculation.wasted") == 1, "the guess to be given up")
        now = time.monotonic()
        question = Trigger(
            kind="answer",
            text="where is it",
            received_mono=now,
            received_at=time.time(),
            expires_mono=now + 20,
        )
        guide.hear(question)
        await guide.turn(question.trigger_id)
        lines = await lines_of(guide)
        assert lines["groq", "guess"]["requests"] == 1
        assert lines["groq", "guess"]["tokens_in"] > 0
        assert lines["groq", "answer"]["requests"] == 1
