"""What a model is asked that writes remarks ahead."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from typing import cast

from edge.commentator.prompts import load_prompt
from edge.lexicon.labels import canonical
from edge.lexicon.noun_phrase import noun_phrase
from edge.messages import Language, Pattern
from edge.package_tables import read_table


class Asking:
    """Makes the prompts by which a model is asked for remarks.

    Args:
        language: of the remarks.
        prompts_dir: the operator's, see ``load_prompt``.

    Raises:
        ConfigError: a prompt of the operator's cannot be read.
    """

    def __init__(self, language: Language, prompts_dir: str | None) -> None:
        self._language = language
        self.system = f"{load_prompt(language, prompts_dir)}\n{load_prompt(f'pool_{language}', prompts_dir)}"
        self.fingerprint = hashlib.sha256(f"{language}\n{self.system}".encode()).hexdigest()[:16]
        """Another one: what was written before is void."""

    def user(self, pattern: Pattern, number: int, avoid: Sequence[str]) -> str:
        """The sighting, how many remarks are wanted, and those that there are. Data, never instructions."""
        words = _words()[self._language]
        label = canonical(pattern.label)
        lines = [
            f"{words['what']}: {noun_phrase(self._language, label, 1) if label else pattern.label}",
            f"{words['how_many']}: {words[pattern.count]}",
            f"{words['where']}: {words[pattern.side or 'anywhere']}",
            f"{words['number']}: {number}",
        ]
        if avoid:
            lines.append(f"{words['there_is']}: " + "; ".join(f"«{text}»" for text in avoid))
        return "\n".join(lines)


@cache
def _words() -> dict[Language, dict[str, str]]:
    return cast(dict[Language, dict[str, str]], read_table("edge.commentator.prompts", "pool.toml"))
