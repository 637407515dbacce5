"""A model's reply with several remarks, as the remarks. Pure."""

from __future__ import annotations

import json
import re

_THOUGHTS = re.compile(
    r"<\s*(think|thinking|reasoning|analysis)\s*>.*?<\s*/\s*\1\s*>", re.IGNORECASE | re.DOTALL
)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_ITEM = re.compile(r"^\s*(?:\d+[.)]|[-*•])\s+(.+?)\s*$", re.MULTILINE)


def remarks_of(reply: str) -> list[str]:
    """The remarks of a JSON list of strings, also where it broke off; else of a numbered list."""
    text = _THOUGHTS.sub("", reply)
    start = text.find("[")
    if start >= 0:
        strings = (_text(match[0]) for match in _STRING.finditer(text, start))
        found = [string for string in strings if string]
    else:
        found = [item.strip('«»“”"') for item in _ITEM.findall(text)]
    return [" ".join(remark.split()) for remark in found if remark.strip()]


def _text(literal: str) -> str | None:
    try:
        value = json.loads(literal, strict=False)
    except ValueError:
        return None
    return str(value)
