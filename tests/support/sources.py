"""Source files, parsed, for tests that look through all of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


def parsed(folder: Path, *names: str) -> Iterator[tuple[str, ast.Module]]:
    """Path below the folder, and tree; where names are given, only of files in whose text one of them stands.

    One tree after the other: many nodes that are kept are looked through by the garbage collector each time.
    """
    for path in sorted(folder.rglob("*.py")):
        text = path.read_text("utf-8")
        if not names or any(name in text for name in names):
            yield path.relative_to(folder).as_posix(), ast.parse(text)


def statements(tree: ast.Module) -> Iterator[ast.AST]:
    """The module, its statements and theirs; no expressions, of which there are many more."""
    within: list[ast.AST] = [tree]
    while within:
        node = within.pop()
        yield node
        for block in BLOCKS:
            within += getattr(node, block, ())
