"""Addresses of the web and of e-mail, word for word. Pure, for every language."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from edge.spoken_form.rules import Said
from edge.spoken_form.tokens import TokenKind, Tokens

LONGEST_ADDRESS = 60
"""Tokens."""
_INSIDE = ".-_@/:?=&%+~#"
_TRAILING = ".-:?=&%+~#/"
_TOP_LEVEL = frozenset(
    (
        *("com", "ru", "id", "org", "net", "io", "app", "co", "info", "me", "рф", "рус", "travel", "biz"),
        *("edu", "gov", "ac", "uk", "au", "sg", "eu", "de", "us", "tv", "ai", "dev", "go", "sch", "xyz"),
        *("site", "shop", "club", "bali", "asia", "ly", "be", "gl", "su", "by", "kz", "ua", "in", "jp"),
        *("cn", "fr", "it", "es", "nl", "pt", "my", "th", "ltd", "pro", "guide", "city", "cafe", "tours"),
        *("hotel", "world", "life", "land"),
    )
)


class WebWords(NamedTuple):
    """What the signs in an address are called, and how its words and numbers are said."""

    signs: dict[str, str]
    word: Callable[[str], str]
    number: Callable[[str], str]

    def address(self, tokens: Tokens, index: int) -> Said | None:
        """ "nuanu.com", "https://www.nuanu.com/map", "info@nuanu.com", "@nuanu"."""
        before = tokens[index - 1]
        if tokens.is_word_or_number(index - 1) or (before.text and before.text in "@/."):
            return None
        end = _end(tokens, index)
        text = tokens.text(index, end)
        if not _is_address(text):
            return None
        first = index
        for opening in (("https", ":", "/", "/"), ("http", ":", "/", "/")):
            if tuple(tokens[index + offset].text.lower() for offset in range(4)) == opening:
                first = index + 4
        if tokens[first].text.lower() == "www" and tokens[first + 1].text == ".":
            first += 2
        said = []
        for place in range(first, end):
            token = tokens[place]
            if token.kind is TokenKind.WORD:
                said.append(self.word(token.text))
            elif token.kind is TokenKind.NUMBER:
                said.append(self.number(token.text))
            elif name := self.signs.get(token.text):
                said.append(name)
        return Said(end, " ".join(said)) if said else None

    def dotted_numbers(self, tokens: Tokens, index: int) -> Said | None:
        """ "192.168.1.1", "2.0.1": three numbers or more that are no date and no groups of a thousand."""
        if tokens[index - 1].text == ".":
            return None
        end = index + 1
        while tokens[end].text == "." and tokens[end + 1].kind is TokenKind.NUMBER:
            end += 2
        parts = [token.text for token in (tokens[place] for place in range(index, end, 2))]
        if len(parts) < 3 or all(len(part) == 3 for part in parts[1:]):
            return None
        return Said(end, f" {self.signs['.']} ".join(self.number(part) for part in parts))


def _end(tokens: Tokens, index: int) -> int:
    """Where the address that begins at ``index`` ends, without the marks of the sentence behind it."""
    end = index
    while end < min(len(tokens), index + LONGEST_ADDRESS):
        token = tokens[end]
        if not (
            token.kind in (TokenKind.WORD, TokenKind.NUMBER)
            or (token.kind is TokenKind.SIGN and token.text in _INSIDE)
        ):
            break
        end += 1
    while end > index and tokens[end - 1].text in _TRAILING:
        end -= 1
    return end


def _is_address(text: str) -> bool:
    lower = text.lower()
    if lower.startswith(("http://", "https://", "www.")):
        return len(lower) > 8
    if "@" in lower:
        name, _, host = lower.partition("@")
        return bool(host) and host[0].isalnum() and ("." in host or not name)
    host = lower.partition("/")[0].partition(":")[0].partition("?")[0]
    first, dot, _ = host.partition(".")
    last = text.rpartition(".")[2]
    if dot and len(first) > 1 and len(last) > 1 and text.isascii() and last.isalpha() and last.islower():
        # "Node.js", "v2.beta": no sentence begins with a small letter and without a space.
        return any(char.isalpha() for char in first)
    return (
        bool(dot and first)
        and host.rpartition(".")[2] in _TOP_LEVEL
        and any(char.isalpha() for char in first)
    )
