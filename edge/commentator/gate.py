"""The output gate: what a model wrote is cleaned, and what must not be spoken is stopped. Pure.

Removed: markdown, emoji, links, stage directions, role labels. Stopped (this clause and all that follow):
keys, words of the blocklist, pieces of the prompt, more than the allowed length. All of it takes time in
proportion to the clause's length, whatever is in it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from functools import cache
from importlib import resources
from pathlib import Path
from typing import get_args

from edge.commentator.clauses import LONGEST_CLAUSE_CHARS
from edge.commentator.cleaning import LINK, without_noise
from edge.config import ConfigError
from edge.messages import Language
from edge.plain_file import read_plain

MAX_REPLY_CHARS = 400
"""The longest remark or answer: half a minute of speech."""
LARGEST_BLOCKLIST_BYTES = 1024 * 1024
PROMPT_OVERLAP_WORDS = 6
"""Words of the prompt in a row that are no coincidence."""

_URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_WORD_WITH_AT = re.compile(r"(?<!\S)[^\s@]*+@\S*+")
_FIRST_LETTER = re.compile(r"\w")
_ROLE = re.compile(r"^\s*(?:assistant|system|user|guide|гид|ассистент|pemandu)\s*:\s*", re.IGNORECASE)
_KEY = re.compile(
    r"\b(?:sk|gsk|xi|hf|ghp|AKIA)[-_][A-Za-z0-9_-]{8,}|\b(?=\w*\d)(?=\w*[A-Za-z])[A-Za-z0-9_-]{24,}\b"
)
_QUOTES = re.compile(r'["“”„«»`]')
_LEADING_MARKS = re.compile(r"^(?:[,;:!?…—–\s]|[.-](?!\d))+")
_SPACE_BEFORE_MARK = re.compile(r" (?=[,.;:!?…](?!\d))")
_WORD = re.compile(r"\w+")


class Stopped(Exception):
    """From here on nothing of this reply may be spoken; the text says why."""


class Gate:
    """Cleans the clauses of a reply, and stops what must not be said.

    Args:
        blocked: words that are never said (see ``load_blocklists``).
        prompt: the text that must not leak.
        max_chars: of a whole reply.
    """

    def __init__(
        self, blocked: frozenset[str], *, prompt: str = "", max_chars: int = MAX_REPLY_CHARS
    ) -> None:
        self._max_chars = max_chars
        self._blocked = blocked
        words = _words(prompt)
        self._prompt_runs = {tuple(run) for run in _runs(words)}

    def clean(self, clause: str, spoken_before: str = "") -> str:
        """The clause as it may be spoken; empty when nothing speakable is left of it.

        Args:
            clause: as the cutter gave it.
            spoken_before: what of this reply has been let through already.

        Raises:
            Stopped: this clause and what follows must not be spoken.
        """
        if len(clause) >= LONGEST_CLAUSE_CHARS:
            raise Stopped(f"it has no end within {LONGEST_CLAUSE_CHARS} characters")
        if not any(c.isalnum() for c in clause):
            return ""
        if _KEY.search(clause):
            raise Stopped("it looks like a key")
        text = without_noise(_without_addresses(clause))
        text = _QUOTES.sub("", _ROLE.sub("", text))
        text = _LEADING_MARKS.sub("", _SPACE_BEFORE_MARK.sub("", " ".join(text.split())))
        if not any(c.isalnum() for c in text):
            return ""
        self._check(text, spoken_before)
        return text

    def _check(self, text: str, spoken_before: str) -> None:
        if len(spoken_before) + len(text) > self._max_chars:
            raise Stopped(f"it is longer than {self._max_chars} characters")
        words = _words(text)
        if blocked := self._blocked.intersection(words):
            raise Stopped(f"it has a blocked word ({len(blocked)})")
        if self._prompt_runs.intersection(tuple(run) for run in _runs(_words(spoken_before)[-8:] + words)):
            raise Stopped("it quotes the prompt")


def _without_addresses(text: str) -> str:
    """Addresses of pages and of mail go; the words of Markdown's links stay."""
    closed = text.rfind(")") + 1
    text = LINK.sub(r"\1", text[:closed]) + text[closed:]
    return _URL.sub("", _WORD_WITH_AT.sub(lambda match: _without_mail_address(match[0]), text))


def _without_mail_address(word: str) -> str:
    """``word`` without what reads ``…@….…`` in it, from its first letter to its last."""
    first = _FIRST_LETTER.search(word)
    if first is None:
        return word
    end = len(word)
    while not _FIRST_LETTER.match(word[end - 1]):
        end -= 1
    dot = word.rfind(".", 0, end - 1)
    url = _URL.search(word)
    if dot < 0 or word.find("@", first.start() + 1, dot - 1) < 0 or (url and url.start() <= first.start()):
        return word
    return word[: first.start()] + word[end:]


def _words(text: str) -> list[str]:
    return [word.replace("ё", "е") for word in _WORD.findall(text.casefold())]


def _runs(words: list[str]) -> Iterable[list[str]]:
    return (words[i : i + PROMPT_OVERLAP_WORDS] for i in range(len(words) - PROMPT_OVERLAP_WORDS + 1))


@cache
def load_blocklists(folder: str | None = None) -> dict[Language, frozenset[str]]:
    """The words that are never said, by language: ours, and those of the operator's ``<language>.txt``.

    Raises:
        ConfigError: the operator's folder is not there, or a file in it cannot be read.
    """
    if folder and not Path(folder).is_dir():
        raise ConfigError(f"config: commentator.blocklist_dir = {folder!r}: expected a folder that exists")
    return {language: _load_blocklist(language, folder) for language in get_args(Language)}


def _load_blocklist(language: Language, folder: str | None) -> frozenset[str]:
    texts = [resources.files("edge.commentator").joinpath(f"blocklists/{language}.txt").read_text("utf-8")]
    if folder and os.path.lexists(extra := Path(folder) / f"{language}.txt"):
        try:
            texts.append(read_plain(extra, LARGEST_BLOCKLIST_BYTES).decode("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"config: commentator.blocklist_dir: {extra} cannot be read as UTF-8 text: {error}"
            ) from error
    lines = (line.split("#")[0].strip() for text in texts for line in text.splitlines())
    return frozenset(word for line in lines for word in _words(line))
