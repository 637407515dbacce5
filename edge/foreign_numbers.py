"""Numbers in what others send.

Python's own ``int`` and ``float`` take more than any protocol means by a number, and raise where
``str.isdigit`` has said yes ("²", 5,000 digits).
"""

from __future__ import annotations

import math
import re
from typing import Any

_WHOLE = re.compile(r"[0-9]{1,18}\Z")
_DECIMAL = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?\Z")


def whole_number(text: str) -> int | None:
    """Digits and nothing else, at most 18 of them; None: anything else."""
    return int(text) if _WHOLE.match(text) else None


def decimal_number(text: str) -> float | None:
    """A number without a sign, with or without a fraction; None: anything else."""
    return float(text) if _DECIMAL.match(text) else None


def finite(value: Any) -> float | None:
    """A number out of JSON; None: it is none, or none that a float can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
