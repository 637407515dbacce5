"""What an emulated language model says, and in which tokens."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from itertools import count
from typing import Any

Reply = Callable[[dict[str, Any]], str | list[str]]
"""From the JSON of a chat request to the answer: a text, or its tokens one by one."""

REMARKS_RU = (
    "Ой, смотрите! Две собаки справа обсуждают, кто сегодня вожак.",
    "А вот и велосипедист: обгоняет нас, зато без кондиционера!",
    "Закат над рисовым полем… Бесплатно, но чаевые солнцу приветствуются.",
    "Дети машут нам руками. Помашите в ответ, это входит в билет!",
)
REMARKS_EN = (
    "Oh, look! Two dogs on the right are holding a staff meeting.",
    "A cyclist is overtaking us: faster, yes, but where is the air conditioning?",
    "Sunset over the rice field. Free of charge, tips go to the sun.",
    "The children are waving. Wave back, it is included in your ticket!",
)

REMARKS_AHEAD = 5
"""In each reply to a request for several remarks."""
_LETTERS = {"ru": "бвгджзклмнпрст", "en": "bcdfgjklmnprst"}

_TOKEN = re.compile(r" ?\w{1,4}|[^\w\s]|\s")


def tokenize(text: str) -> list[str]:
    """Pieces as models make them: up to four characters of a word, punctuation by itself.

    Joined they give ``text`` back.
    """
    return _TOKEN.findall(text)


def scripted_remarks() -> Reply:
    """The default replies: remarks in turn, in Russian when the request has Cyrillic letters in it.

    A request for a JSON list (the guide's, for its pool) is given several, in words like no others, since
    the guide keeps nothing that resembles what it has.
    """
    turns = count()
    rng = random.Random(1)

    def reply(request: dict[str, Any]) -> str:
        messages = request.get("messages", [])
        words = " ".join(str(message.get("content", "")) for message in messages)
        language = "ru" if re.search("[а-яё]", words.lower()) else "en"
        if "JSON" in words:
            return json.dumps([_like_no_other(rng, language) for _ in range(REMARKS_AHEAD)])
        remarks = REMARKS_RU if language == "ru" else REMARKS_EN
        return remarks[next(turns) % len(remarks)]

    return reply


def _like_no_other(rng: random.Random, language: str) -> str:
    """Words in which no number and no side can hide."""
    words = ["".join(rng.choices(_LETTERS[language], k=rng.randint(4, 7))) for _ in range(6)]
    return f"{' '.join(words).capitalize()}."
