"""From the written to the spoken form of a text, for every voice the same. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from edge.messages import Language
from edge.spoken_form.aliases import alias_rule
from edge.spoken_form.form import SpokenForm, compose
from edge.spoken_form.rules import Rules, respell
from edge.spoken_form.tokens import Kind, Tokens

VERSION = 1
"""Raised with every change of what is said: sound that was made ahead with another one is not used."""


def spoken_form(text: str, language: Language, aliases: Mapping[str, str] | None = None) -> SpokenForm:
    """What a voice says for ``text``; words that are said as they are written stay as they are.

    Takes time in proportion to the length, and never raises.

    Args:
        text: a clause or more, as it is shown. Whoever needs the rest of a clause takes the form of the whole
            one and goes on at ``spoken_at``: what stands before a number decides its case.
        aliases: a site's own: written (one or more words, in any case of letters) → how it is said.
    """
    rules = _rules(language)
    if aliases:
        rules = _with_aliases(language, rules, aliases)
    return compose(text, respell(Tokens(text), rules))


_prepared: dict[Language, tuple[Mapping[str, str], Rules]] = {}
"""A site's aliases, and the rules with them: the same for each text until a lexicon changes."""


def _with_aliases(language: Language, rules: Rules, aliases: Mapping[str, str]) -> Rules:
    known = _prepared.get(language)
    if known is None or known[0] is not aliases:
        rule = alias_rule(aliases)
        with_rule = {kind: (rule, *rules.get(kind, ())) for kind in (Kind.NUMBER, Kind.WORD, Kind.SIGN)}
        known = _prepared[language] = (aliases, with_rule)
    return known[1]


@cache
def _rules(language: Language) -> Rules:
    """Loaded with the first text of a language: Russian ones bring a dictionary."""
    match language:
        case "ru":
            from edge.spoken_form.ru.rules import RULES
        case "en":
            from edge.spoken_form.en.rules import RULES
        case "id":
            from edge.spoken_form.id.rules import RULES
    return RULES
