"""``compare`` names the fastest pair that is good enough, and says what is wrong with the others."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import pytest

from bench.clouds import CloudEmulator, FaultKind, Profile
from bench.clouds.server import OPENAI_KEY
from edge import config
from edge.cli import compare, compared_turn
from edge.cli.compare import Comparison, cast_of
from edge.cli.comparison import Pair, as_data, setting_lines, winner_of
from edge.cli.comparison_picture import picture
from edge.commentator.models.clients import chat_services
from edge.config.orders import services_of
from edge.speaker.voices import make_voices
from tests.support.command import shuttle_guide
from tests.support.guide import clean_environment
from tests.support.ports import free_port
from tests.support.speaking import speller_without_names

QUICK = Profile(name="quick", first_token_s=0.02, voice_first_byte_s=0.03, connection_setup_s=0.01)
SLOW = Profile(name="slow", first_token_s=0.4, voice_first_byte_s=0.03, connection_setup_s=0.01)
DOGS = "две собаки справа"
MODELS = {"good": "gpt-4.1-nano", "english": "gpt-4.1-mini", "rude": "gpt-4o-mini"}
"""Service of one's own → model."""
REPLIES = {
    MODELS["english"]: "There are two dogs on the right of us, and they are happy.",
    MODELS["rude"]: "Ключ sk_0123456789abcdef у собак.",
}
GOOD = "Вот они, собаки."


def reply(request: dict[str, Any]) -> str:
    return REPLIES.get(request["model"], GOOD)


class Clouds(NamedTuple):
    """One quick and one slow."""

    quick: CloudEmulator
    slow: CloudEmulator


@pytest.fixture
async def clouds() -> AsyncIterator[Clouds]:
    async with CloudEmulator(QUICK, reply=reply) as quick, CloudEmulator(SLOW, reply=reply) as slow:
        yield Clouds(quick, slow)


@pytest.fixture
def environment(clouds: Clouds, tmp_path: Path) -> dict[str, str]:
    """Groq is slow, and three services of one's own are quick: a good one, and two that are not."""
    services = {
        name: {"base_url": clouds.quick.openai_base_url, "model": model} for name, model in MODELS.items()
    }
    # Groq's key and address are the slow cloud's; all else is the quick one's.
    return (
        clean_environment(tmp_path, free_port())
        | clouds.quick.env()
        | {"SHUTTLE_GUIDE_GROQ__BASE_URL": clouds.slow.groq_base_url}
        | {
            f"SHUTTLE_GUIDE_SERVICES__{name.upper()}__{key.upper()}": value
            for name, service in services.items()
            for key, value in service.items()
        }
        | {f"{name.upper()}_API_KEY": OPENAI_KEY for name in services}
    )


async def compared(
    environment: dict[str, str], llm: list[str], voice: list[str], rounds: int = 2
) -> tuple[Comparison, config.Settings]:
    settings = config.load(environment, dotenv=None)
    comparison = Comparison(settings, cast_of(settings, llm, voice))
    await comparison.run([DOGS], rounds)
    return comparison, settings


async def test_the_fastest_that_is_good_enough_is_named_with_the_lines_that_choose_it(
    environment: dict[str, str],
) -> None:
    comparison, settings = await compared(
        environment, ["groq", "english", "rude", "good"], ["elevenlabs", "openai"]
    )
    rows = {Pair(row["model"], row["voice"]): row for row in as_data(comparison.results, settings)}
    fit = [pair for pair, row in rows.items() if row["good_enough"]]
    best = winner_of(comparison.results, settings)
    assert best in fit, comparison.failures
    assert rows[best]["first_sound_ms"]["p50"] == min(rows[pair]["first_sound_ms"]["p50"] for pair in fit)
    assert {pair.model for pair in fit} == {"groq", "good"}, comparison.left_out
    lines = tomllib.loads("\n".join(setting_lines(best, settings)))
    others = [name for name in settings.commentator.models if name != best.model]
    assert lines["commentator"]["models"] == [best.model, *others]
    assert lines["speaker"]["voices"][0] == best.voice
    for name, reason in (("english", "it is in another language"), ("rude", "it looks like a key")):
        assert f"the output gate: {name}: {reason}" in rows[Pair(name, "elevenlabs")]["objections"][0]
    slow, good = rows[Pair("groq", "elevenlabs")], rows[Pair("good", "elevenlabs")]
    assert slow["first_token_ms"]["p50"] >= SLOW.first_token_s * 1000
    assert good["first_sound_ms"]["p50"] > good["first_clause_ms"]["p50"] >= good["first_token_ms"]["p50"]
    assert good["texts"] == {DOGS: GOOD}
    assert good["characters"] == len(GOOD)
    drawn = ElementTree.fromstring(picture(comparison.results, best))
    words = [text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert sum(str(pair) in words for pair in rows) == len(rows) - 4, "what the gate stopped has had no turn"
    assert str(best) in words


@pytest.mark.parametrize("pair", [Pair("phrasebook", "espeak"), Pair("good", "elevenlabs")])
def test_the_lines_are_taken_by_the_guide_and_choose_the_pair(
    environment: dict[str, str], tmp_path: Path, pair: Pair
) -> None:
    file = tmp_path / "chosen.toml"
    file.write_text("\n".join(setting_lines(pair, config.load(environment, dotenv=None))))
    chosen = config.load(environment | {"SHUTTLE_GUIDE_CONFIG": str(file)}, dotenv=None)
    assert [*services_of(chosen, "commentator"), "phrasebook"][0] == pair.model
    assert make_voices(chosen, speller_without_names())[0].name == pair.voice


async def test_what_has_no_price_costs_unknown_and_the_rest_what_it_was_asked_for(
    environment: dict[str, str],
) -> None:
    environment |= {
        "SHUTTLE_GUIDE_SERVICES__GOOD__PRICES__PER_MILLION_TOKENS_IN": "1",
        "SHUTTLE_GUIDE_SERVICES__GOOD__PRICES__PER_MILLION_TOKENS_OUT": "2",
        "SHUTTLE_GUIDE_SERVICES__ELEVENLABS__PRICES__PER_MILLION_CHARACTERS": "50",
    }
    comparison, settings = await compared(environment, ["good", "groq"], ["elevenlabs"], rounds=1)
    rows = {row["model"]: row for row in as_data(comparison.results, settings)}
    assert rows["groq"]["cost_of_1000_turns"] is None
    cost = rows["good"]["cost_of_1000_turns"]
    assert cost is not None
    assert cost > 1000 * len(GOOD) * 50 / 1e6, "the model's tokens are in it too"


async def test_one_that_hangs_is_waited_for_once_and_the_others_are_compared(
    environment: dict[str, str], clouds: Clouds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compared_turn, "PATIENCE_S", 3.0)
    monkeypatch.setattr(compare, "WARM_UP_S", 3.0)
    await clouds.slow.set_fault("groq", FaultKind.HANG_BEFORE_FIRST_TOKEN)
    comparison, settings = await compared(environment, ["groq", "good"], ["elevenlabs", "openai"])
    assert comparison.failures == {"model groq": "no words within 3 s"}
    asked = [r for r in clouds.slow.requests("groq") if "chat" in r.path]
    assert len(asked) == 2, "by the probe at the start, and by one turn"
    rows = {Pair(row["model"], row["voice"]): row for row in as_data(comparison.results, settings)}
    assert rows[Pair("groq", "openai")]["failed"] == 2
    assert rows[Pair("groq", "openai")]["objections"] == ["model groq: no words within 3 s"]
    best = winner_of(comparison.results, settings)
    assert best is not None
    assert best.model == "good"


async def test_a_voice_that_hangs_fails_its_pairs_alone(
    environment: dict[str, str], clouds: Clouds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compared_turn, "PATIENCE_S", 3.0)
    monkeypatch.setattr(compare, "WARM_UP_S", 3.0)
    await clouds.quick.set_fault("elevenlabs", FaultKind.HANG_BEFORE_FIRST_AUDIO)
    comparison, settings = await compared(environment, ["good"], ["elevenlabs", "openai"])
    assert list(comparison.failures) == ["voice elevenlabs"]
    assert winner_of(comparison.results, settings) == Pair("good", "openai")


async def test_missing_keys_models_and_names_are_told_and_the_rest_is_compared(
    environment: dict[str, str], tmp_path: Path
) -> None:
    del environment["ELEVENLABS_API_KEY"]
    ended = await shuttle_guide(
        *("compare", "--json", "-n", "1", DOGS, "--llm", "good", "cerebras", "nobody"),
        *("--voice", "elevenlabs", "groq", "espeak"),
        environment=environment,
        folder=tmp_path,
    )
    assert ended.exit_code == 0, ended.err
    result = json.loads(ended.out)
    assert result["fastest_good_enough"] == {"model": "good", "voice": "espeak"}
    chosen = tomllib.loads("\n".join(result["settings"]))
    assert chosen["speaker"]["voices"] == ["espeak"], "behind any other it would never be heard"
    left_out = result["left_out"]
    assert left_out["cerebras"] == "services.cerebras.model is not set"
    assert left_out["elevenlabs"] == "its key is missing: ELEVENLABS_API_KEY"
    assert left_out["groq"] == "services.groq.kind is groq; this is done by openai and elevenlabs"
    assert left_out["nobody"].startswith("no service has this name; there are cerebras, elevenlabs")


async def test_ctrl_c_tells_what_there_is(
    environment: dict[str, str], clouds: Clouds, tmp_path: Path
) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "edge", "compare", "--json", "-n", "1000", DOGS, "--llm", "good"),
        env=environment,
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        # A shell's background job, as these tests may be, ignores it, and so would what it starts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    async with asyncio.timeout(40.0):
        while sum(r.path.endswith("/audio/speech") for r in clouds.quick.requests("speech")) < 4:
            await asyncio.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, _ = await process.communicate()
    result = json.loads(out)
    assert process.returncode == 130
    assert result["interrupted"] is True
    assert sum(row["turns"] for row in result["pairs"]) > 0


def test_the_lines_that_choose_the_last_rungs_are_taken_and_choose_them(tmp_path: Path) -> None:
    file = tmp_path / "guide.toml"
    file.write_text("\n".join(setting_lines(Pair("phrasebook", "espeak"), config.Settings())), "utf-8")
    chosen = config.load(
        {"SHUTTLE_GUIDE_CONFIG": str(file), "GROQ_API_KEY": "k", "OPENAI_API_KEY": "k"}, dotenv=None
    )
    assert chat_services(chosen, chosen.commentator.models) == []
    assert [voice.name for voice in make_voices(chosen, speller_without_names())] == ["espeak"]


async def test_where_no_turn_was_taken_there_is_no_picture(tmp_path: Path) -> None:
    ended = await shuttle_guide(
        *("compare", "-n", "1", "dogs", "--llm", "nobody", "--voice", "espeak", "--svg", "picture.svg"),
        environment=clean_environment(tmp_path, 1),
        folder=tmp_path,
    )
    assert ended.exit_code == 1, ended.err
    assert not (tmp_path / "picture.svg").exists()
