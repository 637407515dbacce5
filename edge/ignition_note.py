"""The ignition, as the vehicle told ``ingest``, for who may power the machine off (``edge/power``).

It is the target of a symbolic link in ``ingest``'s runtime folder, which leads nowhere. Who may only look
into that folder can read it, and nothing is opened: it can be no FIFO, no device and no secret of somebody
else's. The folder lives as long as this boot, so an ``ingest`` that starts anew knows what was said before.
"""

from __future__ import annotations

import logging
import os
import secrets
from pathlib import Path
from typing import Literal, get_args

from edge.atomic_file import HALF_WRITTEN, remove_half_written

log = logging.getLogger(__name__)

Ignition = Literal["on", "off"]
FILE_NAME = "ignition"


class IgnitionNote:
    """Writes the ignition down where ``edge/power`` reads it.

    Args:
        folder: of ``ingest``, in the runtime directory.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        remove_half_written(self._path)
        self.noted = read_ignition(self._path)

    def note(self, ignition: Ignition | None) -> None:
        """Write it down, if it has changed."""
        if ignition is None or ignition == self.noted:
            return
        fresh = self._path.with_name(f"{FILE_NAME}.{secrets.token_hex(8)}{HALF_WRITTEN}")
        try:
            fresh.symlink_to(ignition)
            fresh.replace(self._path)
        except OSError as error:
            log.error("%s cannot be written (%s): the ignition powers nothing off", self._path, error)
        else:
            self.noted = ignition
            log.info("ignition %s", ignition)


def read_ignition(path: Path) -> Ignition | None:
    """The ignition as it is noted; None: nobody has said, or it is no such note."""
    try:
        word = os.readlink(path)  # noqa: PTH115 (a Path would take off/ for off)
    except OSError:
        return None
    return next((known for known in get_args(Ignition) if known == word), None)
