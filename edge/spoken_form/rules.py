"""Rules that are tried at each token, and what they say for it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from edge.spoken_form.form import Respelling
from edge.spoken_form.tokens import TokenKind, Tokens


class Said(NamedTuple):
    """The tokens up to before ``end`` are said as ``text``."""

    end: int
    text: str


Rule = Callable[[Tokens, int], Said | None]
Rules = Mapping[TokenKind, Sequence[Rule]]
"""By the kind of the token where they may begin, the first that has something to say wins."""


def closed(tokens: Tokens, end: int, said: str) -> Said:
    """``said``, with the full stop of its abbreviation where that also ends the sentence."""
    return Said(end, f"{said}." if tokens[end - 1].text == "." and tokens.ends_sentence(end) else said)


def where(marks: str, rule: Rule) -> Rule:
    """``rule``, where one of ``marks`` stands."""
    return lambda tokens, index: rule(tokens, index) if tokens[index].text in marks else None


def respell(tokens: Tokens, rules: Rules) -> Iterator[Respelling]:
    """What the rules say, from the beginning to the end of the text."""
    index = 0
    while index < len(tokens):
        said = next(
            (said for rule in rules.get(tokens[index].kind, ()) if (said := rule(tokens, index))), None
        )
        if said is None or said.end <= index:
            index += 1
            continue
        written = tokens.text(index, said.end)
        if written != said.text:
            yield Respelling(tokens[index].start, tokens[said.end - 1].end, said.text)
        index = said.end
