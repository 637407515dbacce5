"""Text that is made to take time: pieces of what a pattern or a parser looks for, over and over again."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator
from re import _constants, _parser  # type: ignore[attr-defined]  # nothing public parses patterns
from typing import Any

PIECES = (
    *(
        "a",
        "я",
        "1",
        "_",
        " ",
        "  ",
        "\n",
        "\n\n",
        "\t",
        ".",
        ",",
        ";",
        ":",
        "!",
        "?",
        "…",
        "-",
        "—",
        "/",
        "'",
    ),
    *(
        '"',
        "\\",
        '\\"',
        "(",
        ")",
        "[",
        "]",
        "<",
        ">",
        "{",
        "}",
        "*",
        "**",
        "`",
        "~",
        "#",
        "@",
        "&",
        "|",
        "$",
        "=",
    ),
    *("«", "»", "“", "”", "♪", "🐶", "\u0301", "\u0327", "\u0345", "\ufdfa", "й", "ё", "\u200d", "\ud800"),
    *(
        "a@",
        "a@a.",
        "[](",
        "[a](",
        "](",
        "www.",
        "http://",
        "sk-",
        "a1-",
        "<think>",
        "</think>",
        "< /think",
        "<!--",
    ),
    *(
        "-->",
        "- ",
        "1. ",
        "---",
        "\n---",
        "\n---x",
        "```",
        "> ",
        "|a",
        "and ",
        " и ",
        "a, ",
        "гид ",
        "гид-",
        "стоп ",
    ),
    *("две собаки ", "3.5", "dog ", "один ", "one ", "two ", "слева ", "data: ", "{}", '"a",', "\r", "\r\n"),
)
"""What our patterns and parsers take for more than a letter."""
ENDS = ("", "a", " ", "\n", "é", "!", ".", ")", "]", ">", '"', "`", "@", "x.y ")
TRIED = 80
"""Texts that are tried for each pattern or function; the slowest are measured."""
SLOWEST = 2
ROUNDS, ENOUGH = 16, 4
BETWEEN_S = 0.25
BEYOND_DOUBT = 3.8
"""Ratio at which ``ENOUGH`` rounds tell that work is not in proportion: quadratic work has 4."""


def of_length(pieces: str, length: int, begin: str = "", end: str = "") -> str:
    """``pieces`` repeated, between ``begin`` and ``end``: ``length`` characters in all."""
    room = max(0, length - len(begin) - len(end))
    return begin + (pieces * (room // len(pieces) + 1))[:room] + end


def shapes(known: tuple[str, ...], seed: str) -> Iterator[tuple[str, str, str]]:
    """Repeated pieces, beginning and end, without end: each piece by itself first, then mixtures.

    Args:
        known: pieces that are to occur in half of the mixtures.
        seed: the same one gives the same shapes.
    """
    chance = random.Random(seed)
    for piece in known:
        yield piece, "", ""
    while True:
        source = known if known and chance.random() < 0.5 else (*known, *PIECES)
        parts = [chance.choice(source) for _ in range(chance.randint(1, 4))]
        begin = chance.choice(("", *parts, chance.choice(source)))
        yield "".join(parts), begin, chance.choice(ENDS)


def slowest(
    work: Callable[[str], object], length: int, known: tuple[str, ...], seed: str, tried: int = TRIED
) -> list[tuple[str, str, str]]:
    """The shapes on which ``work`` takes longest at ``length`` characters, the slowest first."""
    found: list[tuple[float, tuple[str, str, str]]] = []
    for _, shape in zip(range(tried + len(known)), shapes(known, seed), strict=False):
        found.append((seconds(work, of_length(shape[0], length, *shape[1:])), shape))
    found.sort(key=lambda each: -each[0])
    return [shape for _, shape in found[:SLOWEST]]


def seconds(work: Callable[[str], object], text: str) -> float:
    """Processor time that it takes: what others do on this machine meanwhile does not count."""
    begin = time.thread_time()
    work(text)
    return time.thread_time() - begin


def doubling(
    work: Callable[[str], object], length: int, shape: tuple[str, str, str], floor_s: float, at_most: float
) -> float:
    """How many times as long twice the text takes, best of three each; 0 where that is below ``floor_s``.

    Where it seems too slow, it is measured again and again: others share the processor's caches for a while.
    """
    pieces, begin, end = shape
    once, twice = (of_length(pieces, n, begin, end) for n in (length, 2 * length))
    least_once = least_twice = float("inf")
    for done in range(1, ROUNDS + 1):
        for _ in range(3):
            least_twice = min(least_twice, seconds(work, twice))
            if least_twice < floor_s:
                return 0.0
            least_once = min(least_once, seconds(work, once))
        ratio = least_twice / least_once
        if ratio <= at_most or (done >= ENOUGH and ratio > BEYOND_DOUBT):
            break
        time.sleep(BETWEEN_S)
    return least_twice / least_once


def pieces_of(pattern: re.Pattern[str]) -> tuple[str, ...]:
    """Characters and words that the pattern names."""
    found: list[str] = []
    _collect(_parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE), found)
    return tuple(dict.fromkeys(piece for piece in found if piece))


_CATEGORIES = {
    _constants.CATEGORY_SPACE: " ",
    _constants.CATEGORY_NOT_SPACE: "a",
    _constants.CATEGORY_WORD: "я",
    _constants.CATEGORY_NOT_WORD: ",",
    _constants.CATEGORY_DIGIT: "1",
    _constants.CATEGORY_NOT_DIGIT: "a",
}


def _collect(parsed: Any, found: list[str]) -> None:
    """Gather the literals, and each run of them, from a parsed pattern."""
    run = ""
    for operation, argument in parsed:
        if operation is _constants.LITERAL:
            run += chr(argument)
            found.append(chr(argument))
            continue
        found.append(run)
        run = ""
        if operation is _constants.IN:
            for inner, value in argument:
                if inner is _constants.LITERAL:
                    found.append(chr(value))
                elif inner is _constants.RANGE:
                    found.append(chr(value[0]))
                elif inner is _constants.CATEGORY:
                    found.append(_CATEGORIES[value])
        elif operation is _constants.NOT_LITERAL:
            found.append(chr(argument))
        elif isinstance(argument, tuple):
            for part in argument:
                for each in part if isinstance(part, list) else [part]:
                    if isinstance(each, _parser.SubPattern):
                        _collect(each, found)
        elif isinstance(argument, _parser.SubPattern):
            _collect(argument, found)
    found.append(run)
