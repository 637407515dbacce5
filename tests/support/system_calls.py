"""The system calls of a program, and what a loss of power after it would lose."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

TRACED = (
    "/^(open(at)?|write|pwrite64|copy_file_range|rename(at2?)?|link(at)?|symlink(at)?|mkdir(at)?|unlink(at)?"
    "|fsync|fdatasync|sync|syncfs)$"
)
LINE = re.compile(r"^(\d+) +(.*)$")
CALL = re.compile(r"^(\w+)\((.*)\)\s+= (-?\d+)(?:<(.*)>)?")
UNFINISHED, RESUMED = " <unfinished ...>", re.compile(r"^<\.\.\. \w+ resumed>")
PATHS = re.compile(r'"((?:[^"\\]|\\.)*)"')
OF_DESCRIPTOR = re.compile(r"^\d+<([^>]*)>")
TRACING_LIMIT_S = 60


class Call(NamedTuple):
    """One that succeeded."""

    name: str
    arguments: str
    opened: str
    """The path behind the descriptor that it returned, or nothing."""

    @property
    def paths(self) -> list[str]:
        return PATHS.findall(self.arguments)

    @property
    def file(self) -> str:
        """The path behind the descriptor that it was given first, or nothing."""
        found = OF_DESCRIPTOR.match(self.arguments)
        return found[1] if found else ""


@functools.cache
def why_not_traced() -> str:
    """Why nothing can be traced here; empty where it can."""
    if shutil.which("strace") is None:
        return "strace is not here: scripts/setup.sh dev, as root"
    tried = subprocess.run(["strace", "-f", "-o", "/dev/null", "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "strace is not permitted here"


def system_calls(command: Sequence[str], log: Path, *, cwd: Path) -> list[Call]:
    """Those of a command and its children that concern files. Skips the test where none can be traced."""
    if why := why_not_traced():
        pytest.skip(why)
    tracer = ["strace", "-f", "-y", "-s", "0", "-e", "signal=none", "-e", f"trace={TRACED}", "-o", str(log)]
    ran = subprocess.run(
        [*tracer, *command],
        capture_output=True,
        text=True,
        timeout=TRACING_LIMIT_S,
        check=False,
        cwd=cwd,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return list(_calls(log.read_text("utf-8", "replace")))


def _calls(text: str) -> Iterator[Call]:
    begun: dict[str, str] = {}
    for line in text.splitlines():
        found = LINE.match(line)
        if found is None:
            continue
        process, told = found.groups()
        if told.endswith(UNFINISHED):
            begun[process] = told.removesuffix(UNFINISHED)
            continue
        if RESUMED.match(told):
            told = begun.pop(process, "") + RESUMED.sub("", told)
        call = CALL.match(told)
        if call and not call[3].startswith("-"):
            yield Call(call[1], call[2], call[4] or "")


def lost_by_a_cut(calls: Sequence[Call], folder: Path) -> list[str]:
    """What may be lost or half there below ``folder``, which was empty before, when the power is cut.

    A file's content is safe when it was synced after it was written; its name when its folder was synced
    after it was made or renamed. A name that is given before the content is safe may be that of half a file.
    """
    lost: list[str] = []
    contents: dict[str, None] = {}
    names: dict[str, None] = {}
    known: set[str] = set()
    for call in calls:
        below = [path for path in (*call.paths, call.file, call.opened) if path.startswith(f"{folder}/")]
        if call.name == "sync" or (
            call.name == "syncfs" and call.file in (str(folder), *map(str, folder.parents))
        ):
            contents.clear()
            names.clear()
        elif call.name in ("fsync", "fdatasync"):
            contents.pop(call.file, None)
            for path in [path for path in names if str(Path(path).parent) == call.file]:
                del names[path]
        elif not below:
            continue
        elif call.name.startswith("open") and "O_CREAT" in call.arguments and below[0] not in known:
            known.add(below[0])
            names[below[0]] = None
        elif call.name in ("write", "pwrite64", "copy_file_range"):
            contents[below[0]] = None
        elif call.name.startswith("rename"):
            old, new = below[0], below[-1]
            if old in contents:
                del contents[old]
                lost.append(f"{new} has its name before its content is on the disk")
            names.pop(old, None)
            names[new] = None
            known.add(new)
        elif call.name.startswith(("mkdir", "link", "symlink")):
            names[below[-1]] = None
        elif call.name.startswith("unlink"):
            contents.pop(below[0], None)
            names.pop(below[0], None)
    return lost + [f"content of {path}" for path in contents] + [f"name of {path}" for path in names]
