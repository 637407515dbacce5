"""The output gate: what a model wrote is cleaned, and what must not be spoken is stopped. Pure.

Cleaned away: mark-up, emoji, stage directions, addresses, role labels. Stopped (this clause and all that
follow): what is forbidden, keys and code, pieces of the prompt, another language or script than the reply's,
claims of an answer that its pages do not make, and more than the allowed length. All of it takes time in
proportion to the clause's length, whatever is in it.
"""

from __future__ import annotations

import re

from edge.commentator.clauses import LONGEST_CLAUSE_CHARS
from edge.commentator.cleaning import LINK, SPACE_BEFORE_MARK, without_noise
from edge.commentator.code_in_speech import code_in
from edge.commentator.forbidden import Forbidden
from edge.commentator.grounds import ungrounded
from edge.commentator.prompt_words import PromptWords
from edge.commentator.reply_language import foreign_letters, is_other_language
from edge.messages import MAX_REPLY_CHARS, Language

_DISGUISING = frozenset("*#_•·×%@$|<&")
"""What cleaning may take out of a clause, and words may be hidden in."""

_URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_WORD_WITH_AT = re.compile(r"(?<!\S)[^\s@]*+@\S*+")
_FIRST_LETTER = re.compile(r"\w")
_ROLE = re.compile(r"^\s*(?:assistant|system|user|guide|гид|ассистент|pemandu)\s*:\s*", re.IGNORECASE)
_KEY = re.compile(
    r"\b(?:sk|gsk|xi|hf|ghp|AKIA)[-_][A-Za-z0-9_-]{8,}|\b(?=\w*\d)(?=\w*[A-Za-z])[A-Za-z0-9_-]{24,}\b"
)
_AROUND_ADDRESSES = ".,;:!?()[]«»\"'"
_QUOTES = re.compile(r'["“”„«»`]')
_LEADING_MARKS = re.compile(r"^(?:[,;:!?…—–\s]|[.-](?!\d))+")


class Stopped(Exception):
    """A reply of which nothing may be spoken from here on; the text says why."""


class Gate:
    """Cleans the clauses of a reply, and stops what must not be said.

    Args:
        forbidden: what is never said (see ``load_blocklists``).
        prompt: the text that must not leak, beside our own prompts of all languages.
        language: that the reply must be in; None: somebody else sees to that.
        facts: the pages that an answer draws on; None: it is no answer, and may claim what it likes.
        max_chars: of a whole reply.
    """

    def __init__(
        self,
        forbidden: Forbidden,
        *,
        prompt: str = "",
        language: Language | None = None,
        facts: str | None = None,
        max_chars: int = MAX_REPLY_CHARS,
    ) -> None:
        self._max_chars = max_chars
        self._forbidden = forbidden
        self._language = language
        self._facts = facts
        self._prompt = PromptWords(prompt)

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
        text = without_noise(_without_addresses(clause, self._facts or ""))
        text = _QUOTES.sub("", _ROLE.sub("", text))
        text = _LEADING_MARKS.sub("", SPACE_BEFORE_MARK.sub("", " ".join(text.split())))
        if not any(c.isalnum() for c in text):
            return ""
        self._check(text, spoken_before)
        hidden = _without_addresses(clause, self._facts or "") if set(clause) & _DISGUISING else ""
        if hidden and (reason := self._forbidden.reason(hidden, spoken_before, self._facts or "")):
            raise Stopped(reason)
        return text

    def _check(self, text: str, spoken_before: str) -> None:
        if len(spoken_before) + len(text) > self._max_chars:
            raise Stopped(f"it is longer than {self._max_chars} characters")
        if reason := code_in(text) or foreign_letters(text):
            raise Stopped(reason)
        said = f"{spoken_before} {text}".strip()
        if self._language and is_other_language(said, self._language):
            raise Stopped("it is in another language")
        if reason := self._forbidden.reason(text, spoken_before, self._facts or ""):
            raise Stopped(reason)
        if self._prompt.are_quoted(said):
            raise Stopped("it quotes the prompt")
        if self._facts is not None and (reason := ungrounded(text, self._facts)):
            raise Stopped(reason)


def _without_addresses(text: str, facts: str) -> str:
    """Addresses of pages and of mail go where ``facts`` have them not; the words of Markdown's links stay."""
    closed = text.rfind(")") + 1
    text = LINK.sub(r"\1", text[:closed]) + text[closed:]
    text = _WORD_WITH_AT.sub(
        lambda word: word[0] if _core(word[0]) in facts else _without_mail_address(word[0]), text
    )
    return _URL.sub(lambda address: address[0] if _core(address[0]) in facts else "", text)


def _core(address: str) -> str:
    return address.strip(_AROUND_ADDRESSES) or address


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
