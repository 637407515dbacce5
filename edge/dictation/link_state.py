"""How a connection to a recognizer server is, of what went wrong with it. Pure."""

from __future__ import annotations

from typing import Literal, NamedTuple

from msgspec import DecodeError, Struct
from msgspec.json import decode
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import CloseCode

from edge.error_lines import reason_of
from edge.ingest.parsed import printable

LONGEST_REASON_CHARS = 120
RETRY_MIN_S, RETRY_MAX_S = 0.5, 15.0
REFUSALS = {
    401: "it refuses the token (401): see desk.token",
    403: "it refuses this client (403): its token, or its list of origins",
    404: "no recognizer server answers there (404): see its data port",
    503: "it takes no more clients now (503)",
}


class _Refused(Struct):
    """The answer of a server that turns somebody away, in the form of OpenAI's errors."""

    message: str


class _Answer(Struct):
    error: _Refused


class LinkState(NamedTuple):
    """Whether sound reaches the server, and why not. ``refused``: trying again soon would not help."""

    name: Literal["connecting", "connected", "away", "refused"]
    reason: str = ""

    @property
    def told(self) -> str:
        """The state in a line for people."""
        return self.name if not self.reason else f"{self.name}: {self.reason}"


def state_after(error: Exception) -> LinkState:
    """What an error of the connection means."""
    if isinstance(error, InvalidStatus):
        status = error.response.status_code
        reason = REFUSALS.get(status, f"no recognizer server answers there (HTTP {status})")
        if status == 503 and (why := _why_in(error.response.body)):
            reason = f"{why} (503)"
        return LinkState("refused" if status in (401, 403, 404) else "away", reason)
    if isinstance(error, ConnectionClosed):
        closed = error.rcvd
        if closed is None:
            return LinkState("away", "the connection was lost")
        said = printable(closed.reason)[:LONGEST_REASON_CHARS]
        reason = f"it closed the connection ({closed.code}{f': {said}' if said else ''})"
        return LinkState("refused" if closed.code == CloseCode.POLICY_VIOLATION else "away", reason)
    if isinstance(error, TimeoutError):
        return LinkState("away", "it does not answer")
    return LinkState("away", reason_of(error))


def _why_in(body: bytes | bytearray) -> str:
    """The server's own words; empty: it says none that could be read."""
    try:
        return printable(decode(body, type=_Answer).error.message)[:LONGEST_REASON_CHARS]
    except (DecodeError, UnicodeDecodeError, RecursionError):
        return ""
