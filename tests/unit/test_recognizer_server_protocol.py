"""What clients of the recognizer server send is understood, or refused in one line."""

from __future__ import annotations

import json
import random
import struct

import numpy as np
import pytest

from edge.config.hearing import Endpointing
from edge.recognizer_server.audio_message import MAX_MESSAGE_BYTES, BadMessage, read_audio
from edge.recognizer_server.control_message import Command, failure, read_command, success
from edge.recognizer_server.parameters import Parameters

FRAMES = 100_000
PARAMETERS = Parameters(Endpointing(), None, "", True, 0.0, ("ru", "en", "de"))


def framed(metadata: bytes, sound: bytes = b"\1\0\2\0") -> bytes:
    return struct.pack("<I", len(metadata)) + metadata + sound


def test_sound_as_the_client_writes_it() -> None:
    told = json.dumps({"sampleRate": 48000, "server_sent_to_stt": 1}).encode()
    audio = read_audio(framed(told, np.array([1, -2, 3], "<i2").tobytes()))
    assert audio.sample_rate == 48_000
    assert audio.samples.tolist() == [1, -2, 3]
    assert read_audio(framed(b'{"sampleRate": 16000.0}', b"")).samples.shape == (0,)


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (b"", "expected the metadata's length"),
        (b"\1\0\0", "expected the metadata's length"),
        (b"\xff\xff\xff\xff{}", "4294967295 are announced"),
        (struct.pack("<I", 30) + b"{}", "30 bytes of metadata are announced, 2 came"),
        (framed(b"\xff\xfe"), "expected metadata in JSON"),
        (framed(b"[" * 5000), "expected metadata in JSON"),
        (framed(b'{"sampleRate": ' + b"9" * 5000 + b"}"), "expected metadata in JSON"),
        (framed(b"[]"), 'expected metadata with "sampleRate"'),
        (framed(b"{}"), 'expected metadata with "sampleRate"'),
        (framed(b'{"sampleRate": true}'), 'expected metadata with "sampleRate"'),
        (framed(b'{"sampleRate": "16000"}'), 'expected metadata with "sampleRate"'),
        (framed(b'{"sampleRate": NaN}'), 'expected metadata with "sampleRate"'),
        (framed(b'{"sampleRate": 16000.5}'), 'expected metadata with "sampleRate"'),
        (framed(b'{"sampleRate": 0}'), "8000 to 192000 Hz"),
        (framed(b'{"sampleRate": -16000}'), "8000 to 192000 Hz"),
        (framed(b'{"sampleRate": 1e300}'), "8000 to 192000 Hz"),
        (framed(b'{"sampleRate": 16000}', b"\0"), "samples of 2 bytes, came 1 bytes"),
        (bytes(MAX_MESSAGE_BYTES + 1), "expected at most 524288 bytes"),
    ],
)
def test_what_is_no_sound_is_refused_with_what_came(message: bytes, why: str) -> None:
    with pytest.raises(BadMessage, match=why):
        read_audio(message)


def test_commands_as_the_client_writes_them() -> None:
    assert read_command('{"command": "set_parameter", "parameter": "language", "value": "ru"}') == Command(
        "set_parameter", "language", "ru"
    )
    asked = read_command('{"command": "get_parameter", "parameter": "language", "request_id": 0}')
    assert json.loads(success(asked, value="ru")) == {"status": "success", "value": "ru", "request_id": 0}
    called = read_command('{"command": "call_method", "method": "stop", "args": [], "kwargs": {}}')
    assert (called.name, called.value) == ("stop", None)
    named = '{"command": "call_method", "method": "set_microphone", "kwargs": {"microphone_on": false}}'
    assert read_command(named).value is False


@pytest.mark.parametrize(
    "message",
    [
        *("", "null", "[]", "{", "7", '"set_parameter"', "{}", '{"command": null}', '{"command": ["x"]}'),
        *('{"command": "shutdown"}', '{"command": "set_parameter"}', "[" * 100_000, "9" * 5000),
        '{"command": "set_parameter", "parameter": 7}',
        '{"command": "get_parameter", "parameter": "language", "request_id": {}}',
        '{"command": "get_parameter", "parameter": "language", "request_id": true}',
        '{"command": "set_parameter", "parameter": "language"}',
        '{"command": "call_method", "method": "set_microphone", "args": ["false"]}',
        '{"command": "call_method", "method": "__init__"}',
        '{"command": "call_method", "method": "shutdown"}',
        "x" * 70_000,
    ],
)
def test_what_is_no_command_is_refused(message: str) -> None:
    with pytest.raises(BadMessage) as told:
        read_command(message)
    assert json.loads(failure(told.value))["status"] == "error"


def test_a_parameter_that_is_set_counts_and_can_be_asked_for() -> None:
    now = PARAMETERS.set("language", "de").set("post_speech_silence_duration", 1.5)
    now = now.set("silero_sensitivity", 0.05).set("min_length_of_recording", 2).set("initial_prompt", "Ubud")
    now = now.set("enable_realtime_transcription", False).set("wake_word_activation_delay", 0.0)
    told = [now.get(name) for name in ("language", "post_speech_silence_duration", "silero_sensitivity")]
    assert told == ["de", 1.5, 0.05]
    assert now.endpointing.silence_complete_s == 1.5, "the reference waits so long whatever was said"
    assert (now.min_length_s, now.interim, now.prompt) == (2.0, False, "Ubud")
    assert now.set("language", "").language is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("language", value) for value in ("fr", 7, ["ru"], "\ud800")),
        *(("silero_sensitivity", value) for value in (0, 1, float("nan"), 10**400, True, "0.5", None)),
        *(("post_speech_silence_duration", value) for value in (0, -1, 11, float("inf"), {})),
        ("min_length_of_recording", 60),
        ("enable_realtime_transcription", 1),
        ("initial_prompt", "x" * 1001),
        *(("__class__", 1), ("wakeup", 1), ("x" * 5000, 1)),
    ],
)
def test_a_parameter_that_cannot_be_used_is_refused_in_one_short_line(name: str, value: object) -> None:
    with pytest.raises(BadMessage) as told:
        PARAMETERS.set(name, value)
    assert len(str(told.value)) < 400
    assert "\n" not in str(told.value)


def test_half_a_character_in_a_prompt_reaches_no_engine() -> None:
    PARAMETERS.set("initial_prompt", "a\ud800b").prompt.encode()


def _spoilt(random_: random.Random, good: bytes) -> bytes:
    """A good message with bytes changed, cut off, put in or repeated; or none at all."""
    data = bytearray(good)
    for _ in range(random_.randint(1, 6)):
        at = random_.randrange(len(data) + 1)
        match random_.randrange(5):
            case 0 if at < len(data):
                data[at] = random_.randrange(256)
            case 1:
                del data[at:]
            case 2:
                data[at:at] = random_.randbytes(random_.randint(1, 8))
            case 3:
                data[at:at] = data[: random_.randint(0, 20)]
            case 4:
                data[:4] = struct.pack("<I", random_.choice([0, 1, 15, 2**16, 2**31, 2**32 - 1]))
    return bytes(data) if random_.random() < 0.9 else random_.randbytes(random_.randint(0, 64))


def test_a_hundred_thousand_spoilt_frames_are_sound_or_refused() -> None:
    random_ = random.Random(17)
    good = framed(b'{"sampleRate": 16000, "x": "\xd0\xb3"}', bytes(32))
    command = (
        b'{"command": "set_parameter", "parameter": "silero_sensitivity", "value": 0.4, "request_id": 1}'
    )
    understood = 0
    for number in range(FRAMES):
        try:
            if number % 2:
                audio = read_audio(_spoilt(random_, good))
                assert 8_000 <= audio.sample_rate <= 192_000
            else:
                told = read_command(_spoilt(random_, command).decode("utf-8", "replace"))
                if told.command == "set_parameter":
                    PARAMETERS.set(told.name, told.value)
            understood += 1
        except BadMessage:
            continue
    assert 0 < understood < FRAMES
