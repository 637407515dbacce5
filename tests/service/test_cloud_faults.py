"""Whatever a cloud does, a whole remark is heard: no word is lost, none is said twice."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from bench.clouds import CloudEmulator, FaultKind, Manner, Profile
from bench.clouds.faults import KINDS_OF_SERVICE, CloudName
from bench.clouds.tones import letters_of
from bench.own_limits import program_with
from edge.commentator.models.endings import ENDINGS
from tests.support.broker import Broker, running
from tests.support.guide import Guide, JsonObject
from tests.support.heard import Heard, WavRecording
from tests.support.services import budgets

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIRST = "Вот они, псы."
SECOND = "Два пса! Гав."
"""What the first and the second model would say."""
SUNSET = "закат над рисовым полем"
TWO_SENTENCES = "Это закат! Тихо."
"""What the first model would say to that."""
WITHIN_CLAUSE, BEHIND_CLAUSE = 2, 4
"""Tokens of ``FIRST`` after which its first clause has not left yet, and has."""

LASTING = {FaultKind.REFUSE, FaultKind.CLOSES_AFTER_IDLE}
"""Faults of the whole service and not of one request."""
IN_MID_STREAM = {
    FaultKind.HANG_MID_STREAM,
    FaultKind.CUT_MID_STREAM,
    FaultKind.ERROR_MID_STREAM,
    FaultKind.GARBAGE,
    FaultKind.CLOSE_1008,
    FaultKind.CLOSE_1011,
}
QUICK = Profile(name="quick", first_token_s=0.05, voice_first_byte_s=0.03, connection_setup_s=0.01)
BUDGET_MS = 2000
"""Who hangs is waited for so long: a process that gets no processor for a second hangs not."""
TOO_SLOW = {"per_token_s": 3.0, "audio_speedup": 0.1}
FORGIVING = program_with(
    min_ms=BUDGET_MS,
    stall_ms=BUDGET_MS,
    hedges_per_minute=600,
    breaker_failures=20,
    breaker_open_s=0.3,
    breaker_open_max_s=0.5,
)


class Order(NamedTuple):
    """Who is asked first and who second."""

    name: str
    models: tuple[CloudName, CloudName]
    voices: tuple[str, str]

    @property
    def voice_service(self) -> CloudName:
        return "elevenlabs" if self.voices[0] == "elevenlabs" else "speech"

    def settings(self) -> dict[str, str]:
        return {
            "SHUTTLE_GUIDE_COMMENTATOR__MODELS": ",".join(self.models),
            "SHUTTLE_GUIDE_SPEAKER__VOICES": ",".join(self.voices),
            "SHUTTLE_GUIDE_ELEVENLABS__SPEED": "1.2",
        }

    def reply(self, request: dict[str, Any]) -> str:
        """Each model has its own remark; asked to go on with one that was begun, it does exactly that."""
        if SUNSET in str(request["messages"]):
            return TWO_SENTENCES
        said = next((m["content"] for m in request["messages"] if m["role"] == "assistant"), "")
        asked = "groq" if "gpt-oss" in request["model"] else "openai"
        own = FIRST if asked == self.models[0] else SECOND
        return (
            next(text for text in (own, FIRST, SECOND) if text.startswith(said)).removeprefix(said).lstrip()
        )


USUAL = Order("usual", ("groq", "openai"), ("elevenlabs", "openai"))
REVERSED = Order("reversed", ("openai", "groq"), ("openai", "elevenlabs"))


@dataclass
class Scene:
    """A guide, its clouds and what is heard of it."""

    order: Order
    clouds: CloudEmulator
    guide: Guide
    recording: WavRecording

    async def remark(self, text: str = "две собаки справа") -> tuple[JsonObject, Heard]:
        turn = await self.guide.say("event", text=text)
        return turn, self.recording.take()

    async def until_all_is_well(self) -> None:
        await self.clouds.heal()
        await self.guide.until(self._voice_is_connected, "a socket to ElevenLabs")
        await self.guide.until_rungs(lambda rungs: set(rungs.values()) == {"ok"})
        self.recording.take()

    def _voice_is_connected(self) -> bool:
        last = next(reversed(self.clouds.requests("elevenlabs")), None)
        return last is not None and last.ended_mono is None


class Scenes(NamedTuple):
    """One for each order; what is tried in both is tried at once."""

    usual: Scene
    reversed: Scene

    async def both(self, check: Callable[[Scene], Awaitable[None]]) -> None:
        """Fails with a note of the order in which it failed."""
        ended = await asyncio.gather(*map(check, self), return_exceptions=True)
        errors = [error for error in ended if isinstance(error, BaseException)]
        for scene, error in zip(self, ended, strict=True):
            if isinstance(error, BaseException):
                error.add_note(f"in the {scene.order.name} order")
        if errors:
            raise errors[0] if len(errors) == 1 else BaseExceptionGroup("in both orders", errors)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scenes(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scenes]:
    async with contextlib.AsyncExitStack() as stack:
        yield Scenes(
            *[
                await stack.enter_async_context(made(order, tmp_path_factory.mktemp("faults")))
                for order in (USUAL, REVERSED)
            ]
        )


@contextlib.asynccontextmanager
async def made(order: Order, folder: Path) -> AsyncIterator[Scene]:
    with running(Broker(folder / "broker")) as broker:
        async with CloudEmulator(QUICK, reply=order.reply) as clouds:
            environment = clouds.env() | budgets(BUDGET_MS) | order.settings()
            async with Guide(folder / "guide", broker.port, environment, program=FORGIVING) as guide:
                await guide.until_ready()
                yield Scene(order, clouds, guide, WavRecording(guide.folder / "heard.wav"))


@pytest.fixture
def scene(scenes: Scenes) -> Scene:
    """For what is tried in the usual order alone."""
    return scenes.usual


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def all_is_well_before(scenes: Scenes) -> None:
    await asyncio.gather(*(scene.until_all_is_well() for scene in scenes))


VOICE_KINDS = KINDS_OF_SERVICE["speech"]


def model_faults() -> list[Any]:
    """Each fault, and those in mid-stream also behind the first clause."""
    kinds = sorted(KINDS_OF_SERVICE["groq"])
    first = [pytest.param(kind, WITHIN_CLAUSE, id=kind) for kind in kinds]
    return first + [
        pytest.param(kind, BEHIND_CLAUSE, id=f"{kind}-behind-a-clause")
        for kind in kinds
        if kind in IN_MID_STREAM
    ]


@pytest.mark.parametrize(("kind", "after_tokens"), model_faults())
async def test_a_model_that_fails_costs_no_word(scenes: Scenes, kind: FaultKind, after_tokens: int) -> None:
    await scenes.both(lambda scene: check_a_model_that_fails(scene, kind, after_tokens))


async def check_a_model_that_fails(scene: Scene, kind: FaultKind, after_tokens: int) -> None:
    first, second = scene.order.models
    times = None if kind in LASTING else 1
    await scene.clouds.set_fault(first, kind, times=times, after_tokens=after_tokens, **TOO_SLOW)
    turn, heard = await scene.remark()
    assert_whole(turn, heard)
    if after_tokens == BEHIND_CLAUSE:
        assert turn["text"] == FIRST, "the second model goes on behind what the first one said"
        assert turn["rungs"]["models"] == [first, second]
    elif kind is not FaultKind.CLOSES_AFTER_IDLE:
        assert turn["text"] == SECOND
        assert turn["rungs"]["models"] == [second]


@pytest.mark.parametrize("kind", sorted(VOICE_KINDS))
async def test_a_voice_that_fails_costs_no_word(scenes: Scenes, kind: FaultKind) -> None:
    await scenes.both(lambda scene: check_a_voice_that_fails(scene, kind))


@pytest.mark.parametrize("kind", sorted(KINDS_OF_SERVICE["elevenlabs"] - VOICE_KINDS))
async def test_elevenlabs_own_ways_to_fail_cost_no_word(scene: Scene, kind: FaultKind) -> None:
    await check_a_voice_that_fails(scene, kind)


async def check_a_voice_that_fails(scene: Scene, kind: FaultKind) -> None:
    first, second = scene.order.voices
    service = scene.order.voice_service
    if kind is FaultKind.WRONG_CONTENT_TYPE and service == "elevenlabs":
        # A login portal stands in the way of a new connection, not of one that is open.
        await scene.clouds.set_fault(service, FaultKind.REFUSE)
        await scene.clouds.set_fault(service, kind)
    else:
        doses = TOO_SLOW if service == "speech" else {}
        await scene.clouds.set_fault(service, kind, times=None if kind in LASTING else 1, **doses)
    turn, heard = await scene.remark()
    assert_whole(turn, heard, begun_late=kind is FaultKind.SLOW)
    if service == "elevenlabs" and kind is FaultKind.NEVER_IS_FINAL:
        assert turn["rungs"]["voices"] == [first]
    elif service == "elevenlabs" and kind is FaultKind.NEVER_ENDS:
        # What it said stands; what had not come by then is said by the other one.
        assert turn["rungs"]["voices"] in ([first], [first, second])
        assert "elevenlabs does not end" in scene.guide.log().casefold()
    elif service == "elevenlabs" and kind is FaultKind.SLOW:
        assert turn["rungs"]["voice"] == first
    elif service == "elevenlabs" and kind in IN_MID_STREAM:
        assert turn["rungs"]["voices"] == [first, second]
    elif kind is not FaultKind.CLOSES_AFTER_IDLE:
        assert turn["rungs"]["voices"] == [second]


async def test_a_cloud_that_cannot_work_is_left_alone_and_found_again_when_it_can(scene: Scene) -> None:
    await scene.clouds.set_fault("groq", FaultKind.ERROR_404)
    await scene.remark()
    await scene.guide.until_rungs(lambda rungs: rungs["model.groq"] != "ok")
    failures = scene.guide.log().count("groq failed")
    turn, heard = await scene.remark()
    assert_whole(turn, heard)
    assert turn["rungs"]["models"] == ["openai"]
    assert scene.guide.log().count("groq failed") == failures, "no remark waits for it any more"
    await scene.clouds.heal()
    await scene.guide.until_rungs(lambda rungs: rungs["model.groq"] == "ok")
    turn, heard = await scene.remark()
    assert_whole(turn, heard)
    assert turn["rungs"]["models"] == ["groq"]


async def test_when_all_models_die_in_mid_sentence_it_is_ended_well(scene: Scene) -> None:
    await scene.clouds.set_fault("groq", FaultKind.CUT_MID_STREAM, after_tokens=BEHIND_CLAUSE, times=1)
    await scene.clouds.set_fault("openai", FaultKind.ERROR_500)
    turn, heard = await scene.remark()
    assert_whole(turn, heard)
    assert turn["text"] == f"Вот они, {ENDINGS['ru']}"
    assert turn["rungs"]["models"] == ["groq", "phrasebook"]


async def test_when_a_model_dies_behind_a_sentence_that_is_the_remark(scene: Scene) -> None:
    await scene.clouds.set_fault("groq", FaultKind.CUT_MID_STREAM, after_tokens=BEHIND_CLAUSE, times=1)
    turn, heard = await scene.remark(SUNSET)
    assert_whole(turn, heard)
    assert turn["text"] == "Это закат!"


async def test_espeak_goes_on_at_the_next_word_when_all_clouds_fail(scene: Scene) -> None:
    await scene.clouds.set_fault("elevenlabs", FaultKind.CUT_MID_STREAM, times=1)
    await scene.clouds.set_fault("speech", FaultKind.ERROR_500)
    turn, heard = await scene.remark()
    assert (turn["outcome"], turn["text"]) == ("spoken", FIRST)
    assert turn["rungs"]["voices"] == ["elevenlabs", "espeak"]
    before_espeak = heard.letters.split("?")[0]
    assert before_espeak.strip() == "вот", f"{heard.letters!r} was heard"


def assert_whole(turn: JsonObject, heard: Heard, *, begun_late: bool = False) -> None:
    """The turn is spoken and its text is what was heard.

    Args:
        begun_late: the first word came slower than it is spoken, and was begun all the same: it has a hole.
    """
    assert (turn["outcome"], turn["reason"]) == ("spoken", None)
    words = letters_of(turn["text"]).split()
    # Where one voice goes on for another, nobody knows how long the pause between two words was to be.
    spelling = " ?".join([".*", *words[1:]] if begun_late else words)
    assert re.fullmatch(spelling, heard.letters), f"{heard.letters!r} was heard of {turn['text']!r}"


NEARLY = {
    "keep-alives": Manner(
        between=(": ping\n\n", "event: ping\n\n", "data:\n\n"), fields=("id: {}",), done=""
    ),
    "byte by byte": Manner(piece_bytes=1, bom=True, line_end="\r\n", reason="missing"),
    "lone returns": Manner(line_end="\r", many_lines=True, between=("retry: 3000\n\n", "\n"), reason="empty"),
    "parts": Manner(content="parts with thoughts", blank="", reason="unknown"),
    "messages": Manner(content="message", reason="null", ascii=True, done="data: [DONE]"),
    "no empty lines": Manner(blank_line=False, fields=("event: message",), done=""),
    "one JSON": Manner(streamed=False),
}


@pytest.mark.parametrize("manner", NEARLY.values(), ids=NEARLY)
async def test_a_model_that_is_nearly_compatible_says_its_remark_whole(scene: Scene, manner: Manner) -> None:
    failures = scene.guide.log().count("groq failed")
    scene.clouds.set_manner("groq", manner)
    try:
        turn, heard = await scene.remark()
    finally:
        scene.clouds.set_manner("groq")
    assert_whole(turn, heard)
    assert turn["text"] == FIRST
    assert turn["rungs"]["models"] == ["groq"]
    assert scene.guide.log().count("groq failed") == failures
