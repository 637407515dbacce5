"""How the product hangs together: imports go in one direction, and no name stands for two things."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TypeGuard

import pytest

from tests.support.sources import parsed, statements

ROOT = Path(__file__).parents[2]
PRODUCT, BENCH = ROOT / "edge", ROOT / "bench"
INIT = "__init__"
CAMEL_CASE = re.compile(r"[A-Z]\w*[a-z]\w*")
TYPE_VARIABLES = ("TypeVar", "ParamSpec", "TypeVarTuple")
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


def public_types(*folders: Path) -> dict[str, list[str]]:
    """Names of classes and types → the files in which they are defined."""
    where = defaultdict(list)
    for folder in folders:
        for path, tree in parsed(folder):
            for name in _public_types(tree):
                where[name].append(f"{folder.name}/{path}")
    return where


def doubled(where: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: paths for name, paths in where.items() if len(paths) > 1}


def _public_types(tree: ast.Module) -> Iterator[str]:
    """Classes, and what is assigned to a name like a class's: aliases, unions, new types."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            names = [node.name]
        elif isinstance(node, ast.Assign) and not _is_type_variable(node.value):
            names = [target.id for target in node.targets if _is_like_a_class(target)]
        elif isinstance(node, ast.AnnAssign) and _is_like_a_class(node.target):
            names = [node.target.id]
        else:
            continue
        yield from (name for name in names if not name.startswith("_"))


def _is_like_a_class(target: ast.expr) -> TypeGuard[ast.Name]:
    return isinstance(target, ast.Name) and CAMEL_CASE.fullmatch(target.id) is not None


def _is_type_variable(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and ast.unparse(value.func) in TYPE_VARIABLES


def test_no_public_type_has_the_name_of_another() -> None:
    types = public_types(PRODUCT, BENCH)
    assert types["Sighting"] == types["Language"] == ["edge/messages.py"], "it reads classes and aliases"
    assert doubled(types) == {}


@pytest.mark.parametrize(
    ("one", "other", "names"),
    [
        ("class Mark: ...", "class Mark: ...", ["Mark"]),
        ("class Mark: ...", "Mark = int | str", ["Mark"]),
        ("Mark: TypeAlias = int", "class Mark(Enum): ...", ["Mark"]),
        ("Mark = NewType('Mark', int)", "Mark = dict[str, Any]", ["Mark"]),
        ("class Mark: ...", "Mark = TypeVar('Mark', bound=int)", []),
        ("class _Mark: ...", "class _Mark: ...", []),
        ("MARK = 1", "MARK = 1", []),
        ("class A: ...", "class A: ...", ["A"]),
        ("class Mark: ...", "class Marks: ...", []),
    ],
)
def test_a_name_that_stands_for_two_things_is_found(
    tmp_path: Path, one: str, other: str, names: list[str]
) -> None:
    (tmp_path / "one.py").write_text(one)
    (tmp_path / "other.py").write_text(other)
    assert list(doubled(public_types(tmp_path))) == names
