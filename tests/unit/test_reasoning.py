"""Thoughts are never spoken, however the stream is cut into tokens."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from edge.commentator.reasoning import without_reasoning


async def tokens(text: str, size: int) -> AsyncIterator[str]:
    for i in range(0, len(text), size):
        yield text[i : i + size]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("<think>hm, a dog</think>Собака!", "Собака!"),
        ("Со<think>x</think>бака", "Собака"),
        ("<think>never ends", ""),
        ("<Reasoning>\na < b\n</Reasoning>Да", "Да"),
        ("2 < 3 и <b>так</b>", "2 < 3 и <b>так</b>"),
        ("a <", "a <"),
        ("<think></think>", ""),
    ],
)
async def test_thoughts_are_taken_out(written: str, spoken: str, size: int) -> None:
    assert "".join([piece async for piece in without_reasoning(tokens(written, size))]) == spoken
