"""What the emulated clouds recorded, asked for what a bench wants to know. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from bench.clouds.faults import CloudName
from bench.clouds.replies import tokenize

MODELS: frozenset[CloudName] = frozenset({"groq", "openai"})
VOICES: frozenset[CloudName] = frozenset({"elevenlabs", "speech"})


@dataclass(frozen=True)
class Given:
    """One text that a service gave out: a model's reply, or the sound of some text. Monotonic seconds."""

    text: str
    requested_mono: float
    """The service had read what it was asked; a new connection has been paid for before this."""
    first_mono: float
    """The first token of content, or the first sound, left the service."""
    tokens_mono: tuple[float, ...] = ()
    """When each token of content did, of a reply that was streamed."""


@dataclass(frozen=True)
class CloudBill:
    """What would have been on the bill."""

    tokens: int = 0
    """Tokens of requests and replies."""
    characters: int = 0
    """Characters that voices were asked for."""

    def __add__(self, other: CloudBill) -> CloudBill:
        return CloudBill(self.tokens + other.tokens, self.characters + other.characters)


class CloudLog:
    """Answers a bench's questions from what the emulated clouds recorded.

    Args:
        records: as the control port gives them (see ``bench.clouds.record``).
    """

    def __init__(self, records: Sequence[dict[str, Any]]) -> None:
        self._records = records

    def given(self, services: Collection[CloudName], since_mono: float, until_mono: float) -> list[Given]:
        """What these services were asked for and began to give out between the two moments, in order."""
        found = [
            Given(
                output["text"],
                output["requested_mono"],
                output["first_mono"],
                tuple(output.get("tokens_mono", ())),
            )
            for record in self._records
            if record["service"] in services
            for output in record["outputs"]
            if output["first_mono"] is not None and since_mono <= output["requested_mono"] <= until_mono
        ]
        return sorted(found, key=lambda given: given.requested_mono)

    def spent(self, since_mono: float, until_mono: float) -> CloudBill:
        """What was asked for between the two moments."""
        tokens = characters = 0
        for record in self._records:
            outputs = [out for out in record["outputs"] if since_mono <= out["requested_mono"] <= until_mono]
            if record["service"] in MODELS and outputs:
                messages = record["body"]["messages"]
                tokens += len(tokenize("".join(str(message.get("content", "")) for message in messages)))
                tokens += sum(len(tokenize(output["text"])) for output in outputs)
            elif record["service"] in VOICES:
                characters += sum(len(output["text"]) for output in outputs)
        return CloudBill(tokens, characters)
