"""Imports go in one direction: no circle between the files and folders that lie side by side in ``edge``."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.support.sources import parsed, statements

PRODUCT = Path(__file__).parents[2] / "edge"
INIT = "__init__"
PUBLIC_CLASS = re.compile(r"^class ([^\W_]\w*)", re.MULTILINE)
Imports = dict[tuple[str, ...], set[tuple[str, ...]]]
"""Module → the modules that it imports, also those of its functions and for type checkers alone."""


def imports_of(product: Path) -> Imports:
    known = {_module(path.relative_to(product.parent)) for path in product.rglob("*.py")}
    return {
        _module(product.name / Path(path)): {*_imported(path, tree, known)} for path, tree in parsed(product)
    }


def _module(path: Path) -> tuple[str, ...]:
    return path.parent.parts if path.stem == INIT else path.with_suffix("").parts


def _imported(path: str, tree: ast.Module, known: set[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    for node in statements(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: expected imports that name the whole way"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            module = tuple(name.split("."))
            # What is no module is a name in one.
            if imported := next((each for each in (module, module[:-1]) if each in known), ()):
                yield imported


def circles(imports: Imports) -> list[str]:
    """One line for each folder whose files and folders import each other in a circle."""
    levels: dict[tuple[str, ...], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for module, others in imports.items():
        for other in others - {module}:
            shared = _shared(module, other)
            ours, theirs = (
                each[len(shared)] if len(each) > len(shared) else INIT for each in (module, other)
            )
            levels[shared][ours].add(theirs)
    found = []
    for folder, graph in levels.items():
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            found.append(f"{'.'.join(folder)}: {' ← '.join(error.args[1])}")
    return found


def _shared(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """The folder in which both lie."""
    same = 0
    while same < min(len(one), len(other)) and one[same] == other[same]:
        same += 1
    return one[:same]


def test_nothing_in_the_product_imports_in_a_circle() -> None:
    imports = imports_of(PRODUCT)
    assert ("edge", "process") in imports[("edge", "heat_news")], "it reads the imports"
    assert circles(imports) == []


@pytest.mark.parametrize(
    ("imports", "folders"),
    [
        ({"a.x": "b.y", "b.y": "c", "c": ""}, []),
        ({"a.x": "b.y", "b.z": "a.w", "a.w": "", "b.y": ""}, ["edge"]),
        ({"a.x": "b", "b": "c", "c": "a.y", "a.y": ""}, ["edge"]),
        ({"a.x": "a.y", "a.y": "a.x"}, ["edge.a"]),
        ({"a.__init__": "a.x", "a.x": "a"}, ["edge.a"]),
    ],
)
def test_a_circle_is_found(tmp_path: Path, imports: dict[str, str], folders: list[str]) -> None:
    product = tmp_path / "edge"
    for module, other in imports.items():
        path = product.joinpath(*module.split(".")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"if TYPE_CHECKING:\n    from edge.{other} import something" if other else "")
    assert [line.partition(":")[0] for line in circles(imports_of(product))] == folders


def test_no_public_class_has_the_name_of_another() -> None:
    where = defaultdict(list)
    for path in PRODUCT.rglob("*.py"):
        for name in PUBLIC_CLASS.findall(path.read_text("utf-8")):
            where[name].append(str(path.relative_to(PRODUCT)))
    assert len(where) > 100
    assert {name: paths for name, paths in where.items() if len(paths) > 1} == {}
