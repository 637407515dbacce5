"""A turn tells which rungs it began, lost and passed over, and what it cost: all that the ledgers grew by."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from bench.clouds import CloudEmulator, FaultKind, Profile
from edge.messages import Turn
from tests.support.broker import Broker
from tests.support.commentator_alone import CommentatorAlone
from tests.support.guide import Guide, JsonObject
from tests.support.services import budgets

QUICK = Profile(name="quick", first_token_s=0.02, voice_first_byte_s=0.03, connection_setup_s=0.01)
REMARK = "A dog looks at us from the right, and it seems to know where we are going."
STOPPED = "a fourth thing"
SETTINGS = {
    "SHUTTLE_GUIDE_SHUTTLE__LANGUAGE": "en",
    "SHUTTLE_GUIDE_COMMENTATOR__AHEAD__ENABLED": "false",
    "SHUTTLE_GUIDE_COMMENTATOR__OPENERS": "false",
    "SHUTTLE_GUIDE_TELEMETRY__STATE_PERIOD_S": "1",
    "SHUTTLE_GUIDE_SERVICES__GROQ__PRICES__PER_MILLION_TOKENS_IN": "1000",
    "SHUTTLE_GUIDE_SERVICES__GROQ__PRICES__PER_MILLION_TOKENS_OUT": "2000",
    "SHUTTLE_GUIDE_SERVICES__ELEVENLABS__PRICES__PER_MILLION_CHARACTERS": "300",
}


def long_where_it_is_stopped(request: JsonObject) -> str:
    return REMARK if STOPPED in str(request["messages"]) else "A dog looks at us."


def models_of(turn: Turn) -> list[tuple[str, str]]:
    return [(each.rung, each.fate) for each in turn.tries if each.stage == "model"]


def alone(folder: Path, clouds: CloudEmulator) -> CommentatorAlone:
    return CommentatorAlone(folder, clouds.env() | SETTINGS | budgets(2000))


async def test_a_model_that_hangs_is_told_with_the_one_that_was_begun_beside_it(tmp_path: Path) -> None:
    async with CloudEmulator(QUICK, reply=lambda _: REMARK) as clouds, alone(tmp_path, clouds) as guide:
        await clouds.set_fault("groq", FaultKind.HANG_BEFORE_FIRST_TOKEN, times=1)
        turn = await guide.remark(text="something")
        assert models_of(turn) == [("groq", "hung"), ("openai", "used")]
        hung, used = turn.tries
        assert "no output within" in (hung.reason or "")
        assert hung.begun_mono is not None
        assert used.begun_mono is not None
        assert hung.begun_mono < used.begun_mono
        # Also the one that lost is paid for.
        assert turn.spent["groq.remark.requests"] == 1
        assert turn.spent["openai.remark.tokens_out"] > 0


async def test_a_model_that_breaks_off_was_cut_and_the_next_goes_on(tmp_path: Path) -> None:
    async with CloudEmulator(QUICK, reply=lambda _: REMARK) as clouds, alone(tmp_path, clouds) as guide:
        await clouds.set_fault("groq", FaultKind.CUT_MID_STREAM, times=1, after_tokens=12)
        turn = await guide.remark(text="something")
        fates = models_of(turn)
        assert fates[0][0] == "groq"
        assert fates[0][1] in ("cut", "failed")
        assert fates[-1] == ("openai", "used")


async def test_a_model_that_is_left_alone_is_told_as_passed_over(tmp_path: Path) -> None:
    async with CloudEmulator(QUICK, reply=lambda _: REMARK) as clouds, alone(tmp_path, clouds) as guide:
        await clouds.set_fault("groq", FaultKind.ERROR_401)
        first = await guide.remark(text="something")
        assert models_of(first)[0][0] == "groq"
        await guide.until(
            lambda: bool(guide.state) and guide.state.facts["model.groq"] != "ok",  # type: ignore[union-attr]
            "the breaker to open",
        )
        turn = await guide.remark(text="something else")
        assert models_of(turn) == [("groq", "skipped"), ("openai", "used")]
        assert turn.tries[0].reason
        assert "groq.remark.requests" not in turn.spent


@pytest.mark.timeout(180)
async def test_what_turns_cost_is_what_the_ledgers_grew_by(tmp_path: Path, broker: Broker) -> None:
    async with (
        CloudEmulator(QUICK, reply=long_where_it_is_stopped) as clouds,
        Guide(tmp_path, broker.port, clouds.env() | SETTINGS | budgets(2000)) as guide,
    ):
        await guide.until_ready()
        turns = [await guide.say("event", text="something"), await guide.say("announce", text="The beach.")]
        await clouds.set_fault("groq", FaultKind.HANG_BEFORE_FIRST_TOKEN, times=1)
        turns.append(await guide.say("event", text="another thing"))
        await clouds.set_fault("elevenlabs", FaultKind.HANG_BEFORE_FIRST_AUDIO, times=1)
        turns.append(await guide.say("event", text="a third thing"))
        await clouds.set_fault("groq", FaultKind.SLOW, times=1, per_token_s=0.1)
        stopped = await guide.begin("event", text=STOPPED)
        await guide.until_stage(stopped, "first_sample")
        await guide.publish("cmd/stop")
        turns.append(await guide.turn(stopped))
        told: Counter[tuple[str, str, str]] = Counter()
        for turn in turns:
            told.update(amounts_of(turn["cost"]))
        assert told["elevenlabs", "announcement", "characters"] >= len("The beach.")
        await guide.until_state(lambda state: spent_on_turns(state) == told)
        fates = [[(each["rung"], each["fate"]) for each in turn["tries"]] for turn in turns]
        assert fates[0] == [("groq", "used"), ("elevenlabs", "used")]
        assert fates[1] == [("elevenlabs", "used")]
        assert fates[2][:2] == [("groq", "hung"), ("openai", "used")]
        assert ("elevenlabs", "hung") in fates[3]
        assert turns[4]["outcome"] == "interrupted"
        assert turns[0]["cost"]["unknown"] == []
        assert all(turn["cost"]["money"] > 0 for turn in turns)


def amounts_of(cost: JsonObject) -> Counter[tuple[str, str, str]]:
    return Counter(
        {
            (line["service"], line["purpose"], unit): line[unit]
            for line in cost["services"]
            for unit in ("requests", "tokens_in", "tokens_out", "characters")
            if line[unit]
        }
    )


def spent_on_turns(state: JsonObject) -> Counter[tuple[str, str, str]]:
    """Without what was asked to see whether a service works."""
    told = amounts_of(state["cost"] or {"services": []})
    return Counter({name: amount for name, amount in told.items() if name[1] != "probe"})
