"""Takes keys and passwords out of text that people will read: those we were given, those in an address."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from urllib.parse import quote, urlsplit

MASK = "***"
SHORTEST_SECRET = 8
"""Characters. A shorter one would blot out ordinary words."""

_KEY_WORDS = frozenset(
    {
        *("key", "apikey", "accesskey", "token", "accesstoken", "secret", "password", "passwd", "passphrase"),
        *("pwd", "auth", "authorization", "signature", "sig", "credential", "credentials"),
    }
)
_VALUE = re.compile(r"=([^&\s#'\"]+)")
_NAME_BACKWARDS = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST_NAME = 64
_SHAPE_OF_A_KEY = re.compile(r"\b(?:(?:sk|gsk|csk|xai|hf|ghp)[-_][\w-]{16,}|AIza[\w-]{30,})")
_HEADER = re.compile(r"\b(Basic|Bearer)\s{1,4}[\w+/.~=-]{8,}", re.IGNORECASE)

_known: dict[str, None] = {}
"""What this process was given, in each form in which others repeat it; the longest first."""


def remember(secret: str) -> None:
    """Have ``masked`` leave it out from now on, wherever and in whatever usual encoding it stands."""
    if len(secret) < SHORTEST_SECRET:
        return
    plain = secret.encode("utf-8", "surrogateescape")
    forms = {
        secret,
        quote(secret, safe=""),
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
        b64encode(plain).decode(),
    }
    ordered = sorted({*_known, *forms}, key=len, reverse=True)
    _known.clear()
    _known.update(dict.fromkeys(ordered))


def remember_address(address: str) -> None:
    """Have ``masked`` leave out the password and the keys that stand in an address."""
    for secret in secrets_of(address):
        remember(secret)


def masked(text: str) -> str:
    """``text`` without keys and passwords. Takes time in proportion to its length."""
    for secret in _known:
        text = text.replace(secret, MASK)
    if "@" in text:
        text = "".join(_without_user(part) for part in re.split(r"(\s+)", text))
    text = _VALUE.sub(lambda match: f"={MASK}" if _is_of_a_key(match) else match[0], text)
    text = _HEADER.sub(rf"\1 {MASK}", text)
    return _SHAPE_OF_A_KEY.sub(MASK, text)


def masked_address(address: str) -> str:
    """An address of which nothing is sure, not even that it is one: all before its last ``@`` is left out."""
    before, at, behind = address.rpartition("@")
    scheme, slashes, _ = before.partition("://")
    user = f"{scheme}{slashes}{MASK}" if slashes else MASK
    return masked(f"{user}@{behind}" if at else address)


def secrets_of(address: str) -> list[str]:
    """The user's part of an address, its password alone, and values of parameters called like keys."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return []
    user = parts.netloc.rpartition("@")[0]
    found = [user, user.partition(":")[2]]
    parameters = _VALUE.finditer(f"{parts.query}&{parts.fragment}")
    found += (match[1] for match in parameters if _is_of_a_key(match))
    return [secret for secret in found if secret]


def is_called_like_a_key(name: str) -> bool:
    """``OPENAI_API_KEY`` and ``access-token`` are; ``monkey`` is not."""
    return not _KEY_WORDS.isdisjoint(re.split("[-_]", name.lower()))


def _is_of_a_key(value: re.Match[str]) -> bool:
    before = value.string[max(0, value.start() - _LONGEST_NAME) : value.start()]
    name = _NAME_BACKWARDS.match(before[::-1])
    return name is not None and is_called_like_a_key(name[0][::-1])


def _without_user(word: str) -> str:
    """``scheme://user:password@host``, also with an ``@`` or without a scheme. Words with neither stay."""
    before, _, behind = word.rpartition("@")
    scheme, found, _ = before.partition("://")
    if found:
        return f"{scheme}://{MASK}@{behind}"
    return f"{MASK}@{behind}" if ":" in before else word
