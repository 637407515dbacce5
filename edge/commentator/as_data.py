"""What others say, write or show, as it may stand in a request to a model: data, in one line. Pure."""

from __future__ import annotations

import unicodedata

_HARMLESS = str.maketrans(
    {"<": "‹", ">": "›", "[": "(", "]": ")", "{": "(", "}": ")", "|": "/", "`": "'", "#": None}
)
"""What tags, headings and chat formats' control tokens are made of (``<|start|>``, ``[INST]``, ``###``)."""
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def as_data(text: str, max_chars: int) -> str:
    """The text as one line in which nothing can be a tag, a role or a control token, cut at a word."""
    visible = "".join(" " if unicodedata.category(c) in _INVISIBLE else c for c in text)
    line = " ".join(visible.translate(_HARMLESS).split())
    if len(line) <= max_chars:
        return line
    return (line[:max_chars].rpartition(" ")[0] or line[:max_chars]) + "…"
