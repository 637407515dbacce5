"""A model that goes on with what another one began does not say it again."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from edge.commentator.repetition import without_repetition

SAID = "Справа две собаки, кажется,"


async def tokens(text: str, size: int) -> AsyncIterator[str]:
    for at in range(0, len(text), size):
        yield text[at : at + size]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("они спорят.", "они спорят."),
        ("Справа две собаки, кажется, они спорят.", ", они спорят."),
        ("… две собаки, кажется они спорят.", " они спорят."),
        ("Справа две собаки — нет, кошки.", "Справа две собаки — нет, кошки."),
        ("Кажется, они спорят.", "Кажется, они спорят."),
        ("Справа двести собак.", "Справа двести собак."),
        ("справа две собаки, кажется", ""),
        ("", ""),
    ],
)
async def test_the_end_of_what_was_said_is_not_said_again(written: str, spoken: str, size: int) -> None:
    assert "".join([piece async for piece in without_repetition(tokens(written, size), SAID)]) == spoken


async def test_where_nothing_was_said_nothing_is_held_back() -> None:
    assert [piece async for piece in without_repetition(tokens("Да, да", 2), "")] == ["Да", ", ", "да"]
