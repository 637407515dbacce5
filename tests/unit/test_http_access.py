"""Who may come in to a server of ours."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from starlette.types import Message, Receive, Scope, Send

from edge.config import Secret
from edge.http.access import Access, AccountTokens, Guard
from edge.http.failed_logins import FAILURES, MAX_ADDRESSES, WITHIN_S, FailedLogins

HOST = (b"host", b"127.0.0.1:8011")


class _App:
    """Remembers whom it served, and reads the whole body."""

    def __init__(self) -> None:
        self.accounts: list[str] = []
        self.body = b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.accounts.append(scope["state"]["account"])
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            return
        more = True
        while more:
            message = await receive()
            self.body += message.get("body", b"")
            more = message.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})


class _Asker:
    """Asks a guarded app as a server would, and keeps the answer."""

    def __init__(self, **access: Any) -> None:
        self.app = _App()
        self.now = 100.0
        who = AccountTokens({"desk": Secret("a-token-of-the-desk"), "depot": Secret("a-token-of-the-depot")})
        self.guard = Guard(self.app, Access(**{"who": who, **access}), clock=lambda: self.now)
        self.headers: dict[str, str] = {}

    async def __call__(
        self,
        *headers: tuple[bytes, bytes],
        kind: str = "http",
        method: str = "GET",
        path: str = "/",
        query: bytes = b"",
        body: tuple[bytes, ...] = (b"",),
        address: str = "10.0.0.1",
    ) -> int:
        scope: Scope = {
            "type": kind,
            "method": method,
            "path": path,
            "query_string": query,
            "headers": [*(() if any(name == b"host" for name, _ in headers) else (HOST,)), *headers],
            "client": (address, 50_000),
            "extensions": {"websocket.http.response": {}},
        }
        left = list(body)
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

        async def send(message: Message) -> None:
            sent.append(message)

        await self.guard(scope, receive, send)
        first = sent[0]
        self.headers = {name.decode(): value.decode() for name, value in first.get("headers", [])}
        return 101 if first["type"] == "websocket.accept" else int(first["status"])


BEARER = (b"authorization", b"Bearer a-token-of-the-desk")


async def test_the_token_is_taken_from_a_header_the_address_or_a_cookie_and_names_its_account() -> None:
    asks = _Asker(cookie="guide")
    assert await asks(BEARER) == 200
    assert await asks(query=b"client=x&token=a-token-of-the-depot") == 200
    assert await asks((b"cookie", b"x=1; guide=a-token-of-the-desk")) == 200
    assert await asks(BEARER, kind="websocket") == 101
    assert asks.app.accounts == ["desk", "depot", "desk", "desk"]


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ((), b""),
        (((b"authorization", b"Bearer"),), b""),
        (((b"authorization", b"Basic a-token-of-the-desk"),), b""),
        (((b"authorization", b"Bearer a-token-of-the-des"),), b""),
        ((), b"token=a-token-of-the-desk%00"),
        ((), b"token=\xd0\xb3\xd0\xb8\xd0\xb4"),
        ((), b"&".join([b"x=1"] * 100)),
        (((b"cookie", b"guide=a-token-of-the-desk"),), b""),  # no cookie was agreed on
    ],
)
async def test_without_the_token_nobody_comes_in(
    headers: tuple[tuple[bytes, bytes], ...], query: bytes
) -> None:
    asks = _Asker()
    assert await asks(*headers, query=query) == 401
    assert asks.headers["www-authenticate"] == "Bearer"
    assert await asks(*headers, query=query, kind="websocket") == 401
    assert asks.app.accounts == []


@pytest.mark.parametrize(
    "token", ["a+b/c==", "50%-of%41&x=#1", "with a blank", "Straße-и-ключ", "a;b,c'\"\\"]
)
async def test_a_token_may_have_any_characters(token: str) -> None:
    asks = _Asker(who=AccountTokens({"depot": Secret(token)}))
    assert await asks((b"authorization", b"Bearer " + token.encode())) == 200
    for written in (quote(token, safe=""), quote_plus(token)):
        assert await asks(query=f"client=x&token={written}".encode()) == 200
    if "&" not in token:  # as people write it into an address
        assert await asks(query=b"token=" + token.encode() + b"&client=x") == 200
    assert await asks(query=b"token=" + quote(token + "+").encode()) == 401


async def test_an_open_path_is_answered_to_anybody_and_still_knows_who_asks() -> None:
    asks = _Asker(open_paths=frozenset({"/health"}))
    assert await asks(path="/health") == 200
    assert await asks(BEARER, path="/health") == 200
    assert asks.app.accounts == ["", "desk"]


async def test_who_tries_many_tokens_is_not_heard_for_a_while_and_others_are() -> None:
    asks = _Asker()
    for _ in range(FAILURES):
        assert await asks(query=b"token=guess") == 401
    assert await asks(BEARER) == 429
    assert 0 < int(asks.headers["retry-after"]) <= WITHIN_S
    assert await asks(BEARER, address="10.0.0.2") == 200
    asks.now += WITHIN_S + 1
    assert await asks(BEARER) == 200


def test_failed_logins_forget_addresses_beyond_a_bound() -> None:
    failed = FailedLogins()
    for number in range(MAX_ADDRESSES + 1):
        for _ in range(FAILURES):
            failed.add(str(number), 0.0)
    assert failed.wait_s("0", 1.0) == 0
    assert failed.wait_s("1", 1.0) == WITHIN_S - 1
    failed.forgive("1")
    assert failed.wait_s("1", 1.0) == 0


@pytest.mark.parametrize("host", [b"localhost:8011", b"[::1]:8011", b"192.168.1.4", b"DESK.example"])
async def test_own_names_and_bare_addresses_are_this_server(host: bytes) -> None:
    assert await _Asker(hosts=frozenset({"desk.example"}))(BEARER, (b"host", host)) == 200


@pytest.mark.parametrize("host", [b"evil.example", b"127.0.0.1.evil.example", b"", b"[::1", b"a b"])
async def test_another_name_is_not(host: bytes) -> None:
    assert await _Asker()(BEARER, (b"host", host)) == 421


async def test_pages_of_other_sites_may_not_act_and_named_ones_may() -> None:
    asks = _Asker(origins=frozenset({"https://desk.example"}))
    for origin, comes_in in (
        (b"https://evil.example", False),
        (b"null", False),
        (b"https://desk.example.evil.example", False),
        (b"http://127.0.0.1:8011", True),
        (b"https://desk.example", True),
    ):
        assert await asks(BEARER, (b"origin", origin), kind="websocket") == (101 if comes_in else 403)
        assert await asks(BEARER, (b"origin", origin), method="POST") == (200 if comes_in else 403)


async def test_a_body_is_taken_up_to_its_bound_whether_or_not_it_tells_its_length() -> None:
    asks = _Asker(max_body_bytes=10)
    assert await asks(BEARER, method="POST", body=(b"12345", b"67890")) == 200
    assert asks.app.body == b"1234567890"
    assert await asks(BEARER, method="POST", body=(b"12345", b"67890", b"1")) == 413
    assert await asks(BEARER, (b"content-length", b"11"), method="POST") == 413
    assert await asks(BEARER, (b"content-length", b"-1"), method="POST") == 413
    assert await asks(BEARER, (b"content-length", b"9" * 5000), method="POST") == 413


async def test_a_body_that_comes_too_slowly_is_given_up() -> None:
    assert await _Asker(body_within_s=0.0)(BEARER, method="POST", body=(b"1", b"2")) in (200, 408)


async def test_every_answer_tells_browsers_to_be_careful() -> None:
    asks = _Asker(content_security_policy="default-src 'self'")
    for expected, headers in ((200, (BEARER,)), (401, ())):
        assert await asks(*headers) == expected
        assert asks.headers["content-security-policy"] == "default-src 'self'"
        assert asks.headers["x-content-type-options"] == "nosniff"
        assert asks.headers["referrer-policy"] == "no-referrer"
        assert asks.headers["cache-control"] == "no-store"


async def test_where_nothing_is_asked_everybody_is_the_same_account() -> None:
    asks = _Asker(who=None)
    assert await asks() == 200
    assert asks.app.accounts == [""]
