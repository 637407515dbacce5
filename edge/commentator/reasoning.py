"""Takes a model's thoughts out of its token stream: what stands in ``<think>…</think>`` is never spoken."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

_OPEN = re.compile(r"<\s*(think|thinking|reasoning|analysis)\s*>", re.IGNORECASE)
_CLOSE = re.compile(r"<\s*/\s*(think|thinking|reasoning|analysis)\s*>", re.IGNORECASE)
MAX_TAG_CHARS = 16


async def without_reasoning(tokens: AsyncIterator[str], *, thinking: bool = False) -> AsyncIterator[str]:
    """Yield the tokens of the content only. A reply that never leaves its thoughts yields nothing.

    Args:
        thinking: the reply begins with thoughts; the opening tag stands in the model's template.
    """
    held = ""
    async for token in tokens:
        held += token
        while True:
            tag = (_CLOSE if thinking else _OPEN).search(held)
            if tag is None:
                break
            if not thinking and (before := held[: tag.start()]):
                yield before
            held = held[tag.end() :]
            thinking = not thinking
        keep = _tag_may_start_at(held)
        if not thinking and keep > 0:
            yield held[:keep]
        held = held[keep:]
    if held and not thinking:
        yield held


def _tag_may_start_at(text: str) -> int:
    """Where the tail begins that may be the first part of a tag; the text's length when there is none."""
    start = text.rfind("<")
    if start < 0 or len(text) - start > MAX_TAG_CHARS or ">" in text[start:]:
        return len(text)
    return start
