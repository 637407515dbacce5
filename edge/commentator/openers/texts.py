"""The openers, bridges and endings that come with the guide."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import get_args

from edge.messages import Kind, Language, PoolText, PoolUse
from edge.package_tables import read_table

ANY_MOOD = "any"


def own_texts(language: Language, kinds: Sequence[Kind]) -> list[PoolText]:
    """The texts of a language for these kinds of turns (``remark``, ``answer``).

    An id is made from the text, so that it is the same after a restart.
    """
    table = read_table(__package__, f"{language}.toml")
    return [
        _text(use, language, kind, "" if mood == ANY_MOOD else mood, words)
        for kind in kinds
        for use in get_args(PoolUse)
        for mood, texts in table[kind].get(use, {}).items()
        for words in texts
    ]


def _text(use: PoolUse, language: Language, kind: Kind, mood: str, words: str) -> PoolText:
    digest = hashlib.sha256(f"{language} {kind} {words}".encode()).hexdigest()[:12]
    return PoolText(
        entry_id=f"{use}-{digest}",
        use=use,
        language=language,
        text=words,
        kind=kind,
        mood=mood,
        written_at=0.0,
    )
