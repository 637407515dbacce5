"""ElevenLabs' voice against servers that keep to the protocol in other ways, or not at all."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.asyncio.server import ServerConnection, serve

from bench.clouds.elevenlabs_wire import speak as speak_tones
from bench.clouds.tones import decode
from edge.config import Secret
from edge.speaker.voices.elevenlabs import ElevenLabsVoice
from tests.support.services import service
from tests.support.speaking import opened, read_until, script_of, speak, speak_in_the_end, spelled

KEY = "sk_scripted"
RATE = 24_000
REMARK = ("Смотрите, две собаки справа,", "и обе бегут за нами!")

Reply = dict[str, Any]
Answer = Callable[[dict[str, Any]], list[Reply | str]]
"""What a scripted server says to one message of the client."""


@contextlib.asynccontextmanager
async def voice_of(answer: Answer) -> AsyncIterator[ElevenLabsVoice]:
    async def converse(connection: ServerConnection) -> None:
        async for raw in connection:
            message = json.loads(raw)
            for reply in answer(message):
                if isinstance(reply, dict):
                    reply = json.dumps({"contextId": message["context_id"]} | reply)
                await connection.send(reply)

    async with serve(converse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        voice = ElevenLabsVoice(
            "elevenlabs", service("elevenlabs", api_key=Secret(KEY), base_url=f"ws://127.0.0.1:{port}"), "ru"
        )
        try:
            yield voice
        finally:
            await voice.close()


def sound(text: str, *, with_alignment: bool = True, split: int | None = None) -> list[Reply | str]:
    """The messages that speak ``text``; ``split`` cuts the bytes of each in two, there."""
    replies: list[Reply | str] = []
    for piece in speak_tones(text, RATE, 1.0, sync_alignment=True):
        pcm = piece.samples.tobytes()
        alignment = piece.alignment if with_alignment else None
        parts = [(pcm, alignment)] if split is None else [(pcm[:split], alignment), (pcm[split:], None)]
        replies += [{"audio": base64.b64encode(part).decode(), "alignment": told} for part, told in parts]
    return replies


FINAL: Reply = {"audio": None, "isFinal": True}


async def test_is_final_may_come_after_each_flush() -> None:
    def answer(message: dict[str, Any]) -> list[Reply | str]:
        return [*sound(message["text"]), FINAL] if message.get("flush") else []

    async with voice_of(answer) as voice:
        script = script_of(REMARK)
        spoken = await speak(voice, script)
    assert spoken.error is None
    assert spoken.heard == spelled(script.text)


async def test_is_final_may_come_after_each_flush_and_again_at_the_end() -> None:
    def answer(message: dict[str, Any]) -> list[Reply | str]:
        if message.get("close_context"):
            return [FINAL]
        return [*sound(message["text"]), FINAL] if message.get("flush") else []

    async with voice_of(answer) as voice:
        script = script_of([*REMARK, *REMARK])
        spoken = await speak(voice, script)
    assert spoken.error is None
    assert spoken.heard == spelled(script.text)


async def test_without_alignment_the_remark_is_spoken_as_it_comes() -> None:
    def answer(message: dict[str, Any]) -> list[Reply | str]:
        if message.get("close_context"):
            return [FINAL]
        return sound(message["text"], with_alignment=False) if message.get("flush") else []

    async with voice_of(answer) as voice:
        script = script_of(REMARK)
        spoken = await speak(voice, script)
    assert spoken.error is None
    assert spoken.heard == spelled(script.text)
    assert spoken.spoken_to == len(script.text)
    assert all(
        at == len(script.text) or script.text[at] == " " for at in {p.spoken_to for p in spoken.pieces}
    )


async def test_without_alignment_a_flushed_clause_does_not_wait_for_the_next() -> None:
    def answer(message: dict[str, Any]) -> list[Reply | str]:
        return [*sound(message["text"], with_alignment=False), FINAL] if message.get("flush") else []

    async with voice_of(answer) as voice:
        script = script_of(REMARK[:1], closed=False)
        async with opened(voice, script) as pieces:
            await read_until(pieces, len(REMARK[0]))


CLAUSES = ("Осталось совсем чуть-чуть,", "скоро приедем.")


def told_otherwise(chars: str) -> Callable[[str], list[Reply | str]]:
    """The sound of a text with an alignment that tells these characters."""

    def replies(text: str) -> list[Reply | str]:
        pcm = b"".join(piece.samples.tobytes() for piece in speak_tones(text, RATE, 1.0, sync_alignment=True))
        each = len(pcm) / 2 / RATE * 1000 / len(chars)
        times = [round(each * index) for index in range(len(chars))]
        told = {
            "chars": list(chars),
            "charStartTimesMs": times,
            "charDurationsMs": [round(each)] * len(chars),
        }
        return [{"audio": base64.b64encode(pcm).decode(), "alignment": told}]

    return replies


def null_for_a_while(text: str) -> list[Reply | str]:
    """Four messages without alignment, then with one."""
    replies = sound(text)
    for reply in replies[:4]:
        assert isinstance(reply, dict)
        reply["alignment"] = None
    return replies


MISFITS = {
    "a word repeated": told_otherwise(" чуть скоро приедем. "),
    "a letter dropped": told_otherwise(" коро приедем. "),
    "another last word": told_otherwise(" скоро прибудем. "),
    "nothing that fits": told_otherwise(" ??? soon we are there "),
    "null for a while": null_for_a_while,
    "none": lambda text: sound(text, with_alignment=False),
}


@pytest.mark.parametrize("kind", MISFITS)
async def test_an_alignment_that_does_not_fit_holds_no_sound_while_more_text_may_come(kind: str) -> None:
    def answer(message: dict[str, Any]) -> list[Reply | str]:
        if message.get("close_context"):
            return [FINAL]
        text = message["text"]
        if not message.get("flush"):
            return []
        return MISFITS[kind](text) if text.startswith(CLAUSES[1]) else sound(text)

    script = script_of(CLAUSES, closed=False)
    heard = []
    async with voice_of(answer) as voice, opened(voice, script) as pieces:
        async with asyncio.timeout(20):
            while not heard or heard[-1].spoken_to < len(script.text):
                heard.append(await anext(pieces))
        assert not script.closed, "nothing was asked to end yet"
        script.close()
        heard += [piece async for piece in pieces]
    samples = np.concatenate([piece.samples for piece in heard])
    assert decode(samples, RATE).replace(" ", "") == spelled(script.text).replace(" ", "")
    assert [piece.spoken_to for piece in heard] == sorted(piece.spoken_to for piece in heard)


async def test_normalized_alignment_serves_where_there_is_no_other() -> None:
    def answer(message: dict[str, Any]) -> list[Reply | str]:
        if message.get("close_context"):
            return [FINAL]
        replies = sound(message["text"]) if message.get("flush") else []
        for reply in replies:
            assert isinstance(reply, dict)
            reply["normalizedAlignment"] = reply.pop("alignment")
        return replies

    async with voice_of(answer) as voice:
        spoken = await speak(voice, script_of(REMARK))
    assert spoken.error is None
    assert len({piece.spoken_to for piece in spoken.pieces}) > 3


async def test_a_message_may_end_in_the_middle_of_a_sample() -> None:
    def answer(message: dict[str, Any]) -> list[Reply | str]:
        if message.get("close_context"):
            return [FINAL]
        return sound(message["text"], split=101) if message.get("flush") else []

    async with voice_of(answer) as voice:
        spoken = await speak(voice, script_of(REMARK[:1]))
    assert spoken.error is None
    assert spoken.heard == spelled(REMARK[0])


async def test_a_context_that_ends_before_its_words_is_a_failure() -> None:
    def answer(message: dict[str, Any]) -> list[Reply | str]:
        if message.get("close_context"):
            return [FINAL]
        return sound(message["text"])[:3] if message.get("flush") else []

    async with voice_of(answer) as voice:
        spoken = await speak(voice, script_of(REMARK[:1]))
    assert "before all words were spoken" in str(spoken.error)
    assert spoken.heard == spelled(REMARK[0][: spoken.spoken_to])


async def test_sound_that_is_not_base64_harms_only_its_own_turn() -> None:
    def answer(message: dict[str, Any]) -> list[Reply | str]:
        if message.get("close_context"):
            return [FINAL]
        text = message["text"]
        return ([{"audio": "%%%"}] if "брак" in text else sound(text)) if message.get("flush") else []

    async with voice_of(answer) as voice:
        script = script_of(REMARK[:1], closed=False)
        async with opened(voice, script) as pieces:
            await anext(pieces)
            assert "not base64" in str((await speak(voice, script_of(["брак"]))).error)
            script.close()
            await read_until(pieces, len(REMARK[0]))


@pytest.mark.parametrize("broken", ['{"audio": "AAA', "[]", "null", "12", '"text"', '{"audio": 5}', "\ud7ff"])
async def test_what_is_no_message_fails_the_turn_and_the_next_one_works(broken: str) -> None:
    def answer(message: dict[str, Any]) -> list[Reply | str]:
        if message.get("close_context"):
            return [FINAL]
        text = message["text"]
        return ([broken] if "брак" in text else sound(text)) if message.get("flush") else []

    async with voice_of(answer) as voice:
        assert "no message of its protocol" in str((await speak(voice, script_of(["брак"]))).error)
        assert (await speak_in_the_end(voice, REMARK[0])).heard == spelled(REMARK[0])


async def test_an_error_message_is_the_turns_failure_without_the_key() -> None:
    def answer(message: dict[str, Any]) -> list[Reply | str]:
        error = {"message": f"Quota of {KEY}\nis exceeded", "error": "quota_exceeded", "code": 1008}
        return [error] if message.get("flush") else []

    async with voice_of(answer) as voice:
        error = (await speak(voice, script_of(REMARK))).error
    assert error is not None
    assert error.permanent
    assert str(error).startswith("ElevenLabs: 1008: the account's quota or balance is used up; ")
    assert str(error).endswith(" (quota_exceeded)")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5000) | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
ALIGNMENT = JSON | st.fixed_dictionaries(
    {
        "chars": st.lists(st.sampled_from("смотрите, двe"), max_size=12) | JSON,
        "charStartTimesMs": st.lists(st.integers(-50, 900), max_size=12) | JSON,
        "charDurationsMs": st.lists(st.integers(-50, 900), max_size=12) | JSON,
    }
)
MESSAGE = st.fixed_dictionaries(
    {},
    optional={
        "audio": st.binary(max_size=300).map(lambda pcm: base64.b64encode(pcm).decode()) | JSON,
        "alignment": ALIGNMENT,
        "normalizedAlignment": ALIGNMENT,
        "isFinal": st.booleans() | JSON,
        "error": JSON,
        "message": JSON,
        "code": JSON,
    },
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(replies=st.lists(MESSAGE, max_size=6))
async def test_whatever_a_server_says_the_turn_ends_and_the_next_one_is_spoken(replies: list[Reply]) -> None:
    def answer(message: dict[str, Any]) -> list[Reply | str]:
        if message.get("close_context"):
            return [FINAL]
        text = message["text"]
        return ([*replies, FINAL] if "Смотрите" in text else sound(text)) if message.get("flush") else []

    async with voice_of(answer) as voice:
        script = script_of(REMARK)
        spoken = await speak(voice, script)
        positions = [piece.spoken_to for piece in spoken.pieces]
        assert positions == sorted(positions)
        assert all(0 <= position <= len(script.text) for position in positions)
        assert (await speak_in_the_end(voice, "Да.")).heard == "да"
