"""Run a command that the kernel kills when its parent dies: ``python THIS PARENT_PID COMMAND…``.

A child by itself outlives a parent that was killed. The wish to die with the parent survives ``exec``, so
the command needs to know nothing of it. Linux only; elsewhere the command just runs.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(command: list[str], parent: int) -> None:
    """Become ``command``, unless ``parent`` has died already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit("the parent process has died")
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[2:], int(sys.argv[1]))
