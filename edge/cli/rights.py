"""Commands that root calls give up root's rights before they touch what belongs to somebody else.

What a service keeps is its own: whoever has got hold of the service can put links and FIFOs there. Root would
follow them anywhere; with the service's own rights a command reaches nothing that the service cannot reach.
"""

from __future__ import annotations

import contextlib
import errno
import grp
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from edge.operator_error import OperatorError

MOST_LINKS = 40
"""On one way, as for Linux itself."""


class RightsError(OperatorError):
    """Root's rights cannot be given up; the text is one line for the operator."""


def give_up_rights(folder: Path, groups: tuple[str, ...] = ()) -> None:
    """Where root calls and ``folder`` belongs to somebody else: keep only that one's rights, for good.

    Args:
        folder: it need not exist yet.
        groups: that the process stays in beside the folder's own, where this machine has them.

    Raises:
        RightsError: it cannot be seen whose it is, or this machine does not let root become another.
    """
    try:
        if owner := _owner(folder):
            os.setgroups(_ids(groups))
            os.setresgid(owner.st_gid, owner.st_gid, owner.st_gid)
            os.setresuid(owner.st_uid, owner.st_uid, owner.st_uid)
    except OSError as error:
        raise _refused(folder, error) from error


@contextlib.contextmanager
def rights_of_owner(folder: Path) -> Iterator[None]:
    """Give up root's rights until the block ends: for a command that has to write elsewhere afterwards."""
    groups, gid = os.getgroups(), os.getegid()
    try:
        owner = _owner(folder)
        if owner is not None:
            os.setgroups([])
            os.setegid(owner.st_gid)
            os.seteuid(owner.st_uid)
    except OSError as error:
        raise _refused(folder, error) from error
    if owner is None:
        yield
        return
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(gid)
        os.setgroups(groups)


def _owner(folder: Path) -> os.stat_result | None:
    """The owner of the folder, if root calls and it is not root's; else None.

    It is the first on the way from ``/`` who is not root: he can put another folder behind it.
    """
    if os.geteuid() != 0:
        return None
    place = Path("/")
    ahead = [*reversed(folder.absolute().parts[1:])]
    links = 0
    while ahead:
        name = ahead.pop()
        if name == "..":
            place = place.parent
            continue
        try:
            found = (place / name).lstat()
        except FileNotFoundError:
            return None  # root's, if the command makes it
        if found.st_uid != 0:
            return found
        if not stat.S_ISLNK(found.st_mode):
            place = place / name
            continue
        if (links := links + 1) > MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(folder))
        target = (place / name).readlink()
        if target.is_absolute():
            place = Path("/")
        ahead += [part for part in reversed(target.parts) if part != "/"]
    return None


def _refused(folder: Path, error: OSError) -> RightsError:
    return RightsError(
        f"{folder}: cannot act as its owner ({error.strerror or error}); run it as that user: sudo -u NAME …"
    )


def _ids(groups: tuple[str, ...]) -> list[int]:
    found = []
    for name in groups:
        with contextlib.suppress(KeyError):
            found.append(grp.getgrnam(name).gr_gid)
    return found
