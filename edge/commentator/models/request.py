"""What is asked of a language model, and what it gives."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from edge.messages import Language, Sighting

CONTINUE: dict[Language, str] = {
    "ru": "Продолжи ровно с этого места, не повторяя сказанного.",
    "en": "Go on exactly from there without repeating anything.",
    "id": "Lanjutkan tepat dari situ tanpa mengulang apa pun.",
}


DO_NOT_REPEAT: dict[Language, str] = {
    "ru": "Уже звучало, не повторяй:",
    "en": "Said before, do not repeat:",
    "id": "Sudah diucapkan, jangan diulang:",
}


@dataclass(frozen=True)
class ModelRequest:
    """One remark or answer to write."""

    language: Language
    system: str
    """The prompt."""
    user: str
    """What is seen or asked: data, never instructions."""
    history: tuple[str, ...] = ()
    """The last remarks, not to be repeated."""
    sighting: Sighting | None = None
    """For rungs that work without a model."""
    said: str = ""
    """Clauses that have been handed to the voice already; the reply goes on behind them."""
    max_chars: int = 400
    is_answer: bool = False
    """To a passenger's question."""
    sources: tuple[str, ...] = ()
    """Pages that ``user`` quotes."""

    def messages(self) -> list[dict[str, str]]:
        """As the chat completion interface wants it."""
        user = self.user
        if self.history:
            # Earlier remarks may quote what somebody typed: they are data too, never a part of the prompt.
            user += (
                f"\n({DO_NOT_REPEAT[self.language]} " + "; ".join(f"«{said}»" for said in self.history) + ")"
            )
        messages = [{"role": "system", "content": self.system}, {"role": "user", "content": user}]
        if self.said:
            messages.append({"role": "assistant", "content": self.said})
            messages.append({"role": "user", "content": CONTINUE[self.language]})
        return messages


class ModelRung(Protocol):
    """A rung of the model ladder (see ``edge.ladder.rung.Rung``), with a life of its own."""

    name: str
    paid: bool
    local: bool

    async def start(self) -> None:
        """Open what can be opened ahead. A service that cannot be reached is no error here."""
        ...

    async def close(self) -> None: ...

    def open(self, request: ModelRequest) -> AsyncGenerator[Clause, None]: ...

    async def probe(self) -> None: ...


class Clause(NamedTuple):
    """A piece of the reply, ready to be spoken."""

    text: str
    first_token_mono: float
    """When the first token of content of this stream arrived (monotonic seconds)."""

    def __bool__(self) -> bool:
        return bool(self.text)
