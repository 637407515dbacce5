"""What the pages' forms say to the guide: fields → topic below ``shuttle/{id}/`` and its payload. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

MOST_FIELDS = 16
Fields = Mapping[str, str]
FormMessage = tuple[str, dict[str, Any] | str]


async def fields_of(request: Request) -> dict[str, str]:
    """What a form was filled in with (``application/x-www-form-urlencoded``)."""
    body = (await request.body()).decode("utf-8", errors="replace")
    try:
        return dict(parse_qsl(body, keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError:
        return {}


def _command(name: str) -> Callable[[Fields], FormMessage]:
    def said(fields: Fields) -> FormMessage:
        return f"cmd/{name}", fields.get("value", "")

    return said


def _words(leaf: str) -> Callable[[Fields], FormMessage]:
    def said(fields: Fields) -> FormMessage:
        body: dict[str, Any] = {"text": fields.get("text", "").strip()}
        if fields.get("language"):
            body["language"] = fields["language"]
        return leaf, body

    return said


FORMS: dict[str, Callable[[Fields], FormMessage]] = {
    **{
        name: _command(name)
        for name in ("mute", "unmute", "stop", "talk", "volume", "chattiness", "microphone")
    },
    "event": _words("event"),
    "ask": _words("ask"),
    "announce": _words("announce"),
}
"""Name of a form → what it says."""
