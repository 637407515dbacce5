"""One file over HTTP into a partial file, going on where an earlier try stopped (RFC 9110, ranges)."""

from __future__ import annotations

import math
import re
import shutil
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple, Protocol

import httpx
import msgspec

from edge.atomic_file import write_whole
from edge.backoff import Backoff
from edge.certificates import LOGIN_PAGE
from edge.error_lines import reason_of
from edge.foreign_numbers import whole_number
from edge.model_files.catalogue import LARGEST_FILE
from edge.plain_file import open_only_plain, read_plain_json

CONNECT_TIMEOUT_S = 10.0
SILENCE_TIMEOUT_S = 30.0
TRIES = 4
"""In a row without getting on."""
FIRST_PAUSE_S = 1.0
"""Before the second try; doubled before each further one."""
GETTING_ON = 1 << 20
"""Bytes after which a try counts as one that got on."""
RESERVE = 64 << 20
"""Bytes that stay free on the disk."""
LARGEST_ORIGIN = 64 * 1024
CONTENT_RANGE = re.compile(r"bytes ([0-9]+)-[0-9]+/([0-9]+)")


class DownloadError(Exception):
    """The file could not be had; the text is one line for the operator."""


class _TryAgainError(Exception):
    """A fault that may pass."""


class _GoneError(_TryAgainError):
    """What came so far cannot be continued."""


class BytesProgress(Protocol):
    """Is told how the bytes of a file come."""

    def begin(self, name: str, total: int | None, done: int) -> None:
        """A file begins (or begins anew) with ``done`` of ``total`` bytes."""

    def advance(self, count: int) -> None: ...


class _Origin(msgspec.Struct, frozen=True):
    """Where the partial file came from: another address or version must not continue it."""

    url: str
    validator: str


class _Offer(NamedTuple):
    """What the server is about to send."""

    offset: int
    total: int


def make_client() -> httpx.Client:
    """Follows redirects; takes the proxy settings of the environment."""
    timeout = httpx.Timeout(SILENCE_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
    return httpx.Client(follow_redirects=True, max_redirects=5, timeout=timeout)


def download(
    client: httpx.Client,
    url: str,
    part: Path,
    size: int | None,
    progress: BytesProgress,
    *,
    say: Callable[[str], None] = lambda line: None,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Fill ``part`` with all that ``url`` has.

    Args:
        size: bytes that it must have; None: whatever it has.
        say: is told of each further try.

    Raises:
        DownloadError: it is not there, not what was promised, or does not come.
        OSError: ``part`` cannot be written.
    """
    host = httpx.URL(url).host
    fruitless = 0
    backoff = Backoff(FIRST_PAUSE_S, math.inf)
    while True:
        before = _length(part)
        if size is not None and before == size:
            progress.begin(part.name, size, size)
            return
        try:
            _try_once(client, url, part, size, progress)
            return
        except (_TryAgainError, httpx.TransportError) as error:
            if isinstance(error, _GoneError):
                part.unlink(missing_ok=True)
            reason = _reason(error, host)
        except (httpx.TooManyRedirects, httpx.InvalidURL, httpx.DecodingError) as error:
            raise DownloadError(f"{host}: {reason_of(error)}") from error
        fruitless = 0 if _length(part) - before >= GETTING_ON else fruitless + 1
        if fruitless >= TRIES:
            raise DownloadError(f"{reason}; tried {TRIES} times. Without a network: --mirror FOLDER")
        say(f"{reason}; trying again")
        if fruitless <= 1:
            backoff.reset()
        pause(backoff.next_s())


def _try_once(client: httpx.Client, url: str, part: Path, size: int | None, progress: BytesProgress) -> None:
    origin = _origin_of(part)
    offset = _length(part) if origin and origin.url == url else 0
    headers = {"Accept-Encoding": "identity"}
    if origin and offset:
        headers |= {"Range": f"bytes={offset}-", "If-Range": origin.validator}
    with client.stream("GET", url, headers=headers) as response:
        offer = _read_offer(response, offset, size)
        room = shutil.disk_usage(part.parent).free
        if offer.total - offer.offset + RESERVE > room:
            missing_mib = (offer.total - offer.offset + RESERVE - room) >> 20
            raise DownloadError(f"the disk lacks {missing_mib} MiB for it")
        progress.begin(part.name, offer.total, offer.offset)
        written = offer.offset
        mode = "r+b" if offer.offset else "wb"
        with open(part, mode, opener=open_only_plain) as target:
            target.truncate(offer.offset)
            target.seek(offer.offset)
            _note_origin(part, url, response)  # not before: what is there now belongs to this version
            for block in response.iter_raw():
                written += len(block)
                if written > offer.total:
                    raise DownloadError(f"more came than the promised {offer.total} bytes")
                target.write(block)
                progress.advance(len(block))
    if written < offer.total:
        raise _TryAgainError(f"the connection ended after {written} of {offer.total} bytes")


def _read_offer(response: httpx.Response, offset: int, size: int | None) -> _Offer:
    """Raises DownloadError or _TryAgainError when it is not the file, or not its missing part."""
    host = response.url.host
    chain = [hop.url.scheme for hop in (*response.history, response)]
    if "https" in chain and chain[-1] != "https":
        raise DownloadError(f"{host}: redirected from https to plain http, which is refused")
    code = response.status_code
    if code == 416:
        raise _GoneError(f"{host} no longer has the version that began; it begins anew")
    if code in (408, 425, 429) or code >= 500:
        raise _TryAgainError(f"{host} answers {code} {_phrase(code)}".rstrip())
    if code not in (200, 206):
        asked = (response.history or [response])[0].url
        raise DownloadError(f"{host} answers {code} {_phrase(code)}: {asked.path}")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise DownloadError(f"{host} sends it compressed, which was not asked for")
    if response.headers.get("Content-Type", "").startswith("text/html"):
        raise DownloadError(
            f"{host} sends a web page instead of the file: {LOGIN_PAGE} answers in its place, or it is gone"
        )
    if code == 206:
        found = CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if found is None or whole_number(found[1]) != offset:
            raise DownloadError(f"{host} sends another part than the one asked for")
        total = whole_number(found[2])
    else:
        offset = 0
        length = whole_number(response.headers.get("Content-Length", ""))
        total = size if length is None else length
    if total is None:
        raise DownloadError(f"{host} does not say how long it is, so a cut would not be noticed")
    if size is not None and total != size:
        raise DownloadError(f"{host} offers {total} bytes instead of {size}: it is another version")
    if total > LARGEST_FILE:
        raise DownloadError(f"{host} offers {total >> 30} GiB, more than any model has")
    return _Offer(offset, total)


def _reason(error: Exception, host: str) -> str:
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return f"{host} cannot be reached ({reason_of(error)})"
    if isinstance(error, httpx.TimeoutException):
        return f"{host} has been silent for {SILENCE_TIMEOUT_S:g} s"
    return f"{host}: {reason_of(error)}" if isinstance(error, httpx.TransportError) else str(error)


def _phrase(code: int) -> str:
    """The standard's words for a status; the server's own could say anything."""
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return ""


def _length(part: Path) -> int:
    try:
        return part.stat().st_size
    except FileNotFoundError:
        return 0


def _origin_of(part: Path) -> _Origin | None:
    try:
        return read_plain_json(part.with_suffix(".origin"), LARGEST_ORIGIN, _Origin)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def _note_origin(part: Path, url: str, response: httpx.Response) -> None:
    """Note where a part came from; without a strong validator, as of one that has to be begun anew."""
    etag = response.headers.get("ETag", "")
    validator = etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified", "")
    path = part.with_suffix(".origin")
    if validator:
        write_whole(path, msgspec.json.encode(_Origin(url, validator)), durable=False)
    else:
        path.unlink(missing_ok=True)
