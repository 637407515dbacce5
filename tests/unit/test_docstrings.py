"""What every docstring owes its reader: a class says what it is, and nothing begins in the middle."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.sources import parsed, statements

ROOT = Path(__file__).parents[2]
SECTIONS = ("Args:", "Raises", "Returns:", "Yields:")
DANGLING = ("Of", "So", "It", "Its", "They", "Them", "Those", "These")
MayHave = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


class Documented(NamedTuple):
    """What may have a docstring."""

    place: str
    public_class: str
    """Its name; empty: it is none."""
    docstring: str
    attributes: list[str]


@functools.cache
def documented(folder: str) -> list[Documented]:
    return [
        Documented(
            f"{folder}/{path}:{getattr(node, 'lineno', 1)}",
            node.name if isinstance(node, ast.ClassDef) and not node.name.startswith("_") else "",
            ast.get_docstring(node) or "",
            list(_attributes(node)),
        )
        for path, tree in parsed(ROOT / folder)
        for node in statements(tree)
        if isinstance(node, MayHave)
    ]


def _attributes(node: MayHave) -> Iterator[str]:
    """Texts behind constants and fields."""
    for before, behind in zip(node.body, node.body[1:], strict=False):
        match before, behind:
            case (ast.Assign() | ast.AnnAssign(), ast.Expr(ast.Constant(str(text)))):
                yield text


@pytest.mark.parametrize("folder", ["edge", "bench"])
def test_every_public_class_says_what_it_is_before_its_arguments(folder: str) -> None:
    silent = [
        f"{each.place} {each.public_class}"
        for each in documented(folder)
        if each.public_class and (each.docstring or SECTIONS[0]).startswith(SECTIONS)
    ]
    assert silent == []


def test_no_docstring_begins_without_its_subject() -> None:
    dangling = [
        f"{each.place}: {text.splitlines()[0]}"
        for each in documented("edge")
        for text in (each.docstring, *each.attributes)
        if text.partition(" ")[0].rstrip(",") in DANGLING
    ]
    assert dangling == []
