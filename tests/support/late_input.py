"""A machine so busy that Ansible writes to a program only when that has ended, if it ends without reading."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

WAITS_S = 1.0
"""For a program to end; one that reads does not meanwhile."""
SITE = """\
import subprocess

class Popen(subprocess.Popen):
    def __init__(self, args, *others, **options):
        super().__init__(args, *others, **options)
        if {program!r} in repr(args):
            try:
                self.wait({waits_s})
            except subprocess.TimeoutExpired:
                pass

subprocess.Popen = Popen
"""


def late_input(folder: Path, program: str) -> Mapping[str, str]:
    """The environment in which what is run with ``program`` in its command line is written to that late.

    Args:
        folder: for the module that Python imports at its start.
    """
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(SITE.format(program=program, waits_s=WAITS_S))
    return {"PYTHONPATH": str(folder)}
