"""One event of a streamed chat completion, or a whole completion, in whichever form a service writes it."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from edge.clouds.json_answer import field, first
from edge.clouds.usage import Usage, usage_of
from edge.ladder import RungError

TEXT_TYPES = (None, "text", "output_text")
"""Types of a content's parts that are to be said. Others are thoughts, references, refusals."""
NO_REASONS = ("", "null", "none")
"""Values of ``finish_reason`` with which some services fill every event."""
FAILURES = ("error", "abort", "cancel", "fail", "insufficient_system_resource")
"""How values of ``finish_reason`` begin with which a service says that it could not end the reply."""
REFUSALS = frozenset({"detail", "errors", "errorcode", "errormsg", "errormessage", "errcode", "errmsg"})
"""Fields of an object without ``choices`` that says why there is no reply, without case and underscores."""
CODES = frozenset({"code", "status", "statuscode", "success"})
WORDS = frozenset({"msg", "message", "statusmsg"})
"""One of each says so too, where the code is none of ``ALL_WELL``."""
ALL_WELL = (0, 200, "0", "200", "ok", "success", True)
LONGEST_WORD = 24
"""Bytes of an event that is a word and no JSON: a sign of life ("ping", "keep-alive")."""


class Chunk(NamedTuple):
    """One event."""

    text: str = ""
    """A part of the content; thoughts stand in other fields."""
    finish_reason: str | None = None
    """Why the reply ended, in small letters."""
    problem: Any = None
    """What the service says of a failure in mid-stream."""
    usage: Usage = Usage()
    """What it has counted for the whole reply, with the last event."""
    thoughts: int = 0
    """Characters of thoughts, which are never said, and are paid for."""
    is_message: bool = False
    """The text is a message's, and may repeat what came in parts before."""
    index: Any = None
    """Which of several replies it is a part of; None: it does not tell, or is of none."""


def chunk_of(event: bytes, index: Any = None) -> Chunk:
    """What an event says; an event of another shape says nothing.

    Args:
        index: of the reply that is read, where it is known: parts of another one say nothing.

    Raises:
        RungError: it is neither JSON nor a single word.
    """
    try:
        value = json.loads(event, strict=False)
    except (ValueError, RecursionError) as error:
        if len(event) <= LONGEST_WORD and event.translate(None, b"-_").isalpha():
            return Chunk()
        raise RungError(f"sent an event that is no JSON: {type(error).__name__}") from error
    value = first(value) if isinstance(value, list) else value
    extra = field(value, "x_groq")
    choice = _choice(field(value, "choices"), index)
    delta = field(choice, "delta")
    message = None if isinstance(delta, dict) else field(choice, "message")
    delta = message or delta
    content = field(choice, "text") if delta is None else field(delta, "content")
    text, thoughts = text_and_thoughts(content)
    thought = field(delta, "reasoning") or field(delta, "reasoning_content")
    reason = _reason(field(choice, "finish_reason"))
    failed = reason is not None and reason.startswith(FAILURES)
    return Chunk(
        text,
        None if failed else reason,
        _problem(value) or field(extra, "error") or (reason if failed else None),
        usage_of(field(value, "usage") or field(extra, "usage")),
        thoughts + (len(thought) if isinstance(thought, str) else 0),
        message is not None,
        field(choice, "index"),
    )


def _choice(choices: Any, index: Any) -> Any:
    """The reply's part; some services write several replies at once, in any order."""
    told = [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []
    return first([choice for choice in told if index is None or choice.get("index", index) in (index, None)])


def text_and_thoughts(content: Any) -> tuple[str, int]:
    """What of a message's content is to be said, and how many characters of thoughts are in it.

    Args:
        content: a text, or a list of typed parts.
    """
    if isinstance(content, str):
        return content, 0
    parts = content if isinstance(content, list) else [content]
    texts, thoughts = [], 0
    for part in parts:
        text = _text_of(part)
        if field(part, "type") in TEXT_TYPES:
            texts.append(text)
        else:
            thought = field(part, "thinking") or field(part, "summary")
            inner = thought if isinstance(thought, list) else [{"text": thought}]
            thoughts += len(text) + sum(len(_text_of(each)) for each in inner)
    return "".join(texts), thoughts


def _text_of(part: Any) -> str:
    text = part if isinstance(part, str) else field(part, "text")
    text = field(text, "value") if isinstance(text, dict) else text  # as assistants' messages have it
    return text if isinstance(text, str) else ""


def _reason(reason: Any) -> str | None:
    """A ``finish_reason`` that is one."""
    told = reason.strip().casefold() if isinstance(reason, str) else ""
    return None if told in NO_REASONS else told


def _problem(value: Any) -> Any:
    """What an object says that is no part of a reply but an error."""
    if error := field(value, "error"):
        return error
    if "error" in (field(value, "object"), field(value, "type")):
        return value
    if field(value, "choices") is not None:
        return None
    if not isinstance(value, dict) or "id" in value or "object" in value:
        return None
    value = value.get("base_resp", value)
    told = (
        {name.casefold().replace("_", ""): of for name, of in value.items()}
        if isinstance(value, dict)
        else {}
    )
    is_coded = any(told.get(name) not in (None, *ALL_WELL) for name in CODES)
    return value if any(map(told.get, REFUSALS)) or (is_coded and told.keys() & WORDS) else None
