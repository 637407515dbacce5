"""The sound in an answer of ``/audio/speech``, whatever form and rate its type and its first bytes tell.

Asked for is raw 16-bit PCM, documented as 24 kHz, little-endian, mono. Some servers have another rate and say
so in the type, some give WAV to whatever is asked, some only know MP3.
"""

from __future__ import annotations

import io
import re
import string
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.clouds.sdk_errors import unexpected
from edge.error_lines import reason_of
from edge.foreign_numbers import whole_number
from edge.ladder.rung import RequestError, RungError
from edge.sound.samples import AUDIBLE
from edge.sound.wav_reader import RIFF, WavError, WavReader
from edge.speaker.sound_length import letters_of, shortest_s
from edge.speaker.voices.bounded import SAMPLE_RATES
from edge.speaker.voices.clausewise import Sound

DEFAULT_RATE = 24_000
LARGEST_FRAME_BYTES = 8
"""The largest frame of a WAV that a server may give: two channels of floating point."""
MEDIA_TYPE = re.compile(r"(?:text|image|video|application|audio)/[a-z0-9.+-]{1,40}")
UNTOLD = ("", "application/octet-stream", "binary/octet-stream")
L16 = ("audio/l16", "audio/x-l16")
RAW = (*UNTOLD, *L16, "audio/pcm", "audio/x-pcm", "audio/lpcm", "audio/raw", "audio/x-raw")
WAV = ("audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave", "audio/x-pn-wav")
RATE_NAMES = ("rate", "samplerate", "samplingrate")
CHANNEL_NAMES = ("channels", "channelcount")
BIT_NAMES = ("bits", "bitdepth", "bitspersample", "samplesizebits")
ORDER_NAMES = ("endianness", "endian", "isbigendian", "format", "encoding", "codec", "codecs")
BIG = ("big", "bigendian", "true", "s16be", "pcms16be")
LITTLE = ("little", "littleendian", "false", "s16le", "pcms16le")
SAME = ("pcm", "lpcm", "l16", "linear16", "raw", "signedinteger", "signedint", "signed")
COMPRESSED = {
    **{b"ID3": "MP3", b"OggS": "Ogg", b"fLaC": "FLAC", b"\x1aE\xdf\xa3": "WebM"},
    **{b"\xff\xfb": "MP3", b"\xff\xf3": "MP3", b"\xff\xf2": "MP3", b"\xff\xf1": "AAC", b"\xff\xf9": "AAC"},
}
"""First bytes → what they are of. Those of two bytes may be samples too."""
CURE = "make the service give pcm or wav, or leave it out of speaker.voices"
TEXT = frozenset(string.printable.encode())
SPEECH_CORRELATION = 0.2
"""Neighbouring samples of speech are much alike (0.6 to 0.99), those of noise or of shifted bytes are not."""


class RawForm(NamedTuple):
    """How samples without a header lie in the bytes."""

    sample_rate: int = DEFAULT_RATE
    channels: int = 1
    order: Literal["<", ">", "?"] = "<"
    """``?``: as it gives speech. audio/L16 is big-endian by its definition (RFC 4856), and little-endian
    from Gemini, Watson and Lex."""


def media_type(content_type: str) -> str:
    return content_type.split(";")[0].strip().lower()


def raw_form(content_type: str) -> RawForm | None:
    """The form of raw samples that a type tells of; None: it tells of something else.

    Raises:
        RungError: samples that the guide cannot read, or of which nobody says how fast they are.
    """
    kind, *told = (part.strip().lower() for part in content_type.split(";"))
    if kind not in RAW:
        return None
    parameters: dict[str, str] = {}
    for part in told:
        name, _, value = part.partition("=")
        parameters[_plain(name)] = value.strip().strip('"')
    rate = _number(parameters, RATE_NAMES, "rate", None if kind in L16 else DEFAULT_RATE)
    channels = _number(parameters, CHANNEL_NAMES, "number of channels", 1)
    bits = _number(parameters, BIT_NAMES, "number of bits", 16)
    if rate not in SAMPLE_RATES or not 0 < channels <= 8 or bits != 16:
        came = f"{rate} Hz, {channels} channels, {bits} bits"
        raise RungError(f"expected 16-bit samples at 8 to 96 kHz, came {came}: {CURE}", permanent=True)
    order: Literal["<", ">", "?"] = "?" if kind in L16 else "<"
    for name in ORDER_NAMES:
        value = _plain(parameters.get(name, ""))
        if value in BIG or value in LITTLE:
            order = ">" if value in BIG else "<"
        elif value and value not in SAME:
            raise RungError(f"expected 16-bit samples, came another {name} of them: {CURE}", permanent=True)
    return RawForm(rate, channels, order)


def most_bytes_a_second(content_type: str) -> int:
    """More bytes than this a second of sound cannot have. Raises as ``raw_form`` does."""
    form = raw_form(content_type)
    if form is None:
        return max(SAMPLE_RATES) * LARGEST_FRAME_BYTES
    return form.sample_rate * form.channels * 2


def sound_in(body: bytes, content_type: str, text: str) -> Sound:
    """The sound of ``text`` in an answer.

    Raises:
        RungError: it is in another form, or no sound.
        RequestError: it is cut off, silence or noise.
    """
    kind = media_type(content_type)
    if not kind.startswith("audio/") and kind not in UNTOLD:
        raise unexpected(f"audio/pcm ({_told(kind)} is told)", body)
    if not body:
        raise RequestError("the answer held no sound")
    sound = (
        _of_wav(body, text)
        if body[:4] in RIFF and body[8:12] == b"WAVE"
        else _of_raw(body, content_type, text)
    )
    _check(sound, text, body)
    return sound


def _of_wav(body: bytes, text: str) -> Sound:
    """The sound of a WAV, or of several: some servers write one for each sentence."""
    file = io.BytesIO(body)
    parts: list[NDArray[np.int16]] = []
    rates: list[int] = []
    begin = 0
    while not begin or (body[begin : begin + 4] in RIFF and body[begin + 8 : begin + 12] == b"WAVE"):
        try:
            wav = WavReader(file, begin)
        except WavError as error:
            raise RungError(f"a WAV that cannot be read: {reason_of(error)}") from error
        if wav.missing:
            raise _cut_off(body, text)
        parts.append(wav.rest())
        rates.append(wav.sample_rate)
        begin = file.tell() + file.tell() % 2
    if len(set(rates)) != 1:
        raise RungError(f"expected one WAV, came {len(rates)} of different rates")
    return Sound(np.concatenate(parts), rates[0])


def _of_raw(body: bytes, content_type: str, text: str) -> Sound:
    if compressed := _compressed(body, of_bytes=3):
        raise RungError(f"expected raw 16-bit samples or WAV, came {compressed}; {CURE}", permanent=True)
    kind = media_type(content_type)
    form = raw_form(content_type)
    if form is None and kind not in WAV:
        raise RungError(f"expected raw 16-bit samples or WAV, came {_told(kind)}; {CURE}", permanent=True)
    if form is None or body.startswith(b"RIFF") or all(byte in TEXT for byte in body[:24]):
        raise unexpected("raw 16-bit samples or WAV", body)
    if len(body) % (2 * form.channels):
        raise _cut_off(body, text)
    orders = ("<", ">") if form.order == "?" else (form.order,)
    read = (np.frombuffer(body, f"{order}i2")[:: form.channels].astype(np.int16) for order in orders)
    return Sound(max(read, key=_correlation), form.sample_rate)


def _check(sound: Sound, text: str, body: bytes) -> None:
    """Raises ``RequestError`` where this cannot be the sound of ``text``."""
    samples = sound.samples
    if len(samples) < int(shortest_s(text) * sound.sample_rate) or not len(samples):
        raise _cut_off(body, text)
    if _correlation(samples) <= SPEECH_CORRELATION or int(samples.max()) - int(samples.min()) <= 2 * AUDIBLE:
        if compressed := _compressed(body, of_bytes=2):
            raise RungError(f"expected raw 16-bit samples or WAV, came {compressed}; {CURE}", permanent=True)
        raise RequestError("the answer was noise or silence instead of speech")


def _correlation(samples: NDArray[np.int16]) -> float:
    """How much neighbouring samples are alike, from -1 to 1; 0 where all are 0."""
    signal = samples.astype(np.float32)
    energy = float(signal @ signal)
    return float(signal[1:] @ signal[:-1]) / energy if energy else 0.0


def _compressed(body: bytes, *, of_bytes: int) -> str | None:
    """What form a body is in whose first bytes, at least so many, are those of one."""
    marks = (mark for mark in COMPRESSED if len(mark) >= of_bytes and body.startswith(mark))
    if body[4:8] == b"ftyp":
        return "MP4"
    return next((COMPRESSED[mark] for mark in marks), None)


def _number(parameters: dict[str, str], names: tuple[str, ...], what: str, default: int | None) -> int:
    told = next((parameters[name] for name in names if name in parameters), None)
    if told is None and default is not None:
        return default
    number = whole_number(told) if told else None
    if number is None:
        came = f"none whose {what} can be read" if told else f"a type without a {what}"
        raise RungError(f"expected samples of a known {what}, came {came}: {CURE}", permanent=True)
    return number


def _plain(word: str) -> str:
    return word.strip().replace("-", "").replace("_", "")


def _told(kind: str) -> str:
    return kind if MEDIA_TYPE.fullmatch(kind) else "another type"


def _cut_off(body: bytes, text: str) -> RequestError:
    return RequestError(f"the sound was cut off ({len(body)} bytes for {letters_of(text)} letters)")
