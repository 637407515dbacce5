"""Why something failed, in a line that may be read by anybody.

What a service or a library says of a failure is foreign text: it may quote the question of a passenger, the
prompt, the answer, or a key, whole or in part, cut or encoded. So none of it is repeated. What is told has a
fixed set of values: the kind of error, a status, an error number, the service's own codes, and those of the
``PHRASES`` below that occur in it, in our spelling. ``reason_of`` and ``codes_in`` tell every failure of a
model, a voice, a recognizer, a broker and a download.
"""

from __future__ import annotations

import errno
import os
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any

from edge.certificates import objection_to
from edge.foreign_numbers import decimal_number
from edge.masking import masked

LONGEST_LINE = 300
LONGEST_LOOKED_AT = 4000
"""Characters. Of what a service tells, more is not looked at."""
LONGEST_CHAIN = 8
"""Causes of an error that are looked at."""
DEEPEST = 3
MOST_CODES = 4

PHRASES = (
    "JSON is malformed",
    "server disconnected",
    "peer closed connection",
    "connection attempts failed",
    "timed out",
    "maximum allowed redirects",
    "truncated",
    "maximum context length",
    "reduce the length",
    "should be shorter",
    "decommissioned",
    "does not exist",
    "not supported",
    "unsupported",
    "over capacity",
    "overloaded",
    "is loading",
    "something went wrong",
    "had an error while processing",
    "rate limit",
    "quota",
    "credits",
    "media file",
    "out of memory",
    "CUDA",
    "cuDNN",
    "no such file",
    "database disk image is malformed",
    "database is locked",
    "disk is full",
    "disk I/O error",
    "unable to open database file",
    "Failed to read voice",
    "failed to load",
)
"""What services and libraries say that helps; nothing else of their words is repeated."""

KNOWN_CODES = frozenset(
    {
        *("model", "messages", "temperature", "stream", "voice", "input", "language", "file", "prompt"),
        *("text", "unauthorized", "forbidden", "missing", "overloaded", "timeout"),
    }
)
"""One plain word each; others must look like a code."""
CODE = re.compile(
    r"(?:[a-z0-9]{1,24}(?:[_.][a-z0-9]{1,24}){1,6}|(?:[A-Z][a-z0-9]{0,24}){1,6}(?:Error|Exception))\Z"
)
MOST_DIGITS = 4
"""In a code. Keys and ids have more."""
CODE_FIELDS = ("error", "status", "type", "code", "param", "detail", "reason")
SHOWS_NO_VALUES = (AttributeError, TypeError, NameError, ImportError, RecursionError, MemoryError)
"""Errors of Python that name code, and never what it worked on."""


def one_line(text: str) -> str:
    """Text of our own or of this machine's, fit for the journal: no keys, no line breaks, and not long.

    Not for what a service says, which may quote.
    """
    text = masked(text[: 4 * LONGEST_LOOKED_AT])
    text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return text if len(text) <= LONGEST_LINE else text[: LONGEST_LINE - 1] + "…"


def reason_of(error: BaseException) -> str:
    """Why it was raised, in one line in which nothing is quoted. Our own errors keep their text."""
    if _is_ours(error):
        return one_line(str(error))
    known = list(dict.fromkeys(part for link in _chain(error) if (part := told_with(link))))
    told = "; ".join(known[:2])
    return one_line(f"{type(error).__name__}: {told}" if told else type(error).__name__)


def told_with(error: BaseException) -> str:
    """What one error says, as far as it quotes nothing; its causes are left out."""
    return one_line(str(error)) if _is_ours(error) else one_line(_known_of(error))


def codes_in(answer: Any) -> str:
    """What a service's answer has in codes and known phrases; empty: nothing.

    Args:
        answer: its JSON as Python's objects, or its text.
    """
    codes = " ".join(list(dict.fromkeys(_codes(answer)))[:MOST_CODES])
    phrases = phrases_in(_text_of(answer), known=codes)
    return one_line("; ".join(part for part in (codes, phrases) if part))


def phrases_in(text: str, *, known: str = "") -> str:
    """The ``PHRASES`` that occur in a text, and not in what is ``known`` already."""
    lowered = text[:LONGEST_LOOKED_AT].lower()
    found = (phrase for phrase in PHRASES if phrase.lower() in lowered and phrase.lower() not in known)
    return ", ".join(found)


def kind_of(data: bytes) -> str:
    """What bytes that were not expected seem to be. They are not shown: they may be what was sent."""
    begin = data[:64].lstrip()
    if not begin:
        return "nothing" if not data else "blanks"
    kinds = {
        **{b"RIFF": "WAV", b"ID3": "MP3", b"OggS": "Ogg", b"fLaC": "FLAC"},
        **{b"{": "JSON", b"[": "JSON", b"<": "a web page"},
    }
    for mark, kind in kinds.items():
        if begin.startswith(mark):
            return kind
    return "text" if all(32 <= byte < 127 for byte in begin) else "other bytes"


def retry_after_s(header: str | None) -> float | None:
    """The ``Retry-After`` header in seconds; None when absent or given as a date."""
    seconds = decimal_number(header.strip()) if header else None
    return seconds if seconds is not None and seconds <= 86_400 else None


def _is_ours(error: BaseException) -> bool:
    return type(error).__module__.partition(".")[0] == "edge"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, what caused it, and so on."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen and len(seen) < LONGEST_CHAIN:
        seen.add(id(link))
        yield link
        if isinstance(link, BaseExceptionGroup):
            link = link.exceptions[0]
        else:
            # HTTP libraries hide the socket's error, which says why, behind their own, or carry it inside.
            carried = next((arg for arg in link.args if isinstance(arg, BaseException)), None)
            hidden = link.__suppress_context__ and not isinstance(link.__context__, OSError)
            link = link.__cause__ or carried or (None if hidden else link.__context__)


def _known_of(error: BaseException) -> str:
    """What is known of one error."""
    match error:
        case socket.gaierror():
            return "the host name cannot be resolved: check the address, the network and its DNS"
        case ssl.SSLCertVerificationError():
            return objection_to(error)
        case ssl.SSLError():
            return f"TLS: {error.reason or 'it broke off'}"
        case _ if any(kind.__name__ == "ProxyError" for kind in type(error).__mro__):
            return "the proxy of the environment (https_proxy) does not let it through"
        case ConnectionRefusedError():
            return f"{os.strerror(errno.ECONNREFUSED)}: nothing listens there"
        case OSError() if error.errno:
            return os.strerror(error.errno)
        case _ if isinstance(error, SHOWS_NO_VALUES):
            return str(error)
    status = getattr(error, "status_code", None)
    codes = codes_in(getattr(error, "body", None)) if hasattr(error, "body") else ""
    told = f"{status} {codes}".strip() if isinstance(status, int) else codes
    return told or phrases_in(str(error)[:LONGEST_LOOKED_AT])


def _codes(answer: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(answer, str):
        if depth and _is_code(answer):
            yield answer
    elif depth > DEEPEST:
        return
    elif isinstance(answer, list):
        yield from _codes(answer[0] if answer else None, depth)
    elif isinstance(answer, Mapping):
        for name in CODE_FIELDS:
            yield from _codes(answer.get(name), depth + 1)


def _is_code(text: str) -> bool:
    if text in KNOWN_CODES:
        return True
    return CODE.match(text) is not None and sum(char.isdigit() for char in text) <= MOST_DIGITS


def _text_of(answer: Any, depth: int = 0) -> str:
    """The words in it, for ``phrases_in``."""
    if isinstance(answer, str):
        return answer[:LONGEST_LOOKED_AT]
    if isinstance(answer, Mapping) and depth <= DEEPEST:
        return " ".join(_text_of(answer.get(name), depth + 1) for name in ("message", "msg", *CODE_FIELDS))
    if isinstance(answer, list) and answer and depth <= DEEPEST:
        return _text_of(answer[0], depth + 1)
    return ""
