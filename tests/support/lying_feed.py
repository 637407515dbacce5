"""A feed that tells everything under another name."""

from __future__ import annotations

from edge.bus import FeedPublisher, encode
from edge.messages import Feed, ProcessState


class LyingFeed(FeedPublisher):
    """Tells whatever it tells to those who asked for ``ProcessState``."""

    def _frames(self, message: Feed) -> list[bytes]:
        return [ProcessState.__name__.encode(), encode(message)]
