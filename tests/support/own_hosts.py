"""A process of the guide that sees an /etc/hosts of its own, where a name may have several addresses."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable

from edge.cli.main import main

HOSTS = "TEST_OWN_HOSTS"
"""Variable with the path of the file."""
CLONE_NEWNS = 0x0002_0000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x4_0000


def see_own_hosts(path: str) -> None:
    """Needs root. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    steps: tuple[Callable[[], int], ...] = (
        lambda: libc.unshare(CLONE_NEWNS),
        lambda: libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None),
        lambda: libc.mount(path.encode(), b"/etc/hosts", None, MS_BIND, None),
    )
    for step in steps:
        if step():
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    see_own_hosts(os.environ.pop(HOSTS))
    sys.exit(main())
