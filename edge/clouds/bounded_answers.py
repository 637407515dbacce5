"""No answer of a cloud is taken in that is larger than any answer can be, or that unfolds into more.

One place for models, voices and recognizers, for bodies of errors as well as of results, read at once or as
a stream. A compressed answer is refused before it is unfolded (a few kB can become gigabytes); none is asked
for. The head of an answer is bounded by the HTTP library (100 KiB).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from edge.ladder.rung import RungError

LARGEST_ANSWER_BYTES = 2 * 1024 * 1024
"""A model's reply with all its thoughts has a tenth of that, a list of models a quarter."""
SMALLEST_PART_BYTES = 16
"""A part of a stream counts as at least so much. A whole reply may come byte by byte: some 60 kB."""
SMALL_PART_BYTES = 512
"""One token with all around it has about 300."""
PLAIN = {"accept-encoding": "identity"}
"""Headers of each request."""


class OversizedAnswerError(RungError):
    """The answer is larger than any answer can be, or compressed."""


def bounded_answers(library: Any, largest_bytes: int) -> dict[str, list[Callable[[Any], Awaitable[None]]]]:
    """Event hooks for an asynchronous client of ``library`` (``httpx`` or ``httpx2``, which are alike)."""

    class BoundedBody(library.AsyncByteStream):  # type: ignore[misc]
        """A response's body that ends with an error where it grows too large."""

        def __init__(self, body: Any) -> None:
            self._body = body

        async def __aiter__(self) -> AsyncIterator[bytes]:
            left = largest_bytes
            async for part in self._body:
                left -= max(len(part), SMALLEST_PART_BYTES)
                if left < 0:
                    # Some readers leave a response open that fails to be read.
                    await self._body.aclose()
                    raise OversizedAnswerError(f"the answer does not end: more than {largest_bytes} bytes")
                yield part
                if len(part) < SMALL_PART_BYTES:
                    await asyncio.sleep(0)  # thousands of them may lie ready: others get their turn

        async def aclose(self) -> None:
            await self._body.aclose()

    async def bound(response: Any) -> None:
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("", "identity"):
            came = f"{response.status_code}, compressed ({encoding[:20]!r})"
            raise OversizedAnswerError(f"expected an answer that is not compressed, came {came}")
        response.stream = BoundedBody(response.stream)

    return {"response": [bound]}
