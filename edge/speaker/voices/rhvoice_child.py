"""Speak with RHVoice: ``python THIS``, a program of its own, of the standard library alone.

RHVoice as it is packaged is GPL-3.0-or-later and its voices have licences of their own, so it is loaded here
and in no process of the guide. The functions and structures are those of its ``RHVoice.h``, alike from 1.2.3
(Ubuntu 22.04) to 1.14 (Debian 13).

Requests come as lines of JSON on stdin (``id``, ``profile``, ``text``, ``rate``); a new line, also an empty
one, ends what is being said. Answers are frames on stdout, ``HEAD`` and so many bytes:

- ``v``: the voices that are there, JSON, name in small letters → language. Comes first, by itself;
- ``x``: there can be no voice, ``NO_LIBRARY`` or ``NO_VOICES``; the last frame;
- ``r``: the sample rate of what follows; ``s``: samples, 16 bits, mono;
- ``w``: a word begins here, at this byte of the text in UTF-8. True to 0.1 s: what follows may begin with the
  word's tail that came before;
- ``e``: the request is over; empty, ``REFUSED`` or ``BROKEN``.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import struct
import sys
from collections.abc import Iterator

LIBRARY = "libRHVoice.so.5"
HEAD = struct.Struct("<cII")
"""Kind, id of the request, length of what follows."""
NUMBER = struct.Struct("<I")
PART_BYTES = 65_536
OF_NO_REQUEST = 0
GO_ON, STOP = 1, 0
PLAIN_TEXT = 0
REFUSED = b"it takes no such text or voice"
BROKEN = b"it could not say it"
NO_LIBRARY = b"its library is not there"
NO_VOICES = b"it has no voices"

_SetRate = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p)
_Play = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_uint, ctypes.c_void_p)
_Named = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
_Span = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p)
_Done = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class _Callbacks(ctypes.Structure):
    _fields_ = (
        ("set_sample_rate", _SetRate),
        ("play_speech", _Play),
        ("process_mark", _Named),
        ("word_starts", _Span),
        ("word_ends", _Span),
        ("sentence_starts", _Span),
        ("sentence_ends", _Span),
        ("play_audio", _Named),
        ("done", _Done),
    )


class _InitParams(ctypes.Structure):
    _fields_ = (
        ("data_path", ctypes.c_char_p),
        ("config_path", ctypes.c_char_p),
        ("resource_paths", ctypes.c_void_p),
        ("callbacks", _Callbacks),
        ("options", ctypes.c_uint),
    )


class _VoiceInfo(ctypes.Structure):
    _fields_ = (
        ("language", ctypes.c_char_p),
        ("name", ctypes.c_char_p),
        ("gender", ctypes.c_int),
        ("country", ctypes.c_char_p),
    )


class _SynthParams(ctypes.Structure):
    _fields_ = (
        ("voice_profile", ctypes.c_char_p),
        ("absolute_rate", ctypes.c_double),
        ("absolute_pitch", ctypes.c_double),
        ("absolute_volume", ctypes.c_double),
        ("relative_rate", ctypes.c_double),
        ("relative_pitch", ctypes.c_double),
        ("relative_volume", ctypes.c_double),
        ("punctuation_mode", ctypes.c_int),
        ("punctuation_list", ctypes.c_char_p),
        ("capitals_mode", ctypes.c_int),
        ("flags", ctypes.c_int),
    )


class Wire:
    """The pipes of this program: lines in, frames out."""

    def __init__(self, lines_from: int, frames_to: int) -> None:
        self._in, self._out = lines_from, frames_to
        self._held = b""
        self.request = OF_NO_REQUEST

    def lines(self) -> Iterator[bytes]:
        """Each line as it comes, to the end of the input."""
        while True:
            line, newline, rest = self._held.partition(b"\n")
            if newline:
                self._held = rest
                yield line
            elif part := os.read(self._in, PART_BYTES):
                self._held += part
            else:
                return

    def interrupted(self) -> bool:
        """Whether something has come since, or nothing can any more."""
        return b"\n" in self._held or bool(select.select([self._in], [], [], 0)[0])

    def tell(self, kind: bytes, content: bytes = b"") -> int:
        """Returns what a callback does that lets the voice go on."""
        data = memoryview(HEAD.pack(kind, self.request, len(content)) + content)
        while data:
            data = data[os.write(self._out, data) :]
        return GO_ON


class RHVoiceEngine:
    """RHVoice's engine. Raises ``OSError`` without the library, ``LookupError`` without a voice."""

    def __init__(self, wire: Wire) -> None:
        self._library = ctypes.CDLL(LIBRARY)
        self._declare()
        # The library keeps pointers to these.
        self._callbacks = _Callbacks(
            _SetRate(lambda rate, _: wire.tell(b"r", NUMBER.pack(rate))),
            _Play(lambda samples, count, _: _play(wire, samples, count)),
            _Named(),
            _Span(lambda position, length, _: wire.tell(b"w", NUMBER.pack(position))),
        )
        params = _InitParams(callbacks=self._callbacks)
        self._engine = self._library.RHVoice_new_tts_engine(ctypes.byref(params))
        if not self._engine:
            raise LookupError("it has no voices")

    def voices(self) -> dict[str, str]:
        """Name in small letters → language, as ``ru``."""
        infos = self._library.RHVoice_get_voices(self._engine)
        count = self._library.RHVoice_get_number_of_voices(self._engine)
        return {infos[at].name.decode().lower(): infos[at].language.decode() for at in range(count)}

    def speak(self, profile: str, text: str, rate: float) -> bytes:
        """Say it by the callbacks; returns what went wrong, or nothing."""
        params = _SynthParams(
            voice_profile=profile.encode(), relative_rate=rate, relative_pitch=1.0, relative_volume=1.0
        )
        data = text.encode("utf-8", "replace")
        new_message = self._library.RHVoice_new_message
        message = new_message(self._engine, data, len(data), PLAIN_TEXT, ctypes.byref(params), None)
        if not message:
            return REFUSED
        try:
            return b"" if self._library.RHVoice_speak(message) else BROKEN
        finally:
            self._library.RHVoice_delete_message(message)

    def _declare(self) -> None:
        pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint
        for name, result, arguments in (
            ("new_tts_engine", pointer, [ctypes.POINTER(_InitParams)]),
            ("get_number_of_voices", number, [pointer]),
            ("get_voices", ctypes.POINTER(_VoiceInfo), [pointer]),
            ("new_message", pointer, [pointer, text, number, number, ctypes.POINTER(_SynthParams), pointer]),
            ("speak", ctypes.c_int, [pointer]),
            ("delete_message", None, [pointer]),
        ):
            function = getattr(self._library, f"RHVoice_{name}")
            function.restype, function.argtypes = result, arguments


def _play(wire: Wire, samples: ctypes._Pointer[ctypes.c_short], count: int) -> int:
    if wire.interrupted():
        return STOP
    return wire.tell(b"s", ctypes.string_at(samples, 2 * count))


def serve(wire: Wire) -> int:
    """Say one request after the other; returns the exit status."""
    try:
        engine = RHVoiceEngine(wire)
    except OSError:
        wire.tell(b"x", NO_LIBRARY)
        return 1
    except LookupError:
        wire.tell(b"x", NO_VOICES)
        return 1
    wire.tell(b"v", json.dumps(engine.voices()).encode())
    for line in wire.lines():
        if not line:
            continue
        asked = json.loads(line)
        wire.request = int(asked["id"])
        wire.tell(b"e", engine.speak(asked["profile"], asked["text"], asked["rate"]))
    return 0


if __name__ == "__main__":
    frames_to = os.dup(1)
    os.dup2(2, 1)  # whatever a library prints is no frame
    sys.exit(serve(Wire(0, frames_to)))
