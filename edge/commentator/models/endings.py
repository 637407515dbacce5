"""How a sentence ends whose author fell silent in the middle of it."""

from __future__ import annotations

from edge.commentator.clauses import ENDS_SENTENCE
from edge.messages import Language

ENDINGS: dict[Language, str] = {
    "ru": "впрочем, вы и сами всё видите.",
    "en": "well, you can see for yourselves.",
    "id": "ya, lihat saja sendiri.",
}


def ends_sentence(said: str) -> bool:
    """True when nothing is missing behind ``said``."""
    return bool(said) and said.rstrip()[-1:] in ENDS_SENTENCE
