"""What the models are told: one short file a language, and the sighting in words."""

from __future__ import annotations

import os
from functools import cache
from importlib import resources
from pathlib import Path

from edge.commentator.as_data import as_data
from edge.config import ConfigError
from edge.lexicon.free_text import parse
from edge.lexicon.labels import canonical
from edge.lexicon.noun_phrase import noun_phrase
from edge.messages import MAX_TEXT_CHARS, Language, Side, Sighting
from edge.text_file import read_text

SIDES: dict[Language, dict[Side, str]] = {
    "ru": {"left": "слева", "right": "справа", "ahead": "впереди", "behind": "сзади"},
    "en": {"left": "on the left", "right": "on the right", "ahead": "ahead", "behind": "behind us"},
    "id": {"left": "di kiri", "right": "di kanan", "ahead": "di depan", "behind": "di belakang"},
}
LARGEST_PROMPT_BYTES = 64 * 1024
MAX_DESCRIPTION_CHARS = MAX_TEXT_CHARS + 100
"""A sighting's own text, and what stands before it."""
DISTANCE: dict[Language, str] = {"ru": "{} м", "en": "{} m away", "id": "{} m"}


@cache
def load_prompt(name: str, folder: str | None) -> str:
    """A prompt, from the operator's folder where it has one. It is read at the first call.

    Args:
        name: the language for remarks, ``answer_`` and the language for answers.
        folder: the operator's.

    Raises:
        ConfigError: the operator's folder is not there, or its file cannot be read.
    """
    own = _own_text(name, folder)
    return (
        resources.files(__name__).joinpath(f"{name}.txt").read_text("utf-8").strip() if own is None else own
    )


@cache
def introduction(language: Language, folder: str | None) -> str:
    """Who the operator's guide says it is, from ``introduction_LANGUAGE.txt``; empty: there is none.

    Raises:
        ConfigError: as above.
    """
    return " ".join((_own_text(f"introduction_{language}", folder) or "").split())[:MAX_TEXT_CHARS]


def _own_text(name: str, folder: str | None) -> str | None:
    if folder and not Path(folder).is_dir():
        raise ConfigError(f"config: commentator.prompts_dir = {folder!r}: expected a folder that exists")
    if not folder or not os.path.lexists(own := Path(folder) / f"{name}.txt"):
        return None
    try:
        lines = read_text(own, LARGEST_PROMPT_BYTES).split("\n")
        return "\n".join(line.rstrip() for line in lines).strip()
    except OSError as error:
        told = f"{own} cannot be read: {error.strerror}"
        raise ConfigError(f"config: commentator.prompts_dir: {told}") from error


def describe(sighting: Sighting, language: Language) -> str:
    """A sighting in a few words, as the camera would say it: "две собаки справа, 5 м".

    What a sign says, or a sender wrote, is in it as data: one line without any marks that a model obeys.
    """
    return as_data(_described(sighting, language), MAX_DESCRIPTION_CHARS)


def _described(sighting: Sighting, language: Language) -> str:
    if sighting.text and (sighting.label is None or parse(sighting.text).label == sighting.label):
        return sighting.text  # the words tell it all
    words = [_named(sighting, language)]
    if sighting.side:
        words.append(SIDES[language][sighting.side])
    description = " ".join(words)
    if sighting.distance_m is not None:
        description += ", " + DISTANCE[language].format(round(sighting.distance_m))
    return f"{description}: {sighting.text}" if sighting.text else description


def _named(sighting: Sighting, language: Language) -> str:
    label = canonical(sighting.label or "")
    if label is not None:
        return noun_phrase(language, label, sighting.count)
    # A label of the site's own, which the lexicon does not know, is passed on as it is.
    return f"{sighting.label} ({sighting.count})" if sighting.count != 1 else str(sighting.label)
