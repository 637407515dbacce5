"""Takes a model's thoughts out of what it writes: what stands in ``<think>…</think>`` is never spoken."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator

_OPEN = re.compile(r"<\s*(think|thinking|reasoning|analysis)\s*>", re.IGNORECASE)
_CLOSE = re.compile(r"<\s*/\s*(think|thinking|reasoning|analysis)\s*>", re.IGNORECASE)
MAX_TAG_CHARS = 16


async def without_reasoning(tokens: AsyncIterator[str], *, thinking: bool = False) -> AsyncIterator[str]:
    """Yield the tokens of the content only. A reply that never leaves its thoughts yields nothing.

    Args:
        thinking: the reply begins with thoughts; the opening tag stands in the model's template.
    """
    thoughts = _Thoughts(thinking)
    async for token in tokens:
        for content in thoughts.content_of(token):
            yield content
    if rest := thoughts.rest():
        yield rest


def content_of(reply: str) -> str:
    """A whole reply without its thoughts."""
    thoughts = _Thoughts(thinking=False)
    return "".join(thoughts.content_of(reply)) + thoughts.rest()


class _Thoughts:
    """Where the stream is: in thoughts or not, and what may be the beginning of a tag."""

    def __init__(self, thinking: bool) -> None:
        self._thinking = thinking
        self._held = ""

    def content_of(self, token: str) -> Iterator[str]:
        """The parts of ``token``, and of what was held back, that are content. Each is searched once."""
        text = self._held + token
        at = 0
        while tag := (_CLOSE if self._thinking else _OPEN).search(text, at):
            if not self._thinking and at < tag.start():
                yield text[at : tag.start()]
            at = tag.end()
            self._thinking = not self._thinking
        keep = _tag_may_start_at(text, at)
        self._held = text[keep:]
        if not self._thinking and at < keep:
            yield text[at:keep]

    def rest(self) -> str:
        """What was held back, at the end of the stream."""
        return "" if self._thinking else self._held


def _tag_may_start_at(text: str, begin: int) -> int:
    """Where the tail begins that may be the first part of a tag; the text's length when there is none."""
    start = text.rfind("<", begin)
    if start < 0 or len(text) - start > MAX_TAG_CHARS or ">" in text[start:]:
        return len(text)
    return start
