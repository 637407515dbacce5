"""Socket files: in a folder of their binder's own, locked before they are bound, and watched afterwards."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from pathlib import Path

MAX_PATH_BYTES = 107
"""``sun_path`` of a Unix socket, less its final zero (unix(7))."""
OPEN = stat.S_IWGRP | stat.S_IRWXO
"""What no folder with sockets may allow: that others put something there, or that strangers enter."""


class PathTakenError(Exception):
    """Another process owns, or has taken over, a socket path; the text is one line for the operator."""


class SocketPath:
    """One ``ipc://`` endpoint that this process binds.

    ZeroMQ lets a second bind steal a path silently, so the right to bind is a lock on a file beside it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.endpoint = f"ipc://{path}"
        self._lock_fd: int | None = None
        self._inode: int | None = None

    def acquire(self) -> None:
        """Make the folder (0700) where there is none, and take the lock; call before binding.

        Raises:
            PathTakenError: the path is too long, its folder is not ours, or another process holds the lock.
        """
        if len(os.fsencode(self.path)) > MAX_PATH_BYTES:
            raise PathTakenError(
                f"{self.path} is longer than the {MAX_PATH_BYTES} bytes a socket path may have; "
                "set runtime_dir to a shorter one"
            )
        try:
            make_private(self.path.parent)
        except OSError as error:
            raise PathTakenError(
                f"{self.path.parent} cannot be made ({error.strerror}): "
                "on a device `systemd-tmpfiles --create` makes it; elsewhere set another runtime_dir"
            ) from error
        try:
            fd = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except PermissionError as error:
            raise PathTakenError(
                f"{self.path}.lock cannot be opened ({error.strerror}): another user runs this process here; "
                "run it as that one, or remove the file when its process has ended"
            ) from error
        except OSError as error:
            raise PathTakenError(f"{self.path}.lock cannot be made: {error.strerror}") from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(fd)
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise
            raise PathTakenError(
                f"{self.path} belongs to a guide that is already running; stop it, or set another runtime_dir"
            ) from error
        self._lock_fd = fd

    def bound(self) -> None:
        """Call after binding: remember which file is ours, and let its group connect to it."""
        self.path.chmod(0o660)  # to connect one must be able to write
        self._inode = self.path.stat().st_ino

    def check(self) -> None:
        """Raises PathTakenError when the file at our path is no longer the one that we bound."""
        try:
            inode = self.path.stat().st_ino
        except FileNotFoundError:
            inode = None
        if self._inode is not None and inode != self._inode:
            raise PathTakenError(
                f"{self.path} was removed or bound by somebody else; starting anew takes it back"
            )

    def release(self) -> None:
        if self._lock_fd is not None:
            os.close(self._lock_fd)
            self._lock_fd = None


def make_private(directory: Path) -> None:
    """Make the directory (0700), or see to it that nobody else can put a socket there.

    A group that may enter it may go on doing so.

    Raises:
        OSError: it cannot be made.
        PathTakenError: it belongs to somebody else, or others may write there.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = directory.stat()
    is_open = status.st_mode & OPEN
    if status.st_uid == os.geteuid():
        if is_open:
            directory.chmod(stat.S_IMODE(status.st_mode) & ~OPEN)
    elif status.st_uid != 0 or is_open:
        raise PathTakenError(
            f"{directory} is not private (owner {status.st_uid}, mode {stat.S_IMODE(status.st_mode):o}); "
            "set runtime_dir to another directory"
        )
