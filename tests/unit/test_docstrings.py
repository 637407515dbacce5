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
FOLDERS = ("edge", "bench", "scripts")
DANGLING = {
    *("Of", "So", "It", "Its", "They", "Them", "Those", "These"),
    *("That", "Than", "Then", "Also", "Not", "Once", "And", "But", "Or"),
}
"""Words with which no text begins that says of what it speaks."""
WITHOUT_A_VERB = {
    *("After", "As", "By", "For", "From", "In", "Into", "To", "Until", "With", "Without"),
    *("Args", "None", "False", "0"),
}
"""Words with which a function's text begins that leaves out what the function does or returns."""
MayHave = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


class Documented(NamedTuple):
    """What may have a docstring."""

    place: str
    public_class: str
    """Its name; empty: it is none."""
    docstring: str
    attributes: list[str]
    is_function: bool


@functools.cache
def documented(folder: str) -> list[Documented]:
    return [
        Documented(
            f"{folder}/{path}:{getattr(node, 'lineno', 1)}",
            node.name if isinstance(node, ast.ClassDef) and not node.name.startswith("_") else "",
            ast.get_docstring(node) or "",
            list(_attributes(node)),
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef),
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


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_public_class_says_what_it_is_before_its_arguments(folder: str) -> None:
    silent = [
        f"{each.place} {each.public_class}"
        for each in documented(folder)
        if each.public_class and (each.docstring or SECTIONS[0]).startswith(SECTIONS)
    ]
    assert silent == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_docstring_begins_without_its_subject(folder: str) -> None:
    dangling = [
        f"{each.place}: {text.splitlines()[0]}"
        for each in documented(folder)
        for text in (each.docstring, *each.attributes)
        if _first_word(text) in DANGLING
    ]
    assert dangling == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_function_says_what_it_does_or_returns_before_how(folder: str) -> None:
    verbless = [
        f"{each.place}: {each.docstring.splitlines()[0]}"
        for each in documented(folder)
        if each.is_function and _first_word(each.docstring) in WITHOUT_A_VERB
    ]
    assert verbless == []


def _first_word(text: str) -> str:
    return text.partition(" ")[0].rstrip(",.:;")
