"""Opens a file that a command writes for its caller, and never one that is there already."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from edge.operator_error import OperatorError
from edge.plain_file import open_only_plain

MODE = 0o600


def open_new(path: Path) -> BinaryIO:
    """Make it. Raises OperatorError."""
    try:
        return os.fdopen(open_only_plain(str(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE), "wb")
    except FileExistsError:
        raise OperatorError(f"{path} exists; name another file, or remove it") from None
    except OSError as error:
        raise OperatorError(f"cannot write {path}: {error.strerror or error}") from error
