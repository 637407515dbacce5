"""What the words of a text read like, whatever their letters are disguised as. Pure; linear in the length.

Undone are letters of other widths and of mathematics, letters that look or sound alike in two alphabets,
stress and zero-width marks, digits and signs in the place of letters, stretched letters, and letters with
spaces or signs between them. A word has several readings: "cуka" is read as "сука", too.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from edge.lexicon.normal_form import normal_form

LONGEST_READ = 40
"""Characters of a word that is read in other ways."""
FEWEST_SPELLED = 3
"""Single letters in a row that are read as one word."""
MOST_PARTS = 12

_PIECE = re.compile(r"[@$€£¡]?[^\W_](?:['’`]?(?:[^\W_]|[@$!|+€£¡*#_•·×%](?=[^\W_]))){0,300}\$*")
_MASK = re.compile(r"[*#_•·×%@]")
_SIGN = re.compile(r"[@$!|+€£¡*#_•·×%]+")
_RUN = re.compile(r"(.)\1+")
_LONG_RUN = re.compile(r"(.)\1{2,}")


def _letters(pairs: str) -> dict[str, str]:
    """ "xy zw" as x → y, z → w."""
    return {pair[0]: pair[1] for pair in pairs.split()}


_USUAL = str.maketrans(
    _letters(
        "ıi øo ɡg ɑa ɩi ɴn ʀr ᴄc ᴋk ꜱs ᴛt ᴜu ꜰf ʙb ʜh ɪi ʟl ᴍm ᴏo ᴘp ᴀa ᴅd ᴇe ɢg ᴊj ᴠv ᴡw ʏy ᴢz łl đd ħh "
        "єе іi ѕs јj ԁd ԛq ԝw һh ӏl αa οo εe υu κk ρp χx τt νv ηn ιi σo ωw βb γy"
    )
)
"""Letters of no language of ours."""
_LOOKS_CYRILLIC = str.maketrans(
    _letters(
        "aа bв cс eе hн iи kк mм nп oо pр rг tт uи xх yу lл dд sс zз vв fф gд wш jй "
        "0о 1и 3з 4ч 5с 6б 7т 8в 9д @а $с !и |л +т €е"
    )
)
_SOUNDS_CYRILLIC = str.maketrans(
    _letters(
        "aа bб cс eе hх iи kк mм nн oо pп rр tт uу xх yу lл dд sс zз vв fф gг wв jж "
        "0о 1л 3е 4а 5с 6б 7т 8в 9г @а $с !и |л +т €е"
    )
)
_LOOKS_LATIN = str.maketrans(
    _letters(
        "аa вb сc еe нh кk мm оo рp тt уy хx гr пn иu шw ьb лl дd бb зz фf "
        "0o 1i 3e 4a 5s 6b 7t 8b 9g @a $s !i |l +t €e £l ¡i"
    )
)
_SOUNDS_LATIN = str.maketrans(
    _letters(
        "аa вv сs еe нn кk мm оo рr тt уu хh гg пp иi шs лl дd бb зz фf цc яa эe "
        "0o 1l 3e 4a 5s 6g 7t 8b 9g @a $s !l |i +t €e £l ¡i"
    )
)
_TABLES = (_LOOKS_CYRILLIC, _SOUNDS_CYRILLIC, _LOOKS_LATIN, _SOUNDS_LATIN)
_LOOK_ALIKE = frozenset("abcehkmoptxy")
_INVISIBLE = frozenset(("Cf", "Me", "Co", "Cs", "Cn"))
"""Unicode's categories of what shows nothing by itself."""


class ReadWord(NamedTuple):
    """A word of a text, and what it may be read as."""

    written: str
    """In small plain letters."""
    forms: frozenset[str]
    masked: frozenset[str]
    """The same with ``*`` for each letter that is hidden; none where none is."""


def plain_letters(text: str) -> str:
    """The text in small letters without marks, each the usual one: "ё" as "е", "й" as "и", "ｆ" as "f"."""
    if not _INVISIBLE.isdisjoint(map(unicodedata.category, text)):
        text = "".join(c for c in text if unicodedata.category(c) not in _INVISIBLE)
    letters = unicodedata.normalize("NFD", normal_form("NFKC", text).casefold())
    return "".join([c for c in letters if not unicodedata.combining(c)]).translate(_USUAL)


def readings(text: str) -> list[ReadWord]:
    """The words of a text in their order."""
    return [reading_of(match[0].replace("’", "'")) for match in _PIECE.finditer(plain_letters(text))]


def spelled(words: list[ReadWord]) -> list[str]:
    """Runs of single letters, each as one word: "с у к а", "f-u-c-k"."""
    found: list[str] = []
    run = ""
    for written in [*(word.written for word in words), ""]:
        if len(written) == 1:
            run += written
            continue
        if len(run) >= FEWEST_SPELLED:
            found.append(run)
        run = ""
    return found


def with_spelled_words(words: list[ReadWord]) -> list[ReadWord] | None:
    """The words, each run of single letters as one: "Сам ты д у р а к"; None: there is no run."""
    if not spelled(words):
        return None
    found: list[ReadWord] = []
    run: list[ReadWord] = []
    for word in [*words, ReadWord("", frozenset(), frozenset())]:
        if len(word.written) == 1:
            run.append(word)
            continue
        is_word = len(run) >= FEWEST_SPELLED
        found += [reading_of("".join(letter.written for letter in run))] if is_word else run
        found.append(word)
        run = []
    return found[:-1]


@lru_cache(maxsize=4096)
def reading_of(written: str) -> ReadWord:
    """What a word in small plain letters may be read as."""
    forms = {written}
    masked: frozenset[str] = frozenset()
    # A number with a letter behind it is a house, a seat, a bus: "36А", "10x".
    if (
        len(written) <= LONGEST_READ
        and any(char.isalpha() for char in written)
        and not written[:-1].isdecimal()
    ):
        if not written.isalpha():
            if _MASK.search(written):
                forms.add(_MASK.sub("", written))
                hidden = _MASK.sub("*", written)
                masked = frozenset({hidden, *(hidden.translate(table) for table in _TABLES)})
            forms.update(_SIGN.split(written))
        if not written.isalpha() or _has_two_alphabets(written):
            plain = sorted(forms)[:MOST_PARTS]
            for table in _TABLES:
                forms |= {form.translate(table) for form in plain}
        elif written.isascii() and _LOOK_ALIKE.issuperset(written):
            forms.add(written.translate(_LOOKS_CYRILLIC))
        for form in tuple(forms):
            if _RUN.search(form):
                forms |= {
                    _RUN.sub(r"\1", form),
                    _LONG_RUN.sub(r"\1", form),
                    _LONG_RUN.sub(r"\1\1", form),
                }
    forms.discard("")
    return ReadWord(written, frozenset(forms), masked)


def _has_two_alphabets(word: str) -> bool:
    return not word.isascii() and any(c.isascii() and c.isalpha() for c in word)
