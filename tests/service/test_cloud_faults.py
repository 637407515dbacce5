"""Whatever a cloud does, a whole remark is heard: no word is lost, none is said twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from edge.bench.clouds import CloudEmulator, FaultKind, Profile, RequestRecord
from edge.bench.clouds.faults import KINDS_OF_SERVICE, ServiceName
from edge.bench.clouds.tones import letters_of
from tests.support.broker import Broker, running
from tests.support.guide import Guide, JsonObject
from tests.support.heard import WavRecording

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIRST = "Смотрите, две собаки! Обе машут хвостами."
SECOND = "Справа псы, целых два! Ну и хвосты."
"""What the first and the second model would say."""
PROBE = "Ready?"
CLAUSE_TOKENS = 8
"""After so many tokens the first clause of ``FIRST`` has left, and the second has not."""

LASTING = {FaultKind.REFUSE, FaultKind.CLOSES_AFTER_IDLE}
"""Faults of the whole service and not of one request."""
HARMLESS = {FaultKind.CLOSES_AFTER_IDLE, FaultKind.NEVER_IS_FINAL, FaultKind.SLOW}
"""The first voice goes on speaking in spite of them."""
IN_MID_STREAM = {
    FaultKind.HANG_MID_STREAM,
    FaultKind.CUT_MID_STREAM,
    FaultKind.ERROR_MID_STREAM,
    FaultKind.GARBAGE,
    FaultKind.CLOSE_1008,
    FaultKind.CLOSE_1011,
}
QUICK = Profile(name="quick", first_token_s=0.05, voice_first_byte_s=0.03, connection_setup_s=0.01)
SETTINGS = {
    "SHUTTLE_GUIDE_COMMENTATOR__MODELS": "groq,openai",
    "SHUTTLE_GUIDE_SPEAKER__VOICES": "elevenlabs,openai,espeak",
    "SHUTTLE_GUIDE_ELEVENLABS__SPEED": "1.2",
} | {
    f"SHUTTLE_GUIDE_{process}__BUDGET__{key}": value
    for process in ("COMMENTATOR", "SPEAKER")
    for key, value in {
        "INITIAL_MS": "600",
        "MIN_MS": "500",
        "MAX_MS": "700",
        "STALL_MS": "500",
        "HEDGES_PER_MINUTE": "600",
        "BREAKER_OPEN_S": "0.3",
        "BREAKER_OPEN_MAX_S": "0.5",
    }.items()
}


def reply(request: dict[str, Any]) -> str:
    """Each model has a remark of its own; asked to go on with one that was begun, it does exactly that."""
    said = next((m["content"] for m in request["messages"] if m["role"] == "assistant"), "")
    own = FIRST if "gpt-oss" in request["model"] else SECOND
    return next(text for text in (own, FIRST, SECOND) if text.startswith(said)).removeprefix(said).lstrip()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def clouds() -> AsyncIterator[CloudEmulator]:
    async with CloudEmulator(QUICK, reply=reply) as emulator:
        yield emulator


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guide(clouds: CloudEmulator, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Guide]:
    folder = tmp_path_factory.mktemp("faults")
    with running(Broker(folder / "broker")) as broker:
        async with Guide(folder / "guide", broker.port, clouds.env() | SETTINGS) as started:
            yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
def recording(guide: Guide) -> WavRecording:
    return WavRecording(guide.folder / "heard.wav")


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def all_is_well_before(guide: Guide, clouds: CloudEmulator, recording: WavRecording) -> None:
    await clouds.heal()
    await guide.until(lambda: _open_socket(clouds), "a socket to ElevenLabs")
    await guide.until_state(lambda state: set(state["rungs"].values()) == {"ok"})
    recording.take()


def _open_socket(clouds: CloudEmulator) -> bool:
    return any(record.status is None and record.ended_mono is None for record in clouds.requests("elevenlabs"))


async def break_once(clouds: CloudEmulator, service: ServiceName, kind: FaultKind, **doses: Any) -> None:
    await clouds.set_fault(service, kind, times=None if kind in LASTING else 1, **doses)


def remarks_asked(clouds: CloudEmulator, service: ServiceName) -> list[RequestRecord]:
    """Requests for a remark, without probes and looks at the list of models."""
    asked = [record for record in clouds.requests(service) if record.method == "POST"]
    return [record for record in asked if PROBE not in str(record.body)]


def model_faults() -> list[Any]:
    kinds = sorted(KINDS_OF_SERVICE["groq"])
    before = [pytest.param(kind, 3, id=str(kind)) for kind in kinds]
    return before + [
        pytest.param(kind, CLAUSE_TOKENS, id=f"{kind}-behind-a-clause") for kind in kinds if kind in IN_MID_STREAM
    ]


@pytest.mark.parametrize(("kind", "after_tokens"), model_faults())
async def test_a_model_that_fails_costs_no_word(
    guide: Guide, clouds: CloudEmulator, recording: WavRecording, kind: FaultKind, after_tokens: int
) -> None:
    await break_once(clouds, "groq", kind, after_tokens=after_tokens)
    turn = await guide.say("event", text="две собаки справа")
    assert_whole(turn, recording)
    if after_tokens == CLAUSE_TOKENS:
        assert turn["text"] == FIRST, "the second model goes on behind what was said"
        assert turn["rungs"]["models"] == ["groq", "openai"]
    elif kind is not FaultKind.CLOSES_AFTER_IDLE:
        assert turn["text"] == SECOND
        assert turn["rungs"]["models"] == ["openai"]


@pytest.mark.parametrize("kind", sorted(KINDS_OF_SERVICE["elevenlabs"]))
async def test_a_voice_that_fails_costs_no_word(
    guide: Guide, clouds: CloudEmulator, recording: WavRecording, kind: FaultKind
) -> None:
    await break_once(clouds, "elevenlabs", kind)
    turn = await guide.say("event", text="две собаки справа")
    assert_whole(turn, recording)
    assert turn["text"] == FIRST
    if kind in HARMLESS:
        assert turn["rungs"]["voice"] == "elevenlabs"
    else:
        expected = ["elevenlabs", "openai"] if kind in IN_MID_STREAM else ["openai"]
        assert turn["rungs"]["voices"] == expected


def assert_whole(turn: JsonObject, recording: WavRecording) -> None:
    assert turn["outcome"] == "spoken", turn
    assert turn["reason"] is None
    assert turn["text"] in (FIRST, SECOND)
    assert recording.take().letters == letters_of(turn["text"])
