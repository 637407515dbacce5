"""A service's sound is played as fast as it was made, in whatever form it comes, or it is refused by name."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.clouds.tones import synthesize
from edge.ladder.rung import RequestError, RungError
from edge.speaker.voices.bounded import SAMPLE_RATES
from edge.speaker.voices.speech_body import RawForm, most_bytes_a_second, raw_form, sound_in
from tests.support.wav_writer import extensible, floats, header, integers, plain

TEXT = "Две собаки"


def pcm(rate: int, order: str = "<") -> bytes:
    return synthesize(TEXT, rate).astype(f"{order}i2").tobytes()


@pytest.mark.parametrize(
    ("content_type", "form"),
    [
        ("audio/pcm", RawForm(24_000, 1, "<")),
        ("audio/pcm; rate=48000", RawForm(48_000, 1, "<")),
        ("audio/PCM;Rate=48000;Channels=2", RawForm(48_000, 2, "<")),
        ('audio/pcm; rate="16000"; bits=16', RawForm(16_000, 1, "<")),
        ("audio/x-pcm;bit-depth=16;sample-rate=22050", RawForm(22_050, 1, "<")),
        ("audio/x-raw; format=S16LE; rate=44100; channels=1", RawForm(44_100, 1, "<")),
        ("audio/x-raw; format=S16BE; rate=44100", RawForm(44_100, 1, ">")),
        ("audio/lpcm; sample-rate=8000; sample-size-bits=16; is-big-endian=false", RawForm(8_000, 1, "<")),
        ("audio/L16;rate=16000;channels=1", RawForm(16_000, 1, "?")),
        ("audio/L16;codec=pcm;rate=24000", RawForm(24_000, 1, "?")),
        ("audio/l16; rate=22050; endianness=little-endian", RawForm(22_050, 1, "<")),
        ("audio/l16; rate=22050; endianness=big-endian", RawForm(22_050, 1, ">")),
        ("", RawForm(24_000, 1, "<")),
        ("application/octet-stream", RawForm(24_000, 1, "<")),
        ("audio/wav", None),
        ("audio/mpeg", None),
    ],
)
def test_the_type_tells_how_raw_samples_lie(content_type: str, form: RawForm | None) -> None:
    assert raw_form(content_type) == form


@pytest.mark.parametrize(
    ("content_type", "words"),
    [
        ("audio/L16", "known rate, came a type without a rate"),
        ("audio/pcm; rate=fast", "came none whose rate can be read"),
        ("audio/pcm; rate=-48000", "came none whose rate can be read"),
        ("audio/pcm; rate=1", "at 8 to 96 kHz, came 1 Hz"),
        ("audio/pcm; rate=999999999999", "at 8 to 96 kHz"),
        ("audio/pcm; bits=24", "came 24000 Hz, 1 channels, 24 bits"),
        ("audio/pcm; channels=0", "0 channels"),
        ("audio/pcm; encoding=mulaw", "another encoding"),
        ("audio/x-raw; format=F32LE; rate=24000", "another format"),
    ],
)
def test_samples_that_cannot_be_read_are_refused_in_one_line(content_type: str, words: str) -> None:
    with pytest.raises(RungError, match=words) as caught:
        sound_in(pcm(24_000), content_type, TEXT)
    assert "speaker.voices" in str(caught.value)
    assert caught.value.permanent


@pytest.mark.parametrize(
    ("content_type", "order", "rate"),
    [
        ("audio/pcm; rate=48000", "<", 48_000),
        ("audio/L16;rate=16000", ">", 16_000),
        ("audio/L16;rate=16000", "<", 16_000),
        ("audio/l16; rate=22050; endianness=big-endian", ">", 22_050),
        ("audio/x-l16; sample-rate=8000", "<", 8_000),
        ("binary/octet-stream", "<", 24_000),
        ("", "<", 24_000),
    ],
)
def test_raw_sound_is_played_as_it_was_made(content_type: str, order: str, rate: int) -> None:
    sound = sound_in(pcm(rate, order), content_type, TEXT)
    assert sound.sample_rate == rate
    assert np.array_equal(sound.samples, synthesize(TEXT, rate))


@pytest.mark.parametrize("content_type", ["audio/wav", "audio/x-wav", "audio/pcm", "audio/mpeg", ""])
@pytest.mark.parametrize("encode", [integers(2), integers(3), floats(4)])
def test_a_wav_is_a_wav_whatever_its_type_says(content_type: str, encode: object) -> None:
    samples = synthesize(TEXT, 22_050)
    sound = sound_in(extensible(samples, encode, rate=22_050, channels=2), content_type, TEXT)  # type: ignore[arg-type]
    assert sound.sample_rate == 22_050
    assert np.abs(sound.samples.astype(int) - samples).max() <= 1


def test_a_wav_that_was_streamed_has_no_size() -> None:
    body = header(integers(2).form(16_000, 1), 0xFFFF_FFFF) + struct.pack("<4sI", b"data", 0xFFFF_FFFF)
    assert np.array_equal(sound_in(body + pcm(16_000), "audio/wav", TEXT).samples, synthesize(TEXT, 16_000))


@pytest.mark.parametrize(
    ("content_type", "body", "words"),
    [
        ("audio/mpeg", b"\xff\xfb\x90\x00" + bytes(5000), "came audio/mpeg"),
        ("audio/pcm", b"ID3\x04" + bytes(5000), "came MP3"),
        ("audio/ogg", b"OggS" + bytes(5000), "came Ogg"),
        ("", b"fLaC" + bytes(5000), "came FLAC"),
        ("audio/opus", np.random.default_rng(3).bytes(9000), "came audio/opus"),
        ("audio/pcm", b"\xff\xfb" + np.random.default_rng(3).bytes(40_000), "came MP3"),
        ("audio/mp4", bytes(4) + b"ftypM4A " + bytes(5000), "came MP4"),
        ("audio/webm; codecs=opus", b"\x1aE\xdf\xa3" + bytes(5000), "came WebM"),
    ],
)
def test_another_form_is_named_with_what_to_do(content_type: str, body: bytes, words: str) -> None:
    with pytest.raises(RungError, match=f"WAV, {words}; make the service give pcm or wav") as caught:
        sound_in(body, content_type, TEXT)
    assert caught.value.permanent


def test_a_login_page_is_named_and_passes() -> None:
    with pytest.raises(RungError, match="came a web page: a login page of the network") as caught:
        sound_in(b"<html>", "text/html; charset=utf-8", TEXT)
    assert not caught.value.permanent


NOTHING_HEARD = {
    "zeros": np.zeros(30_000, np.int16),
    "a constant": np.full(30_000, 700, np.int16),
    "dither": np.random.default_rng(1).integers(-1, 2, 30_000).astype(np.int16),
    "noise": np.random.default_rng(1).integers(-9000, 9000, 30_000).astype(np.int16),
}


@pytest.mark.parametrize("kind", NOTHING_HEARD)
@pytest.mark.parametrize("as_wav", [False, True])
def test_silence_and_noise_are_no_speech(kind: str, as_wav: bool) -> None:
    samples = NOTHING_HEARD[kind]
    body = plain(samples, integers(2)) if as_wav else samples.tobytes()
    with pytest.raises(RequestError, match="noise or silence"):
        sound_in(body, "audio/wav" if as_wav else "audio/pcm", TEXT)


def test_a_wav_that_says_there_is_more_was_cut_off() -> None:
    body = plain(synthesize(TEXT, 24_000), integers(2))
    for end in (len(body) - 2, len(body) // 2):
        with pytest.raises(RequestError, match="cut off"):
            sound_in(body[:end], "audio/wav", TEXT)


WORDS = st.sampled_from(["rate", "channels", "bits", "codec", "endianness", "format", "x"])
VALUES = st.one_of(
    st.sampled_from(["48000", "16000", "2", "16", "24", "pcm", "S16LE", "big-endian", '"8000"', ""]),
    st.integers(-5, 10**20).map(str),
    st.text(max_size=8),
)
KINDS = st.sampled_from(["audio/pcm", "audio/L16", "audio/wav", "audio/x-raw", "audio/ogg", "text/html", ""])


@given(
    kind=KINDS,
    parameters=st.lists(st.tuples(WORDS, VALUES), max_size=4),
    body=st.one_of(
        st.binary(max_size=200),
        st.sampled_from(
            [pcm(24_000), pcm(24_000, ">"), plain(synthesize(TEXT, 8_000), floats(8), rate=8_000)]
        ),
    ),
    cut=st.integers(0, 50),
)
def test_whatever_comes_it_is_the_sound_or_one_line(
    kind: str, parameters: list[tuple[str, str]], body: bytes, cut: int
) -> None:
    content_type = "".join([kind, *(f"; {name}={value}" for name, value in parameters)])
    try:
        assert most_bytes_a_second(content_type) > 0
        sound = sound_in(body[: len(body) - cut], content_type, TEXT)
    except RungError:
        return
    assert sound.sample_rate in SAMPLE_RATES
    assert sound.samples.dtype == np.int16
    assert len(sound.samples) > 0


def test_a_wav_for_each_sentence_is_one_sound() -> None:
    samples = synthesize(TEXT, 24_000)
    first, rest = (plain(part, integers(2)) for part in np.array_split(samples, 2))
    assert np.array_equal(sound_in(first + rest, "audio/wav", TEXT).samples, samples)
    with pytest.raises(RungError, match="2 of different rates"):
        sound_in(first + plain(samples, integers(2), rate=16_000), "audio/wav", TEXT)
    assert len(sound_in(first * 3000, "audio/wav", TEXT).samples) == len(samples) // 2 * 3000
