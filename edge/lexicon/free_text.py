"""Free text, as a person types what they see, read as a sighting: "две собаки справа" → dog, 2, right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from edge.lexicon.noun_head import NotOneThing, Reading
from edge.lexicon.vocabulary import tokenize, vocabulary
from edge.messages import Language, Sighting


def parse(text: str, languages: Sequence[Language] = get_args(Language)) -> Sighting:
    """What ``text`` says, in the one of ``languages`` that explains most of it. Never raises.

    The sighting's ``text`` is None when label, count and side tell it all, and else the whole input. Where
    there is not one clear thing ("собака и кошка", "no dogs", unknown words) the sighting is the text alone.
    """
    tokens = tokenize(text)
    try:
        readings = [Reading.of(tokens, vocabulary(language)) for language in languages]
        found = [reading for reading in readings if reading.head is not None]
        if not found:
            return Sighting(text=text)
        best = min(found, key=lambda reading: reading.left_over)
        return Sighting(
            label=best.label, count=best.count, side=best.side, text=text if best.left_over else None
        )
    except NotOneThing:
        return Sighting(text=text)
