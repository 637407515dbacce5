"""Takes out of a text what is no speech, and nothing that means something. Pure.

Mark-up of every kind goes (Markdown, tags of HTML and SSML, entities become their characters), as do emoji
and, of what a model wrote, stage directions: brackets and ``*…*`` whose whole content is a manner of speaking
(manners.toml). Facts in parentheses stay, and so do signs that are read out: "31 °C", "№ 7", "< 5", "−3".
All of it takes time in proportion to the text's length, whatever is in it.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import cache, lru_cache
from html.entities import html5
from typing import Any

from edge.commentator.list_marks import without_whole_lists_marks
from edge.lexicon.normal_form import normal_form
from edge.lexicon.words import words_of
from edge.package_tables import read_table

READ_OUT = frozenset("°№℃℉℗℠™©®")
"""Characters of Unicode's category "other symbol", as emoji are, that a voice reads."""

_ENTITY = re.compile(r"&(?:[A-Za-z]{2,12}[0-9]{0,2}|#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6});")
_TAG = re.compile(
    r"<[/?]?[A-Za-z][\w:.-]{0,40}(?:\s[^<>=]{0,100}=[^<>]{0,300}|\s{0,4}[/|]?)>"
    r"|<[!|][^<>]{0,300}>|<!\[CDATA\[|\]\]>"
)
"""A name and its attributes: in "a<b and c>d" two things are compared."""
_ADDRESS = re.compile(r"<((?:https?|mailto|tel):[^\s<>]{1,200}|[^\s<>@]{1,64}@[^\s<>@]{1,200})>")
"""In Markdown."""
_IMAGE = re.compile(r"!(?=\[)")
LINK = re.compile(r"\[([^\[\]]*+)\]\([^)]*+\)")
"""Only for a text that ends with its last closing bracket: behind that each ``](`` would search in vain."""
_DIRECTION = re.compile(
    r"\*\*?([^*\n]{1,60})\*\*?|\(([^()\n]{1,60})\)|\[([^\[\]\n]{1,60})\]|\{([^{}\n]{1,60})\}"
)
_FENCE = re.compile(r"^\s*(?:`{3,}|~{3,})\s*[\w+-]*\s*$")
_BOLD = re.compile(r"\*\*|__|~~|`+")
_LINE_START = re.compile(r"^(?:(?:#{1,6}(?=\s)|>(?!\s*[\d=])|[-+*•▪◦‣·–—](?=\s))\s*)+")
_STRAY = re.compile(r"(?<![A-Z])#(?!\d)|(?<!\w)<(?![\s\d=-])|(?<![\s\w])>(?![\d=\s])|\^(?!\w)")
"""Signs that mean something only before a number, behind a letter ("C#"), or between what is compared."""
_SHORTCODE = re.compile(r"(?<![\w:]):[a-z][a-z0-9_+-]{1,30}:(?![\w:])")
"""An emoji by its name."""
_POWER = re.compile(r"(?<=\d)\s?\*\*\s?(?=\d)")
_TIMES = re.compile(r"(?<=\d)\s?\*\s?(?=\d)")
_STARS = re.compile(r"\d\*(?!\w)")
"""A hotel's."""
_UNDERSCORE = re.compile(r"(?<=\w)_(?=\w)")
_EMPTY_BRACKETS = re.compile(r"\(\s*\)|\[\s*\]|\{\s*\}")
_SPACE = re.compile(r"\s+")
SPACE_BEFORE_MARK = re.compile(r" (?=[,.;:!?…](?!\d))")
_SQUARE = str.maketrans({"[": "(", "]": ")", "{": "(", "}": ")"})


def without_markup(text: str) -> str:
    """What is said of a text that people wrote, dispatch's for one: its words as they are, a line for each of
    its lines. Empty when nothing in it can be said."""
    lines = without_whole_lists_marks(text).splitlines()
    return "\n".join(filter(None, (_plain(line) for line in lines)))


def without_noise(text: str) -> str:
    """What is said of a clause that a model wrote: stage directions go, too. It has no list's mark."""
    return _plain(text, directions=True)


def is_manner(content: str) -> bool:
    """Whether the content of brackets says how something is spoken, in any of the guide's languages."""
    words = words_of(content)
    return bool(words) and any(
        all(word in table["all"] for word in words) and any(word in table["manners"] for word in words)
        for table in _manners()
    )


def _plain(text: str, *, directions: bool = False) -> str:
    for _ in range(3):  # what has gone may have hidden another mark: "|- 1|", "**- 1**"
        plain = _plain_once(text, directions)
        if plain == text:
            break
        text = plain
    return text


def _plain_once(text: str, directions: bool) -> str:
    if _FENCE.match(text):
        return ""
    text = _without_tags(normal_form("NFC", text))
    closed = text.rfind(")") + 1
    text = LINK.sub(r"\1", _IMAGE.sub("", text[:closed])) + text[closed:]
    if directions:
        text = _DIRECTION.sub(_without_manner, text)
    text = _SHORTCODE.sub("", text.replace("|", " ").replace("\\", "")).strip()
    text = _TIMES.sub(" × ", _BOLD.sub("", _POWER.sub("^", _LINE_START.sub("", text))))
    text = text if _STARS.search(text) and text.count("*") == 1 else text.replace("*", "")
    text = _STRAY.sub("", _UNDERSCORE.sub(" ", text).replace("_", ""))
    text = "".join(c for c in text.translate(_SQUARE) if _is_read_out(c))
    text = _SPACE.sub(" ", _EMPTY_BRACKETS.sub("", text)).strip()
    text = SPACE_BEFORE_MARK.sub("", text)
    if text.startswith("(") and text.find(")") == len(text) - 1 and text.find("(", 1) < 0:
        text = text[1:-1].strip()
    return text if any(c.isalnum() for c in text) else ""


def _without_tags(text: str) -> str:
    for _ in range(3):  # an entity may stand for another one's beginning, or for a tag's
        plain = _TAG.sub(_joint, _ADDRESS.sub(r"\1", _ENTITY.sub(_character, text)))
        if plain == text:
            break
        text = plain
    return text


def _character(entity: re.Match[str]) -> str:
    is_known = entity[0][1] == "#" or entity[0][1:] in html5
    return html.unescape(entity[0]) if is_known else entity[0]


def _joint(tag: re.Match[str]) -> str:
    """What stands in a tag's place: words on both sides of a line's end or a pause are two."""
    name = tag[0].casefold().lstrip("</")
    return (
        " " if name.startswith(("br", "p", "div", "li", "tr", "td", "h", "s>", "sentence", "speak")) else ""
    )


def _without_manner(match: re.Match[str]) -> str:
    content = match[match.lastindex or 0]
    return "" if is_manner(content) else match[0]


@lru_cache(maxsize=1024)  # more than our languages have letters
def _is_read_out(character: str) -> bool:
    if character in READ_OUT or character.isascii():
        return character.isprintable() or character in "\t\n"
    return unicodedata.category(character) not in ("So", "Sk", "Cs", "Co", "Cn", "Cf", "Cc", "Me") and not (
        "\ufe00" <= character <= "\ufe0f"
    )


@cache
def _manners() -> list[dict[str, frozenset[str]]]:
    tables: dict[str, Any] = read_table(__package__, "manners.toml")
    return [
        {
            "manners": frozenset(words_of(table["acts"] + table["tone"])),
            "all": frozenset(words_of(table["acts"] + table["tone"] + table["with"])),
        }
        for table in tables.values()
    ]
