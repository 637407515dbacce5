"""A site's lexicon: how its names are said, by every voice or by the voices on this machine. Pure.

``lexicon.toml`` has a table a language: written → alias, or a table with what else is known of it::

    [ru]
    Nuanu = "Нуану"
    "Убуд" = { stress = "У́буд" }
    Canggu = { alias = "Чангу", phonemes = "tS'aNgu", ipa = "tʃˈanɡu" }
"""

from __future__ import annotations

import hashlib
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from edge.messages import LANGUAGES, Language

LARGEST_BYTES = 256 * 1024
LONGEST_CHARS = 100
"""What a name may have, and how it is said."""
ACCENT = "\u0301"
"""Stands behind the vowel that is stressed."""

LocalVoice = Literal["espeak", "piper", "rhvoice"]
"""The voices that can be told phonemes. Those in the cloud take the alias alone: their multilingual models
skip words in phoneme tags."""


class LexiconError(ValueError):
    """The lexicon cannot be used; the text is one line: what was expected, what came."""


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    alias: str | None = None
    """Absent: as it is written."""
    stress: str | None = None
    """The alias with ``ACCENT``."""
    phonemes: str | None = None
    """In espeak-ng's notation."""
    ipa: str | None = None
    """For Piper, in the International Phonetic Alphabet."""


@dataclass(frozen=True)
class Lexicon:
    """How names are said; an empty one changes nothing."""

    aliases: Mapping[Language, Mapping[str, str]] = field(default_factory=dict)
    """Written → said, for every voice."""
    local: Mapping[tuple[Language, LocalVoice], Mapping[str, str]] = field(default_factory=dict)
    """Said, in small letters → what a voice on this machine is given instead."""
    hash: str = ""
    """Another one with every change of what is said; empty where nothing is."""

    def pronounced(self, text: str, language: Language, voice: LocalVoice) -> str:
        """``text`` as this voice is given it: with stress marks and phonemes.

        Args:
            text: spoken form, plain: it has no square brackets, so all that come out are the lexicon's.
        """
        table = self.local.get((language, voice))
        if not table:
            return text
        longest = max(name.count(" ") for name in table) + 1
        words = text.split()
        given: list[str] = []
        while words:
            for count in range(min(longest, len(words)), 0, -1):
                before, name, behind = _parted(" ".join(words[:count]))
                if said := table.get(name.casefold()):
                    given.append(f"{before}{said}{behind}")
                    del words[:count]
                    break
            else:
                given.append(words.pop(0))
        return " ".join(given)


def parse_lexicon(text: str) -> Lexicon:
    """Read a ``lexicon.toml``. Raises ``LexiconError``."""
    told = _tables(text)
    aliases: dict[Language, dict[str, str]] = {}
    local: dict[tuple[Language, LocalVoice], dict[str, str]] = {}
    for language, table in told.items():
        for written, value in table.items():
            entry = _entry(f"[{language}] {written!r}", written, value)
            said = entry.alias or written
            if entry.alias:
                aliases.setdefault(language, {})[written] = entry.alias
            name = said.casefold()
            if given := f"[[{entry.phonemes}]]" if entry.phonemes else entry.stress:
                local.setdefault((language, "espeak"), {})[name] = given
            if given := f"[[{entry.ipa}]]" if entry.ipa else entry.stress:
                local.setdefault((language, "piper"), {})[name] = given
            if entry.stress:
                local.setdefault((language, "rhvoice"), {})[name] = _with_plus(entry.stress)
    digest = hashlib.sha256(msgspec.json.encode(told, order="deterministic")).hexdigest()
    return Lexicon(aliases, local, digest[:12] if aliases or local else "")


def _tables(text: str) -> dict[Language, dict[str, Any]]:
    try:
        told = tomllib.loads(text)
        return msgspec.convert(told, dict[Language, dict[str, Any]])
    except msgspec.ValidationError as error:
        languages = ", ".join(LANGUAGES)
        raise LexiconError(f"expected a table of names for each of {languages}: {error}") from error
    except (ValueError, RecursionError) as error:  # no TOML, a number too long, too deep
        raise LexiconError(f"expected TOML: {error}") from error


def _entry(place: str, written: str, value: Any) -> _Entry:
    """One name. Raises ``LexiconError``."""
    try:
        entry = _Entry(alias=value) if isinstance(value, str) else msgspec.convert(value, _Entry)
    except msgspec.ValidationError as error:
        raise LexiconError(f"{place}: expected a text, or a table of texts: {error}") from error
    _check(place, written, entry)
    return entry


def _check(place: str, written: str, entry: _Entry) -> None:
    """What the types do not say. Raises ``LexiconError``."""
    if entry == _Entry():
        raise LexiconError(f"{place}: expected alias, stress, phonemes or ipa, came none of them")
    texts = {"alias": entry.alias, "stress": entry.stress, "phonemes": entry.phonemes, "ipa": entry.ipa}
    for key, text in {"the name": written, **texts}.items():
        if text is None:
            continue
        if not 0 < len(text) <= LONGEST_CHARS or text != " ".join(text.split()) or not text.isprintable():
            raise LexiconError(
                f"{place}: {key}: expected 1 to {LONGEST_CHARS} characters in one line, "
                f"without spaces at the ends, came {text[:LONGEST_CHARS]!r}"
            )
        if any(char in "[]<>" for char in text):
            raise LexiconError(f"{place}: {key}: expected no brackets, came {text!r}")
    said = entry.alias or written
    if _parted(said)[1] != said:
        raise LexiconError(f"{place}: expected what begins and ends with letters, came {said!r}")
    if entry.stress is not None and (
        entry.stress.replace(ACCENT, "") != said.replace(ACCENT, "") or ACCENT not in entry.stress
    ):
        raise LexiconError(
            f"{place}: stress: expected {said!r} with U+0301 behind the stressed vowel, came {entry.stress!r}"
        )


def _with_plus(stress: str) -> str:
    """The stress as RHVoice takes it: a plus before the vowel."""
    parts = stress.split(ACCENT)
    return "".join([*(f"{part[:-1]}+{part[-1:]}" for part in parts[:-1]), parts[-1]])


def _parted(text: str) -> tuple[str, str, str]:
    """What stands before its first letter or digit, from there to the last one, and what stands behind."""
    marks = [char.isalnum() or unicodedata.category(char) == "Mn" for char in text]
    if True not in marks:
        return text, "", ""
    begin, end = marks.index(True), len(marks) - marks[::-1].index(True)
    return text[:begin], text[begin:end], text[end:]
