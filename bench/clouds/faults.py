"""What can go wrong with an emulated cloud, switched at run time, for good or for the next few requests."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, get_args

CloudName = Literal["groq", "openai", "speech", "elevenlabs", "groq_transcription", "openai_transcription"]
"""``groq`` and ``openai`` are chat; ``speech`` is voice on the OpenAI-compatible server."""

SERVICE_NAMES: tuple[CloudName, ...] = get_args(CloudName)


class FaultKind(StrEnum):
    """One way to fail. The comment says what the client sees."""

    REFUSE = "refuse"  # connection refused; open connections are cut
    HANG_BEFORE_HEADERS = "hang_before_headers"  # the request is taken, nothing comes back
    HANG_BEFORE_FIRST_TOKEN = "hang_before_first_token"  # headers and the role, then nothing
    HANG_BEFORE_FIRST_AUDIO = "hang_before_first_audio"  # connected, text taken, then nothing
    HANG_MID_STREAM = "hang_mid_stream"  # some output, then nothing
    CUT_MID_STREAM = "cut_mid_stream"  # some output, then a TCP reset
    ERROR_401 = "error_401"  # the key is not accepted
    ERROR_404 = "error_404"  # model (or voice) not found
    ERROR_429 = "error_429"  # rate limit, with retry-after
    ERROR_500 = "error_500"
    ERROR_503 = "error_503"
    ERROR_MID_STREAM = "error_mid_stream"  # Groq: x_groq.error; OpenAI: an error event
    ONLY_REASONING = "only_reasoning"  # the model thinks and says nothing
    EMPTY_REPLY = "empty_reply"  # a complete answer without a word
    ZERO_AUDIO = "zero_audio"  # success without audio: what an exhausted ElevenLabs quota looks like
    GARBAGE = "garbage"  # some output, then what does not parse
    SLOW = "slow"  # slower than real time
    CLOSE_1008 = "close_1008"  # some output, then the socket closes (policy violation)
    CLOSE_1011 = "close_1011"  # some output, then the socket closes (internal error)
    CLOSES_AFTER_IDLE = "closes_after_idle"  # quiet connections are closed after idle_s
    NEVER_IS_FINAL = "never_is_final"  # all audio, but no isFinal
    NEVER_ENDS = "never_ends"  # silence behind the sound, thoughts or text without end, as fast as it is read
    WRONG_CONTENT_TYPE = "wrong_content_type"  # 200 with a web page, as a Wi-Fi login portal answers


ERROR_STATUS = {
    FaultKind.ERROR_401: 401,
    FaultKind.ERROR_404: 404,
    FaultKind.ERROR_429: 429,
    FaultKind.ERROR_500: 500,
    FaultKind.ERROR_503: 503,
}

REQUEST_KINDS = frozenset({FaultKind.HANG_BEFORE_HEADERS, FaultKind.WRONG_CONTENT_TYPE, *ERROR_STATUS})
"""Answered before the service looks at the request."""

_EVERYWHERE = REQUEST_KINDS | {
    FaultKind.REFUSE,
    FaultKind.HANG_MID_STREAM,
    FaultKind.CUT_MID_STREAM,
    FaultKind.GARBAGE,
    FaultKind.NEVER_ENDS,
    FaultKind.SLOW,
    FaultKind.CLOSES_AFTER_IDLE,
}
_CHAT = _EVERYWHERE | {
    FaultKind.HANG_BEFORE_FIRST_TOKEN,
    FaultKind.ERROR_MID_STREAM,
    FaultKind.ONLY_REASONING,
    FaultKind.EMPTY_REPLY,
}
_TRANSCRIPTION = (_EVERYWHERE - {FaultKind.SLOW}) | {FaultKind.EMPTY_REPLY}
_VOICE = _EVERYWHERE | {FaultKind.HANG_BEFORE_FIRST_AUDIO, FaultKind.ZERO_AUDIO}

KINDS_OF_SERVICE: dict[CloudName, frozenset[FaultKind]] = {
    "groq": _CHAT,
    "openai": _CHAT,
    "speech": _VOICE,
    "groq_transcription": _TRANSCRIPTION,
    "openai_transcription": _TRANSCRIPTION,
    "elevenlabs": _VOICE | {FaultKind.CLOSE_1008, FaultKind.CLOSE_1011, FaultKind.NEVER_IS_FINAL},
}

_NOT_COUNTABLE = {FaultKind.REFUSE, FaultKind.CLOSES_AFTER_IDLE}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault and its dose; what a kind does not use is ignored."""

    kind: FaultKind
    after_tokens: int = 3
    """Content tokens before a fault in mid-stream; at most all but one of the answer."""
    after_audio_ms: float = 400.0
    """Audio before a fault in mid-stream; at most half of what there is."""
    retry_after_s: int = 2
    per_token_s: float = 0.4
    """For ``slow``."""
    audio_speedup: float = 0.5
    """For ``slow``: multiple of real time."""
    idle_s: float = 1.0


class FaultSwitch:
    """The fault that one service has now."""

    def __init__(self, service: CloudName) -> None:
        self.service = service
        self.fault: Fault | None = None
        self._remaining: int | None = None

    def set(self, fault: Fault | None, times: int | None = None) -> None:
        """Fail ``times`` requests (None: every one) from now on; a fault of None heals the service.

        For ElevenLabs a context counts as a request, so that a fault also reaches a socket that is open.

        Raises:
            ValueError: this service cannot fail in that way, or that fault cannot be counted.
        """
        if fault is not None and fault.kind not in KINDS_OF_SERVICE[self.service]:
            allowed = ", ".join(sorted(KINDS_OF_SERVICE[self.service]))
            raise ValueError(f"{self.service} cannot fail with {fault.kind}: use one of {allowed}")
        if times is not None and (times < 1 or (fault and fault.kind in _NOT_COUNTABLE)):
            raise ValueError(
                f"times: expected none, or 1 and more with a fault of single requests, came {times}"
            )
        self.fault = fault
        self._remaining = times

    def is_(self, kind: FaultKind) -> bool:
        return self.fault is not None and self.fault.kind == kind

    def take(self, kinds: Collection[FaultKind], *, counts: bool = True) -> Fault | None:
        """The present fault if it is one of ``kinds``; used up by one unless ``counts`` is false."""
        fault = self.fault
        if fault is None or fault.kind not in kinds:
            return None
        if counts and self._remaining is not None:
            self._remaining -= 1
            if self._remaining == 0:
                self.set(None)
        return fault


def parse_fault(fields: dict[str, Any]) -> Fault | None:
    """A fault from JSON fields: ``fault`` (its kind, or null to heal) and the doses by name.

    Raises:
        ValueError: an unknown kind or dose.
    """
    doses = dict(fields)
    kind = doses.pop("fault", None)
    if kind is None:
        return None
    try:
        return Fault(kind=FaultKind(kind), **doses)
    except TypeError as error:
        raise ValueError(f"unknown field for a fault: {error}") from None
