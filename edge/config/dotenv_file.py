"""The ``.env`` file of a developer: who reads it, and what of it counts."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from edge.config.own_file import NotOursError, read_private

log = logging.getLogger(__name__)

BY_SYSTEMD = "systemd has started this"


def read_dotenv(path: Path, environment: Mapping[str, str], counts: Callable[[str], bool]) -> dict[str, str]:
    """What it sets; nothing where there is none. Where it may not be read one line says why.

    A line in it can send a key to another host. So it is for a person at a desk: a service reads none (whose
    working directory may be anybody's), and nobody reads what somebody else may have written.

    Args:
        counts: whether a variable is any of ours.
    """
    try:
        if is_service(environment):
            if path.exists():
                _tell(path, BY_SYSTEMD)
            return {}
        text = read_private(path)
    except FileNotFoundError:
        return {}
    except (NotOursError, OSError) as error:
        _tell(path, getattr(error, "strerror", None) or str(error))
        return {}
    from dotenv import dotenv_values

    # A "$" in a password is itself; and a line that names others can grow without end.
    found = dotenv_values(stream=io.StringIO(text), interpolate=False)
    return {name: value for name, value in found.items() if value is not None and counts(name)}


def is_service(environment: Mapping[str, str]) -> bool:
    """Whether systemd has started us, or somebody whom it has started.

    ``INVOCATION_ID`` has every unit. So has each program on a desktop, which the user's own instance starts:
    there ``MANAGERPID`` stands beside it.
    """
    get = environment.get
    return bool(get("NOTIFY_SOCKET") or (get("INVOCATION_ID") and not get("MANAGERPID")))


@cache
def _tell(path: Path, reason: str) -> None:
    log.warning("config: %s is not read: %s", path.absolute(), reason)
