"""The JSON of a service's answer, as plain objects.

The SDKs make models of it, which takes 20 µs for each pair of braces in it, while nothing else can happen.
"""

from __future__ import annotations

import codecs
import json
from typing import Any

from edge.clouds.sdk_errors import unexpected
from edge.error_lines import kind_of
from edge.ladder import RungError

LARGEST_JSON_BYTES = 128 * 1024
"""More is not decoded at once. 1200 tokens, each letter escaped, have some 40 kB."""


def json_answer(body: bytes, expected: str, largest: int = LARGEST_JSON_BYTES) -> dict[str, Any]:
    """The object that ``body`` holds.

    Args:
        expected: what it is to be, for the error: "a transcript".
        largest: bytes.

    Raises:
        RungError: it is too large, or no JSON object. Nothing is quoted: it may be what a passenger said.
    """
    if len(body) > largest:
        raise RungError(f"expected {expected} of at most {largest} bytes, came {len(body)}")
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        if kind_of(body.removeprefix(codecs.BOM_UTF8)) == "JSON":
            raise RungError(f"expected {expected}, came JSON that breaks off") from error
        raise unexpected(expected, body) from error
    if not isinstance(value, dict):
        raise RungError(f"expected {expected}, came JSON that is no object")
    return value


def field(value: Any, name: str) -> Any:
    """An object's field; None where it has none, or is no object."""
    return value.get(name) if isinstance(value, dict) else None


def first(value: Any) -> Any:
    """A list's first item; None where it is empty, or no list."""
    return value[0] if isinstance(value, list) and value else None


def whole_characters(text: str) -> str:
    """JSON may hold half a character (a lone surrogate), which nothing behind here can encode."""
    return text.encode("utf-8", "replace").decode()
