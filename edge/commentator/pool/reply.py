"""A model's reply with several remarks, as the remarks. Pure; in time that grows with the reply's length."""

from __future__ import annotations

import itertools
import json
import re

from edge.commentator.reasoning import content_of

MAX_REMARKS = 20
"""Twice what is asked for at most; more are not looked at."""
_STRING = re.compile(r'"[^"\\]*+(?:\\.?[^"\\]*+)*+(?:"|\Z)', re.DOTALL)
"""One that is never closed reaches to the end: nothing is looked for inside it again."""
_ITEM = re.compile(r"^[^\S\n]*+(?:\d++[.)]|[-*•])\s+(.+)$", re.MULTILINE)


def remarks_of(reply: str) -> list[str]:
    """The remarks of a JSON list of strings, also where it broke off; else of a numbered list. Not more than
    ``MAX_REMARKS``."""
    text = content_of(reply)
    start = text.find("[")
    if start >= 0:
        strings = (_text(match[0]) for match in _STRING.finditer(text, start))
        found = (string for string in strings if string)
    else:
        found = (item[1].strip().strip('«»“”"') for item in _ITEM.finditer(text))
    return list(
        itertools.islice((" ".join(remark.split()) for remark in found if remark.strip()), MAX_REMARKS)
    )


def _text(literal: str) -> str | None:
    try:
        value = json.loads(literal, strict=False)
    except ValueError:
        return None
    return str(value)
