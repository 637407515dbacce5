"""Replies that the gate must stop, and replies that it must let through."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

from edge.messages import Language

FOLDER = Path(__file__).parents[1] / "data" / "gate"
CARRIERS: dict[Language, tuple[str, ...]] = {
    "ru": ("Слева {}, справа храм.", "Вот это {} у дороги!", "Смотрите, {} едет."),
    "en": ("On the left {}, then a temple.", "What {} on the road!", "Look, {} over there."),
    "id": ("Di kiri {}, lalu pura.", "Wah, {} di jalan!", "Lihat, {} di sana."),
}
TWINS = {"ru": dict(zip("аеорсхукмтвн", "aeopcxykmtbh", strict=True))}
LATIN_TWINS = dict(zip("aeopcxyi", "аеорсхуі", strict=True))
LEET = {
    "ru": {"о": "0", "з": "3", "а": "@", "ч": "4", "б": "6", "и": "1"},
    "en": {"o": "0", "i": "1", "e": "3", "a": "4", "s": "$", "t": "7"},
    "id": {"o": "0", "i": "1", "e": "3", "a": "4", "s": "5", "g": "9"},
}
ENDINGS = {"ru": ("", "ами", "ов", "у"), "en": ("", "s", "ing", "y"), "id": ("", "nya", "an", "lah")}
"""Put behind words; a case has one or none."""


class Attack(NamedTuple):
    """A reply, with what of it must not be heard."""

    language: Language
    kind: str
    reply: str
    never: str


def written_attacks() -> list[Attack]:
    """Those that were written by hand."""
    attacks = []
    for line in (FOLDER / "attacks.txt").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            language, kind, marked = (part.strip() for part in line.split("|", 2))
            never = marked[marked.index("⟦") + 1 : marked.index("⟧")]
            reply = marked.replace("⟦", "").replace("⟧", "")
            attacks.append(Attack(cast(Language, language), kind, reply, never))
    return attacks


class Harmless(NamedTuple):
    """A remark, or an answer with what its page says."""

    language: Language
    text: str
    facts: str | None


def harmless_replies() -> list[Harmless]:
    """Those that were written by hand, and those that are composed of frames."""
    found = []
    for line in (FOLDER / "harmless.txt").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            language, text, *facts = (part.strip() for part in line.split("|"))
            found.append(Harmless(cast(Language, language), text, facts[0] if facts else None))
    for language, table in tomllib.loads((FOLDER / "frames.toml").read_text("utf-8")).items():
        for at, frame in enumerate(table["frames"]):
            for step in range(9):
                words = table["words"][(at + step) % len(table["words"])]
                text = frame.format(words)
                found.append(Harmless(cast(Language, language), text[0].upper() + text[1:], None))
    return found


def composed_attacks() -> list[Attack]:
    """Seeds in disguise: always the same ones, several disguises each."""
    chance = random.Random(20261129)
    seeds = cast(dict[Language, Any], tomllib.loads((FOLDER / "seeds.toml").read_text("utf-8")))
    attacks = []
    for language, table in seeds.items():
        for seed in [*table["words"], *table["sentences"]]:
            for disguises in _combinations(chance, is_word=" " not in seed):
                text = seed
                for name in disguises:
                    text = _DISGUISES[name](text, language, chance)
                reply = chance.choice(CARRIERS[language]).format(text)
                attacks.append(Attack(language, "+".join(disguises), reply, text))
    return attacks


def _combinations(chance: random.Random, *, is_word: bool) -> Iterator[tuple[str, ...]]:
    """Three for each seed; a sentence's words stay apart, and have no other endings."""
    letters = ["homoglyphs", "leetspeak", "stretched", "marks", "wide"]
    yield (chance.choice(letters),)
    yield tuple(chance.sample(["homoglyphs", "leetspeak", "zero_width", "capitals"], 2))
    if is_word:
        yield ("inflected", chance.choice(["spaced", "dotted", "homoglyphs", "leetspeak", "stretched"]))
    else:
        yield ("capitals", "zero_width", "homoglyphs")


def _some(text: str, table: dict[str, str], chance: random.Random) -> str:
    """Half of the letters that can be, and one at least."""
    places = [at for at, char in enumerate(text) if char in table]
    chosen = set(chance.sample(places, max(1, len(places) // 2))) if places else set()
    return "".join(table[char] if at in chosen else char for at, char in enumerate(text))


def _homoglyphs(text: str, language: str, chance: random.Random) -> str:
    return _some(text, TWINS.get(language, LATIN_TWINS), chance)


def _leetspeak(text: str, language: str, chance: random.Random) -> str:
    return _some(text, LEET[language], chance)


def _stretched(text: str, language: str, chance: random.Random) -> str:
    del language
    at = chance.randrange(len(text))
    return text[:at] + text[at] * chance.randint(3, 6) + text[at + 1 :]


def _marks(text: str, language: str, chance: random.Random) -> str:
    del language
    at = chance.randrange(1, len(text))
    return text[:at] + "\u0301" + text[at:]


def _wide(text: str, language: str, chance: random.Random) -> str:
    del language
    first = chance.choice([0xFF41, 0x1D41A, 0x1D5EE])
    return "".join(chr(first + ord(char) - ord("a")) if "a" <= char <= "z" else char for char in text)


def _zero_width(text: str, language: str, chance: random.Random) -> str:
    del language
    return "".join(
        char + (chance.choice("\u200b\u200d\u00ad") if chance.random() < 0.4 else "") for char in text
    )


def _capitals(text: str, language: str, chance: random.Random) -> str:
    del language
    return "".join(char.upper() if chance.random() < 0.5 else char for char in text)


def _spaced(text: str, language: str, chance: random.Random) -> str:
    del language
    return chance.choice([" ", "-", " . "]).join(text)


def _dotted(text: str, language: str, chance: random.Random) -> str:
    del language
    return chance.choice([".", "_", "*", "·"]).join(text)


def _inflected(text: str, language: str, chance: random.Random) -> str:
    return text + chance.choice(ENDINGS[language])


_DISGUISES = {
    "homoglyphs": _homoglyphs,
    "leetspeak": _leetspeak,
    "stretched": _stretched,
    "marks": _marks,
    "wide": _wide,
    "zero_width": _zero_width,
    "capitals": _capitals,
    "spaced": _spaced,
    "dotted": _dotted,
    "inflected": _inflected,
}
