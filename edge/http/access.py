"""Who may come in: an ASGI guard in front of an app.

It asks for a token (``Authorization: Bearer …``, ``?token=…`` for clients that can send no header, or a
cookie), compares it in constant time, and says in ``scope["state"]["account"]`` whose it is. It turns away
pages of other sites (``Origin``), names that are not this server's (``Host``), who tries too many tokens, and
bodies that are too long or too slow. Every answer carries headers that tell a browser to be careful.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import logging
import math
import socket
import time
from collections.abc import Callable, Mapping
from http.cookies import CookieError, SimpleCookie
from typing import NamedTuple
from urllib.parse import unquote_to_bytes, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge.config import Secret
from edge.http.failed_logins import FailedLogins

log = logging.getLogger(__name__)

ANYBODY = ""
"""The account of those who were asked for nothing."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
NOTHING_BUT_DATA = "default-src 'none'; frame-ancestors 'none'"
"""The content security policy of a server that has no pages."""

WhoIs = Callable[[str], str | None]
"""Token → the account whose it is; None: nobody's."""


class AccountTokens:
    """The tokens of some accounts, compared in a time that tells nothing."""

    def __init__(self, tokens: Mapping[str, Secret]) -> None:
        self._tokens = {account: token.reveal().encode() for account, token in tokens.items()}

    def __call__(self, given: str) -> str | None:
        found = None
        for account, token in self._tokens.items():
            if hmac.compare_digest(token, given.encode("utf-8", "surrogateescape")):
                found = account
        return found


class Access(NamedTuple):
    """What an app asks of those who come in."""

    who: WhoIs | None = None
    """None: everybody may come in, as ``ANYBODY``."""
    cookie: str | None = None
    """Name of the cookie that may carry the token."""
    open_paths: frozenset[str] = frozenset()
    """Answered without a token."""
    hosts: frozenset[str] = frozenset()
    """Names of this server beside its own name, ``localhost`` and any bare address (in lower case)."""
    origins: frozenset[str] = frozenset()
    """Pages that may ask beside the server's own: ``https://desk.example``."""
    max_body_bytes: int = 64 * 1024
    body_within_s: float = 30.0
    content_security_policy: str = NOTHING_BUT_DATA


class Guard:
    """The app behind what ``Access`` asks. ``clock`` gives seconds, monotonic."""

    def __init__(self, app: ASGIApp, access: Access, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._access = access
        self._clock = clock
        self.failed = FailedLogins()
        self._hosts = access.hosts | _own_names()
        self._headers = {
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",  # an address may carry a token
            "content-security-policy": access.content_security_policy,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        careful = self._with_headers(send)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await refusal(scope, receive, careful)
        elif scope["type"] == "websocket":
            await self._app(scope, receive, send)
        else:
            await self._bounded(scope, receive, careful, headers)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        host = headers.get("host", "")
        if not self._is_ours(host):
            return refused(421, "this server has another name: use its address, or have the name allowed")
        origin = headers.get("origin")
        asks_only = scope["type"] == "http" and scope["method"] in SAFE_METHODS
        if origin is not None and not asks_only and not self._is_own_page(origin, host):
            return refused(403, "pages of this origin may not speak to this server")
        return self._unknown(scope, headers)

    def _unknown(self, scope: Scope, headers: Headers) -> Response | None:
        """Says who it is, or answers why it may not come in."""
        scope.setdefault("state", {})["account"] = ANYBODY
        if self._access.who is None:
            return None
        address = address_of(scope)
        now = self._clock()
        given = tokens_in(scope, headers, self._access.cookie)
        wait_s = self.failed.wait_s(address, now)
        accounts = (self._access.who(each) for each in given if not wait_s)
        account = next((each for each in accounts if each is not None), None)
        if account is not None:
            self.failed.forgive(address)
            scope["state"]["account"] = account
            return None
        if scope["path"] in self._access.open_paths:
            return None
        if wait_s:
            return refused(429, "too many wrong tokens from this address", retry_after_s=wait_s)
        if not given:
            return refused(401, "expected a token: Authorization: Bearer TOKEN, or ?token=TOKEN")
        self.failed.add(address, now)
        if self.failed.wait_s(address, now):
            log.warning("%s keeps sending wrong tokens: not heard for a while", address)
        return refused(401, "this token is nobody's")

    def _is_ours(self, host: str) -> bool:
        """A bare address cannot be a name that somebody else's DNS gave to this machine."""
        name = (urlsplit(f"//{host}").hostname or "") if _splits(host) else ""
        if name in self._hosts:
            return True
        try:
            ipaddress.ip_address(name.partition("%")[0])
        except ValueError:
            return False
        return True

    def _is_own_page(self, origin: str, host: str) -> bool:
        if origin in self._access.origins:
            return True
        return _splits(origin) and bool(host) and urlsplit(origin).netloc.lower() == host.lower()

    def _with_headers(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        return sending

    async def _bounded(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        """Hand the body on as long as it is short and comes in time."""
        most = self._access.max_body_bytes
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length[:20]) > most:
            await refused(413, _too_long(most))(scope, receive, send)
            return
        deadline = self._clock() + self._access.body_within_s
        came = 0
        whole = begun = False

        async def receiving() -> Message:
            nonlocal came, whole
            if whole:  # what comes now is that the other side has left
                return await receive()
            try:
                async with asyncio.timeout(max(0.0, deadline - self._clock())):
                    message = await receive()
            except TimeoutError:
                late = f"the body did not come within {self._access.body_within_s:.0f} s"
                raise BodyError(408, late) from None
            came += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if came > most:
                raise BodyError(413, _too_long(most))
            return message

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receiving, noting)
        except BodyError as error:
            if begun:  # starlette has answered by itself, or it is too late
                raise
            await refused(error.status_code, error.detail)(scope, receive, send)


class BodyError(HTTPException):
    """A body goes on beyond what is taken, or comes too slowly; raised where the app reads it."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(status, why, {"connection": "close"})


def refused(status: int, why: str, *, retry_after_s: float | None = None) -> Response:
    """The answer to who is turned away, in the form of OpenAI's errors."""
    headers = {} if retry_after_s is None else {"retry-after": str(math.ceil(retry_after_s))}
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    kind = "rate_limit_error" if status in (429, 503) else "invalid_request_error"
    return JSONResponse({"error": {"message": why, "type": kind}}, status, headers)


def _too_long(most: int) -> str:
    return f"expected a body of at most {most} bytes"


def address_of(scope: Scope) -> str:
    """Where a request comes from; "" where the server cannot say."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def tokens_in(scope: Scope, headers: Headers, cookie: str | None) -> list[str]:
    """The token that came with a request, wherever it stands, in each way in which it may be meant."""
    kind, _, token = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and token.strip():
        return [_text_of(token.strip().encode("latin-1"))]
    for field in scope.get("query_string", b"").split(b"&"):
        name, _, value = field.partition(b"=")
        if name == b"token" and value:
            # People write a token into an address as it is: a "+" of it is no blank then, as in a form.
            plain = unquote_to_bytes(value), unquote_to_bytes(value.replace(b"+", b" ")), value
            return list(dict.fromkeys(map(_text_of, plain)))
    if cookie is not None and "cookie" in headers:
        try:
            kept = SimpleCookie(headers["cookie"]).get(cookie)
        except CookieError:
            kept = None
        return [str(kept.value)] if kept is not None and kept.value else []
    return []


def _text_of(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _splits(address: str) -> bool:
    try:
        return urlsplit(address if "//" in address else f"//{address}").hostname is not None
    except ValueError:
        return False


def _own_names() -> frozenset[str]:
    name = socket.gethostname().lower()
    return frozenset({"localhost", name, f"{name.partition('.')[0]}.local"})
