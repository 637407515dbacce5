"""A WAV is read whatever program wrote it; anything else is one clear line."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.sound.wav_reader import WavError, WavReader
from tests.support.wav_writer import Encode, chunk, extensible, floats, header, integers, plain

SOUND = (np.sin(np.arange(400) / 7) * 20_000).astype(np.int16)
"""Of 400 samples."""
ENCODINGS: dict[str, Encode] = {
    **{f"{8 * width} bits": integers(width) for width in (1, 2, 3, 4)},
    **{f"float {8 * width}": floats(width) for width in (4, 8)},
}


def read(wav: bytes) -> NDArray[np.int16]:
    return WavReader(io.BytesIO(wav)).rest()


def closest(encoding: str) -> int:
    """How far off a sample may be."""
    return 256 if encoding == "8 bits" else 1


@pytest.mark.parametrize("write", [plain, extensible])
@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_each_form_is_read_by_its_first_channel(
    encoding: str, channels: int, write: Callable[..., bytes]
) -> None:
    wav = WavReader(io.BytesIO(write(SOUND, ENCODINGS[encoding], rate=44_100, channels=channels)))
    assert (wav.sample_rate, wav.frames, wav.missing) == (44_100, len(SOUND), 0)
    assert np.abs(wav.rest().astype(int) - SOUND).max() <= closest(encoding)


@pytest.mark.parametrize("size", [0, 0xFFFF_FFFF, 0x7FFF_FFFF, 0x8000_0000, 0x7FFF_F000, 2_000_000_000, 900])
@pytest.mark.parametrize("riff_size", [0, 0xFFFF_FFFF, 36])
def test_a_size_that_was_never_filled_in_stands_for_all_that_follows(size: int, riff_size: int) -> None:
    pcm = SOUND.tobytes()
    wav = header(integers(2).form(16_000, 1), riff_size) + struct.pack("<4sI", b"data", size) + pcm
    assert np.array_equal(read(wav), SOUND)


def test_a_finished_file_without_sound_is_empty_whatever_stands_behind() -> None:
    body = chunk(b"data", b"") + chunk(b"LIST", b"INFOISFT\x04\0\0\0sox\0")
    wav = header(integers(2).form(16_000, 1), 28 + len(body)) + body
    assert read(wav).size == 0


def test_chunks_before_and_behind_the_sound_are_not_heard() -> None:
    listed = chunk(b"LIST", b"INFOISFT\x0e\0\0\0Lavf60.16.100\0")
    body = (
        listed + chunk(b"fact", b"1234") + chunk(b"odd ", b"abc") + chunk(b"data", SOUND.tobytes()) + listed
    )
    assert np.array_equal(read(header(integers(2).form(16_000, 1), 28 + len(body)) + body), SOUND)


def test_a_long_recording_has_its_size_elsewhere() -> None:
    pcm = SOUND.tobytes()
    sizes = chunk(b"ds64", struct.pack("<QQQI", 80 + len(pcm), len(pcm), len(SOUND), 0))
    form = chunk(b"fmt ", integers(2).form(48_000, 1))
    sound = struct.pack("<4sI", b"data", 0xFFFF_FFFF) + pcm + chunk(b"LIST", b"abcd")
    assert np.array_equal(read(b"RF64\xff\xff\xff\xffWAVE" + sizes + form + sound), SOUND)


def test_what_is_missing_is_told_and_half_a_sample_is_none() -> None:
    whole = plain(SOUND, integers(2))
    wav = WavReader(io.BytesIO(whole[:-101]))
    assert (wav.frames, wav.missing) == (len(SOUND) - 51, 51)
    assert np.array_equal(wav.rest(), SOUND[:-51])


def test_floating_point_that_is_no_number_or_too_loud_harms_nothing() -> None:
    values = np.array([np.nan, np.inf, -np.inf, 3.0, -0.5], "<f4")
    body = chunk(b"data", values.tobytes())
    wav = header(floats(4).form(16_000, 1), 28 + len(body)) + body
    assert list(read(wav)) == [0, 32767, -32768, 32767, -16384]


@pytest.mark.parametrize(
    ("wav", "words"),
    [
        (b"", "expected a WAV file, came nothing"),
        (b"ID3\x04" + bytes(99), "came MP3"),
        (b"RIFX" + bytes(99), "came RIFX"),
        (b"RIFF" + bytes(99), "expected a WAV file, came WAV"),
        (b"RIFF\xff\xff\xff\xffWAVE", "ends before its sound"),
        (header(b"\x01\x00", 0) + chunk(b"data", b"abcd"), "ends before its sound"),
        (b"RIFF\xff\xff\xff\xffWAVE" + chunk(b"data", b"abcd"), "its sound comes before its form"),
        (header(struct.pack("<HHIIHH", 0x55, 1, 24_000, 0, 1, 0), 0), "came MP3, 0 bits"),
        (header(struct.pack("<HHIIHH", 1, 0, 24_000, 0, 0, 16), 0), "16 bits, 0 channels"),
        (header(struct.pack("<HHIIHH", 1, 1, 1, 2, 2, 16), 0), "1 channels, 1 Hz"),
        (header(struct.pack("<HHIIHH", 3, 1, 24_000, 0, 2, 16), 0), "floating point, 16 bits"),
    ],
)
def test_anything_else_is_one_line(wav: bytes, words: str) -> None:
    with pytest.raises(WavError, match=words):
        read(wav)


def test_a_file_of_empty_chunks_ends() -> None:
    with pytest.raises(WavError, match="ends before its sound"):
        read(header(integers(2).form(16_000, 1), 0) + chunk(b"junk", b"") * 100_000)


CHUNKS = st.one_of(
    st.binary(max_size=30),
    st.builds(
        lambda name, size, body: struct.pack("<4sI", name, size) + body,
        st.sampled_from([b"fmt ", b"data", b"ds64", b"LIST", b"junk"]),
        st.one_of(st.integers(0, 60), st.sampled_from([0x7FFF_FFFF, 0xFFFF_FFFF])),
        st.binary(max_size=60),
    ),
    st.builds(
        lambda number, channels, rate, frame, bits, more: chunk(
            b"fmt ", struct.pack("<HHIIHH", number, channels, rate, 0, frame, bits) + more
        ),
        st.sampled_from([1, 3, 6, 0xFFFE]),
        st.integers(0, 70),
        st.sampled_from([0, 8_000, 24_000, 192_000, 0xFFFF_FFFF]),
        st.integers(0, 40),
        st.integers(0, 70),
        st.binary(max_size=30),
    ),
)


@given(
    mark=st.sampled_from([b"RIFF", b"RF64", b"BW64"]),
    size=st.integers(0, 0xFFFF_FFFF),
    chunks=st.lists(CHUNKS, max_size=5),
)
def test_whatever_a_file_says_it_is_read_or_refused(mark: bytes, size: int, chunks: list[bytes]) -> None:
    wav = mark + struct.pack("<I", size) + b"WAVE" + b"".join(chunks)
    try:
        reader = WavReader(io.BytesIO(wav))
    except WavError:
        return
    samples = reader.rest()
    assert samples.dtype == np.int16
    assert len(samples) == reader.frames <= len(wav)
    assert not reader.read(10).size


@given(encoding=st.sampled_from(sorted(ENCODINGS)), cut=st.integers(0, 900), at_once=st.integers(1, 500))
def test_wherever_a_file_was_cut_what_is_there_is_read(encoding: str, cut: int, at_once: int) -> None:
    wav = extensible(SOUND, ENCODINGS[encoding], channels=2)
    try:
        reader = WavReader(io.BytesIO(wav[: len(wav) - cut]))
    except WavError:
        assert len(wav) - cut < 68, "the sound's own header is cut"
        return
    parts = []
    while len(part := reader.read(at_once)):
        parts.append(part)
    heard = np.concatenate([np.zeros(0, np.int16), *parts])
    assert len(heard) == reader.frames
    assert not len(heard) or np.abs(heard.astype(int) - SOUND[: len(heard)]).max() <= closest(encoding)
