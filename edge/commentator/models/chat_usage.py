"""What a streamed reply has used: as the service counts it, or else estimated from what was seen of it."""

from __future__ import annotations

from edge.clouds.usage import Usage
from edge.commentator.models.chat_chunk import Chunk
from edge.spending.lines import Unit, estimated_tokens


class StreamUsage:
    """Counts the tokens of one reply as it streams.

    Args:
        asked: characters of what is asked.
    """

    def __init__(self, asked: int) -> None:
        self._asked = asked
        self._begun = False
        self._characters = 0
        self._counted = Usage()

    def take(self, chunk: Chunk) -> None:
        """The next event of the stream."""
        self._begun = True
        self._characters += len(chunk.text) + chunk.thoughts
        if any(chunk.usage):
            self._counted = chunk.usage

    def amounts(self, *, cancelled: bool) -> dict[Unit, float]:
        """What is to be paid for; nothing where no reply had begun.

        Args:
            cancelled: we have left it: what it had cost by then is not told, so that it counts as begun.
        """
        if not self._begun and not cancelled:
            return {}
        counted = self._counted
        return {
            "tokens_in": counted.tokens_in or estimated_tokens(self._asked),
            "tokens_out": counted.tokens_out or estimated_tokens(self._characters),
        }
