"""Stands in for what the interpreter runs in the listener's unit and in the trial's: tells what it may there.

Usage: gpu_probe.py KEPT_AS [trial options]; as the listener it notifies and stays.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

STATE = Path("/var/lib/shuttle-guide/listener")
LIBC = ctypes.CDLL(None, use_errno=True)


def of_status() -> dict[str, str]:
    lines = (line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    wanted = (
        "Uid",
        "Gid",
        "Groups",
        "CapInh",
        "CapPrm",
        "CapEff",
        "CapBnd",
        "CapAmb",
        "NoNewPrivs",
        "Seccomp",
    )
    return {name: " ".join(value.split()) for name, value in lines if name in wanted}


def system_call(number: int, *arguments: Any) -> None:
    if LIBC.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "")


def of(attempt: Callable[[], Any]) -> str:
    try:
        attempt()
    except OSError as error:
        return f"errno {error.errno}"
    return "done"


def told() -> dict[str, Any]:
    attempts: dict[str, Callable[[], Any]] = {
        "a node of the GPU": lambda: os.close(os.open("/dev/gpu_of_a_test", os.O_RDWR)),
        "another node": lambda: os.close(os.open("/dev/nvme_of_a_test", os.O_RDWR)),
        "/etc": lambda: Path("/etc/of_a_test").touch(),
        "the release": lambda: Path(__file__).touch(),
        "its state": lambda: (STATE / "of_a_test").touch(),
        "a namespace": lambda: system_call(272, 0x20000000),  # unshare(CLONE_NEWNET), x86-64
        "a netlink socket": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close(),
        "an address elsewhere": lambda: socket.create_connection(("10.213.99.1", 9), 2).close(),
        "code made at run time": lambda: LIBC.mmap(None, 4096, 7, 0x22, -1, 0),
    }
    return {
        **of_status(),
        "uid_map": Path("/proc/self/uid_map").read_text().split(),
        "limits": {name: of_limit(name) for name in ("Max realtime priority", "Max core file size")},
        **{name: of(attempt) for name, attempt in attempts.items()},
    }


def of_limit(name: str) -> str:
    lines = Path("/proc/self/limits").read_text().splitlines()
    return next(" ".join(line[len(name) :].split()) for line in lines if line.startswith(name))


def main() -> None:
    kept_as = sys.argv[1]
    STATE.mkdir(parents=True, exist_ok=True)  # as root; a unit has it
    (STATE / f"{kept_as}.json").write_text(json.dumps(told()))
    if kept_as == "listener":
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
            while True:
                with contextlib.suppress(OSError):
                    manager.sendto(b"WATCHDOG=1", os.environ["NOTIFY_SOCKET"])
                time.sleep(1)
    # What the engine of this release imports.
    sys.path.insert(0, str(Path(__file__).parent))
    try:
        importlib.import_module("engine")
    except Exception as error:
        sys.exit(f"the engine does not start: {error}")


main()
