"""The program ends without taking apart what it has loaded, and leaves nothing undone."""

from __future__ import annotations

import os
import subprocess
import sys

ENDS_WITHIN_S = 50.0


def ended(command: str) -> subprocess.CompletedProcess[str]:
    """The program, with ``command`` (the body of a function) in the place of all commands."""
    lines = (
        "import atexit, sys, threading",
        "from edge.cli import entry, main as commands",
        "def main():",
        *(f"    {line}" for line in command.splitlines()),
        "commands.main = main",
        "sys.exit(entry.program())",
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=ENDS_WITHIN_S,
    )


def test_what_was_written_and_what_is_due_at_the_end_is_done() -> None:
    done = ended(
        "atexit.register(print, 'tidied', end='')\n"
        "print('written', end=' ', flush=False)\n"
        "print('told', file=sys.stderr, end='')\n"
        "return 3"
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, "written tidied", "told")


def test_nothing_that_is_loaded_is_taken_apart() -> None:
    done = ended(
        "class Loaded:\n    def __del__(self): print('taken apart')\nentry.loaded = Loaded()\nreturn 0"
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_a_thread_that_works_on_is_waited_for() -> None:
    done = ended(
        "threading.Thread(target=lambda: (threading.main_thread().join(), print('worked'))).start()\nreturn 1"
    )
    assert (done.returncode, done.stdout) == (1, "worked\n")
