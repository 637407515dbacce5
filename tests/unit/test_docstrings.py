"""What every docstring owes its reader: a class says what it is, and nothing begins in the middle."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECTIONS = ("Args:", "Raises", "Returns:", "Yields:")
DANGLING = ("Of", "So", "It", "Its", "They", "Them", "Those", "These")
BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@functools.cache
def nodes(folder: str) -> list[tuple[str, Documented]]:
    """Whatever may have a docstring, with its place."""
    return [
        (f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}", node)
        for path in sorted((ROOT / folder).rglob("*.py"))
        for node in _documented(ast.parse(path.read_text("utf-8")))
    ]


def _documented(tree: ast.Module) -> Iterator[Documented]:
    """Blocks of statements alone are looked through: no expression has a docstring."""
    within: list[ast.AST] = [tree]
    while within:
        node = within.pop()
        if isinstance(node, Documented):
            yield node
        for block in BLOCKS:
            within += getattr(node, block, ())


def attributes(node: Documented) -> Iterator[str]:
    """Texts behind constants and fields."""
    for before, behind in zip(node.body, node.body[1:], strict=False):
        match before, behind:
            case (ast.Assign() | ast.AnnAssign(), ast.Expr(ast.Constant(str(text)))):
                yield text


@pytest.mark.parametrize("folder", ["edge", "bench"])
def test_every_public_class_says_what_it_is_before_its_arguments(folder: str) -> None:
    silent = [
        f"{place} {node.name}"
        for place, node in nodes(folder)
        if isinstance(node, ast.ClassDef)
        and not node.name.startswith("_")
        and (ast.get_docstring(node) or SECTIONS[0]).startswith(SECTIONS)
    ]
    assert silent == []


def test_no_docstring_begins_without_its_subject() -> None:
    dangling = [
        f"{place}: {text.splitlines()[0]}"
        for place, node in nodes("edge")
        for text in (ast.get_docstring(node) or "", *attributes(node))
        if text.partition(" ")[0].rstrip(",") in DANGLING
    ]
    assert dangling == []
