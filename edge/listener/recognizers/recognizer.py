"""What a recognizer is: a rung of the recognition ladder, with a life of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

from edge.listener.segment import RecognitionRequest, Transcript


class Recognizer(Protocol):
    """A rung (see ``edge.ladder.rung.Rung``) that turns one segment into one transcript."""

    name: str
    paid: bool
    local: bool

    @property
    def fact(self) -> str:
        """What is really used, for people: model and device, or why it cannot work."""
        ...

    @property
    def usable(self) -> bool:
        """Whether it can work; if not, somebody has to change something."""
        ...

    async def start(self) -> None:
        """Returns when models are loaded. A missing model, or a cloud that is away, is no error here."""
        ...

    async def close(self) -> None: ...

    def open(self, request: RecognitionRequest) -> AsyncGenerator[Transcript, None]: ...

    async def probe(self) -> None: ...
