"""ElevenLabs' voice over a real WebSocket: every word once, whatever breaks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import numpy as np
import pytest

from bench.clouds import CloudEmulator
from bench.clouds.record import RequestRecord
from bench.clouds.server import ELEVENLABS_KEY, OPENAI_KEY
from bench.clouds.tones import decode
from edge.config import Secret, Service
from edge.ladder.rung import RungError
from edge.speaker.voices import elevenlabs_socket, make_voices
from edge.speaker.voices.elevenlabs import ElevenLabsVoice
from edge.speaker.voices.elevenlabs_messages import SAMPLE_RATE
from edge.speaker.voices.openai_speech import OpenAISpeechVoice
from tests.support.services import service, with_services
from tests.support.speaking import (
    given_up_once,
    opened,
    read_until,
    script_of,
    speak,
    speak_in_the_end,
    spelled,
    speller_without_names,
)
from tests.support.waiting import PATIENCE_S, until

REMARK = ("Смотрите, две собаки справа", "и обе бегут за нами!", "Наверное, тоже хотят прокатиться.")


@pytest.fixture
async def clouds() -> AsyncIterator[CloudEmulator]:
    async with CloudEmulator("fast") as emulator:
        yield emulator


def settings_for(clouds: CloudEmulator, **changes: Any) -> Service:
    settings = service("elevenlabs", api_key=Secret(ELEVENLABS_KEY), base_url=clouds.elevenlabs_base_url)
    return msgspec.structs.replace(settings, **changes)


@pytest.fixture
async def voice(clouds: CloudEmulator) -> AsyncIterator[ElevenLabsVoice]:
    voice = ElevenLabsVoice("elevenlabs", settings_for(clouds), "ru")
    await voice.start()
    await until(lambda: len(sent(clouds)) > 0)
    yield voice
    await voice.close()


def sockets(clouds: CloudEmulator) -> list[RequestRecord]:
    return [r for r in clouds.requests("elevenlabs") if r.path.endswith("/multi-stream-input")]


def sent(clouds: CloudEmulator) -> list[dict[str, Any]]:
    return [message.message for record in sockets(clouds) for message in record.messages]


def texts(clouds: CloudEmulator) -> list[str]:
    """What was sent to be spoken."""
    return [message["text"] for message in sent(clouds) if str(message.get("text", "")).strip()]


async def test_every_word_is_spoken_once_and_the_tail_is_whole(voice: ElevenLabsVoice) -> None:
    script = script_of(REMARK)
    spoken = await speak(voice, script)
    assert spoken.error is None
    assert spoken.heard == spelled(script.text)
    assert spoken.spoken_to == len(script.text)


async def test_it_speaks_at_the_configured_speed(clouds: CloudEmulator) -> None:
    voice = ElevenLabsVoice("elevenlabs", settings_for(clouds, speed=1.2), "ru")
    try:
        spoken = await speak(voice, script_of(REMARK[:1]))
    finally:
        await voice.close()
    assert spoken.sample_rate == SAMPLE_RATE
    assert spoken.heard == spelled(REMARK[0])


async def test_clauses_are_flushed_as_they_come_and_none_waits_for_the_next(
    voice: ElevenLabsVoice, clouds: CloudEmulator
) -> None:
    script = script_of(REMARK[:1], closed=False)
    async with opened(voice, script) as pieces:
        await read_until(pieces, len(REMARK[0]))
        script.add(REMARK[1])
        script.close()
        rest = [piece async for piece in pieces]
    assert rest[-1].spoken_to == len(script.text)
    assert texts(clouds) == [REMARK[0] + " ", REMARK[1] + " "]
    assert all(message["flush"] is True for message in sent(clouds) if str(message.get("text", "")).strip())


async def test_spoken_to_is_always_at_a_word_border_and_never_goes_back(voice: ElevenLabsVoice) -> None:
    script = script_of(REMARK)
    spoken = await speak(voice, script)
    positions = [piece.spoken_to for piece in spoken.pieces]
    assert positions == sorted(positions)
    assert len(set(positions)) > 5
    assert all(position in (0, len(script.text)) or script.text[position].isspace() for position in positions)


async def test_the_connection_is_open_and_a_context_ready_before_text_comes(
    voice: ElevenLabsVoice, clouds: CloudEmulator
) -> None:
    voice.prepare("ru")
    await until(lambda: len(sent(clouds)) == 1)
    ready = sent(clouds)[0]
    assert ready["text"] == " "
    assert ready["voice_settings"] == {"stability": 0.5, "similarity_boost": 0.75, "speed": 1.0}
    await speak(voice, script_of(REMARK[:1]))
    assert len(sockets(clouds)) == 1
    assert sent(clouds)[1] == {"text": REMARK[0] + " ", "context_id": ready["context_id"], "flush": True}


async def test_the_speed_of_all_voices_is_asked_for_within_what_the_service_allows(
    clouds: CloudEmulator,
) -> None:
    settings = with_services(elevenlabs=settings_for(clouds))
    speaker = msgspec.structs.replace(settings.speaker, speed=1.35, voices=("elevenlabs",))
    voice, _ = make_voices(msgspec.structs.replace(settings, speaker=speaker), speller_without_names())
    try:
        await speak(voice, script_of(REMARK[:1]))
        assert sent(clouds)[0]["voice_settings"]["speed"] == 1.2
    finally:
        await voice.close()


async def test_the_address_asks_for_what_the_settings_say(clouds: CloudEmulator) -> None:
    base = clouds.elevenlabs_base_url.replace("http://", "ws://") + "/"
    voice = ElevenLabsVoice("elevenlabs", settings_for(clouds, base_url=base, zero_retention=True), "ru")
    await speak(voice, script_of(["Да."]))
    await speak(voice, script_of(["Yes."]), language="en")
    await voice.close()
    russian, english = sockets(clouds)
    assert russian.path == "/v1/text-to-speech/y2Y5MeVPm6ZQXK64WUui/multi-stream-input"
    assert russian.headers["xi-api-key"] == ELEVENLABS_KEY
    assert russian.query == {
        "model_id": "eleven_flash_v2_5",
        "output_format": "pcm_24000",
        "inactivity_timeout": "180",
        "sync_alignment": "true",
        "apply_text_normalization": "off",
        "auto_mode": "true",
        "language_code": "ru",
        "enable_logging": "false",
    }
    assert english.query["language_code"] == "en"


async def test_a_model_without_language_codes_shares_one_socket(clouds: CloudEmulator) -> None:
    voice = ElevenLabsVoice("elevenlabs", settings_for(clouds, speech_model="eleven_multilingual_v2"), "ru")
    await speak(voice, script_of(["Да."]))
    await speak(voice, script_of(["Yes."]), language="en")
    await voice.close()
    (socket,) = sockets(clouds)
    assert "language_code" not in socket.query


@pytest.mark.parametrize("after_audio_ms", [120, 500, 730, 1100])
@pytest.mark.parametrize("kind", ["cut_mid_stream", "close_1008", "close_1011", "garbage"])
async def test_after_a_death_in_mid_sentence_the_next_voice_loses_and_doubles_no_word(
    voice: ElevenLabsVoice, clouds: CloudEmulator, kind: str, after_audio_ms: float
) -> None:
    await clouds.set_fault("elevenlabs", kind, times=1, after_audio_ms=after_audio_ms)
    next_voice = OpenAISpeechVoice(
        "openai", service("openai", base_url=clouds.openai_base_url, api_key=Secret(OPENAI_KEY))
    )
    script = script_of(REMARK)
    first = await speak(voice, script)
    assert first.error is not None
    second = await speak(next_voice, script, start=first.spoken_to)
    await next_voice.close()
    assert second.error is None
    assert 0 <= first.spoken_to < len(script.text)
    # The first word alone may have been begun before it was complete; then it is said anew.
    if first.spoken_to:
        assert first.heard == spelled(script.text[: first.spoken_to])
    # That voice leaves no pause between clauses, so only the letters can be compared.
    assert second.heard.replace(" ", "") == spelled(script.text[first.spoken_to :]).replace(" ", "")


async def test_a_hang_in_mid_sentence_leaves_off_at_a_word_border_too(
    voice: ElevenLabsVoice, clouds: CloudEmulator
) -> None:
    await clouds.set_fault("elevenlabs", "hang_mid_stream", times=1, after_audio_ms=900)
    script = script_of(REMARK)
    got = []
    async with opened(voice, script) as pieces:
        with contextlib.suppress(TimeoutError):
            while True:
                patience_s = 1.0 if got and got[-1].spoken_to else PATIENCE_S
                got.append(await asyncio.wait_for(anext(pieces), patience_s))
    assert 0 < got[-1].spoken_to < len(script.text)
    assert script.text[got[-1].spoken_to].isspace()
    heard = decode(np.concatenate([piece.samples for piece in got]), got[0].sample_rate)
    assert heard == spelled(script.text[: got[-1].spoken_to])


async def test_a_server_that_never_says_is_final_holds_nobody_up(
    voice: ElevenLabsVoice, clouds: CloudEmulator
) -> None:
    await clouds.set_fault("elevenlabs", "never_is_final")
    spoken = await speak(voice, script_of(REMARK[:2]))
    assert spoken.error is None
    assert spoken.heard == spelled(" ".join(REMARK[:2]))


async def test_success_without_sound_is_a_failure_that_names_the_quota(
    voice: ElevenLabsVoice, clouds: CloudEmulator
) -> None:
    await clouds.set_fault("elevenlabs", "zero_audio")
    spoken = await speak(voice, script_of(REMARK))
    assert "quota" in str(spoken.error)
    assert not spoken.pieces


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"api_key": Secret("sk_wrong")}, "check its API key"),
        ({"api_key": Secret("не ключ")}, "check its API key"),
        ({"voice": "nobody"}, "check its voice"),
        ({"speech_model": "eleven_nothing"}, "check its speech_model"),
    ],
)
async def test_what_only_a_person_can_mend_is_permanent_and_says_what_to_do(
    clouds: CloudEmulator, changes: dict[str, Any], words: str
) -> None:
    voice = ElevenLabsVoice("elevenlabs", settings_for(clouds, **changes), "ru")
    spoken = await speak(voice, script_of(REMARK))
    with pytest.raises(RungError, match=words):
        await voice.probe()
    await voice.close()
    assert spoken.error is not None
    assert spoken.error.permanent
    assert words in str(spoken.error)
    assert "sk_wrong" not in str(spoken.error)


async def test_a_busy_service_is_left_alone_for_as_long_as_it_asks(clouds: CloudEmulator) -> None:
    await clouds.set_fault("elevenlabs", "error_429", retry_after_s=7)
    voice = ElevenLabsVoice("elevenlabs", settings_for(clouds), "ru")
    spoken = await speak(voice, script_of(REMARK))
    await voice.close()
    assert spoken.error is not None
    assert spoken.error.retry_after_s == 7
    assert not spoken.error.permanent


@pytest.mark.parametrize("kind", ["refuse", "error_503", "wrong_content_type"])
async def test_a_known_outage_fails_at_once_and_ends_by_itself(
    clouds: CloudEmulator, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elevenlabs_socket, "BACKOFF_MAX_S", 0.3)
    await clouds.set_fault("elevenlabs", kind)
    voice = ElevenLabsVoice("elevenlabs", settings_for(clouds), "ru")
    await voice.start()
    with pytest.raises(RungError):
        await voice.probe()
    assert (await speak(voice, script_of(REMARK))).error is not None
    await clouds.heal()
    assert (await speak_in_the_end(voice, "Да.")).heard == "да"
    await voice.close()


async def test_a_connection_lost_in_a_quiet_moment_is_open_again_for_the_next_turn(
    voice: ElevenLabsVoice, clouds: CloudEmulator
) -> None:
    assert (await speak(voice, script_of(REMARK[:1]))).error is None
    await clouds.set_fault("elevenlabs", "closes_after_idle", idle_s=1.0)
    await until(lambda: len(sockets(clouds)) == 2)
    await clouds.heal()
    assert (await speak(voice, script_of(REMARK[:1]))).heard == spelled(REMARK[0])
    assert len(sockets(clouds)) == 2


async def test_an_idle_connection_is_kept_alive_on_a_context_that_exists(
    clouds: CloudEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elevenlabs_socket, "KEEP_ALIVE_S", 0.05)
    voice = ElevenLabsVoice("elevenlabs", settings_for(clouds), "ru")
    await voice.start()
    await until(lambda: len(sent(clouds)) >= 4)
    await voice.close()
    first, *others = sent(clouds)
    assert first["text"] == " "
    assert all(message == {"text": "", "context_id": first["context_id"]} for message in others)


async def test_cancelling_closes_the_context_and_its_late_sound_reaches_nobody(
    voice: ElevenLabsVoice, clouds: CloudEmulator
) -> None:
    async with opened(voice, script_of(REMARK)) as pieces:
        await anext(pieces)
    context_id = next(m["context_id"] for m in sent(clouds) if m.get("flush"))
    await until(lambda: {"context_id": context_id, "close_context": True} in sent(clouds))
    spoken = await speak(voice, script_of(["Рис растёт."]))
    assert spoken.heard == spelled("Рис растёт.")


async def test_three_turns_speak_at_once_and_a_fourth_is_told_so(voice: ElevenLabsVoice) -> None:
    scripts = [script_of([text], closed=False) for text in REMARK]
    streams = [opened(voice, script) for script in scripts]
    for stream in streams:
        await anext(await stream.__aenter__())
    fourth = await speak(voice, script_of(["Четвёртый."]))
    assert "3 turns speaking" in str(fourth.error)
    for stream in streams:
        await stream.__aexit__(None, None, None)
    assert (await speak(voice, script_of(["Четвёртый."]))).heard == "четвёртый"


async def test_turns_cancelled_faster_than_the_service_can_end_them_do_not_cost_the_socket(
    voice: ElevenLabsVoice, clouds: CloudEmulator
) -> None:
    for _ in range(8):
        voice.prepare("ru")
        with contextlib.suppress(RungError):
            async with opened(voice, script_of(REMARK)) as pieces:
                await anext(pieces)
    assert (await speak_in_the_end(voice, REMARK[0])).heard == spelled(REMARK[0])
    assert len(sockets(clouds)) == 1


async def test_when_the_socket_dies_every_turn_on_it_is_told(
    voice: ElevenLabsVoice, clouds: CloudEmulator
) -> None:
    async with opened(voice, script_of(REMARK[:1], closed=False)) as waiting:
        await read_until(waiting, len(REMARK[0]))
        await clouds.set_fault("elevenlabs", "cut_mid_stream", times=1)
        assert (await speak(voice, script_of(REMARK))).error is not None
        with pytest.raises(RungError):
            await read_until(waiting, len(REMARK[0]) + 1)


async def test_a_script_without_words_ends_in_a_pause(voice: ElevenLabsVoice) -> None:
    script = script_of(["Да…", "…"])
    spoken = await speak(voice, script)
    assert spoken.error is None
    assert spoken.spoken_to == len(script.text)
    wordless = await speak(voice, script_of(["…"]))
    assert wordless.error is None
    assert wordless.spoken_to == 1


async def test_a_probe_speaks_a_word_until_the_voice_has_spoken_and_again_after_text_of_which_nothing_came(
    voice: ElevenLabsVoice, clouds: CloudEmulator
) -> None:
    asked: list[int] = []
    await voice.probe(asked.append)
    assert asked == [len("Да. ")]
    await voice.probe(asked.append)
    assert len(asked) == 1, "it has spoken: that the connection lives is enough"
    await clouds.set_fault("elevenlabs", "hang_before_first_audio")
    async with opened(voice, script_of(REMARK[:1])) as pieces:
        await given_up_once(anext(pieces), lambda: texts(clouds)[-1:] == [REMARK[0] + " "])
    await given_up_once(voice.probe(asked.append), lambda: len(asked) == 2)
    await clouds.heal()
    await voice.probe(asked.append)
    assert asked == [len("Да. ")] * 3
