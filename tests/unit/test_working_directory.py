"""What lies in the folder that somebody stands in is never taken for a module of the guide's."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.own_environment import REPOSITORY
from edge.cli.up import Supervisor
from tests.support.guide import clean_environment
from tests.support.ports import free_port
from tests.support.sources import parsed
from tests.support.waiting import until


def options_behind_the_interpreter(tree: ast.Module) -> Iterator[str]:
    """What follows each ``sys.executable`` in a list, a tuple or a call."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(args=items) | ast.List(elts=items) | ast.Tuple(elts=items):
                for item, behind in itertools.zip_longest(items, items[1:]):
                    if isinstance(item, ast.Attribute) and ast.unparse(item) == "sys.executable":
                        yield ast.unparse(behind) if behind else "nothing"


def test_every_interpreter_that_the_guide_starts_leaves_the_working_directory_out() -> None:
    found = {
        f"{path}: {option}"
        for path, tree in parsed(REPOSITORY / "edge", "executable")
        for option in options_behind_the_interpreter(tree)
    }
    assert len(found) >= 5
    assert [each for each in found if not each.endswith(("'-P'", "'-I'"))] == []


async def test_up_starts_no_module_of_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = tmp_path / "somewhere"
    (trap / "edge").mkdir(parents=True)
    (trap / "edge" / "__init__.py").write_text("open('taken', 'w')\n")
    (trap / "msgspec.py").write_text("open('taken', 'w')\n")
    monkeypatch.chdir(trap)
    (tmp_path / "guide").mkdir()
    environment = clean_environment(tmp_path / "guide", free_port())
    async with Supervisor(("telemetry",), environment, quiet=True) as supervisor:
        await until(lambda: (tmp_path / "guide" / "run").exists() or (trap / "taken").exists())
        assert supervisor.pid("telemetry")
    assert not (trap / "taken").exists()
