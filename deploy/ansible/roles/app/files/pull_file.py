"""A file of a mirror, over a network that fails, by its size and checksum (pull.py)."""

from __future__ import annotations

import hashlib
import http.client
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SILENCE_S = 30.0
"""So long the mirror may say nothing."""
FETCH_S = 3600.0
"""So long a run fetches; the next one goes on there."""
SMALL_S = 60.0
"""So long the manifest may take, however it trickles in."""
MANIFEST_BYTES = 2**20


class LaterError(Exception):
    """Nothing is wrong here, and nothing comes: why, in one line. The next run tries again."""


class RefusedError(Exception):
    """What was expected, what came, in one line. Somebody has to look after it."""


def one_line(text: object, at_most: int = 300) -> str:
    """What others have said, for the journal."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in str(text)).split())
    return line if len(line) <= at_most else line[: at_most - 1] + "…"


@contextmanager
def within(seconds: float, what: str) -> Iterator[None]:
    """Raises LaterError after so long, whatever the mirror is doing meanwhile."""

    def stop(*_: object) -> None:
        raise LaterError(f"{what} is not here after {seconds:.0f} s; the next run goes on there")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """The answer itself is the error then."""


_open = urllib.request.build_opener(_NoRedirect).open


def _request(url: str, begin: int = 0) -> http.client.HTTPResponse:
    headers = {"Range": f"bytes={begin}-"} if begin else {}
    try:
        response: http.client.HTTPResponse = _open(
            urllib.request.Request(url, headers=headers), timeout=SILENCE_S
        )
        return response
    except urllib.error.HTTPError as error:
        with error:
            if error.code >= 500:
                raise LaterError(f"{url}: the mirror says {error.code}") from None
            to = error.headers["Location"]
            hint = f" (it leads to {to[:200]}; name that)" if to else ""
            raise RefusedError(f"{url}: expected the file, came {error.code}{hint}") from None
    except (OSError, http.client.HTTPException) as error:
        raise LaterError(f"{url}: {error}") from None
    except ValueError as error:
        raise RefusedError(f"{url}: an answer that cannot be read ({error})") from None


def small(url: str) -> bytes:
    with within(SMALL_S, url), _request(url) as response:
        try:
            content = response.read(MANIFEST_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            raise LaterError(f"{url}: {error}") from None
    if len(content) > MANIFEST_BYTES:
        raise RefusedError(f"{url}: expected at most {MANIFEST_BYTES} bytes, more came")
    if response.length:
        raise LaterError(f"{url}: the connection ended after {len(content)} bytes")
    return content


def bring(url: str, target: Path, file: dict[str, Any]) -> None:
    """As the action ``bring``: what came so far is NAME.DIGEST.part, and only what is whole gets the name."""
    size, sha256 = file["bytes"], file["sha256"]
    if target.exists() and _sha256(target) == sha256:
        return
    part = target.with_name(f"{target.name}.{sha256[:12]}.part")
    came = part.stat().st_size if part.exists() else 0
    if came > size:  # none of ours
        part.unlink()
        came = 0
    if came < size:
        try:
            _fetch(url, part, came, size)
        except OSError as error:
            raise RefusedError(f"{part}: {error.strerror}") from None
    if _sha256(part) != sha256:
        part.unlink()
        raise RefusedError(f"{url}: expected the SHA-256 {sha256[:12]}…, other bytes came; removed")
    part.chmod(0o644)
    part.replace(target)


def _fetch(url: str, part: Path, came: int, size: int) -> None:
    with _request(url, came) as response, part.open("ab") as file:
        if response.status != 206:
            came = 0
        told = (response.headers["Content-Length"], response.headers["Content-Range"])
        if response.headers["Transfer-Encoding"]:
            told = ("no length that holds", None)
        if told not in ((str(size - came), None), (str(size - came), f"bytes {came}-{size - 1}/{size}")):
            raise RefusedError(
                f"{url}: expected {size - came} bytes, it offers {(told[1] or told[0] or 'no length')[:60]}"
            )
        file.truncate(came)  # not before: a page of whoever is between is no reason to begin anew
        reason = "the connection ended"
        while came < size:
            try:
                chunk = response.read1(2**16)
            except (OSError, http.client.HTTPException) as error:
                reason, chunk = str(error), b""
            if not chunk:
                break
            file.write(chunk)
            came += len(chunk)
    if came < size:
        raise LaterError(f"{url}: {came} of {size} bytes are here ({reason}); the next run goes on there")


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(2**20):
            digest.update(chunk)
    return digest.hexdigest()
