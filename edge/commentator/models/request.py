"""What is asked of a language model, and what it gives."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from edge.commentator.knowledge import Quote
from edge.messages import Language, Sighting
from edge.rung_trail import RungTrail
from edge.spending.lines import Purpose

CONTINUE: dict[Language, str] = {
    "ru": "Продолжи ровно с этого места, не повторяя сказанного.",
    "en": "Go on exactly from there without repeating anything.",
    "id": "Lanjutkan tepat dari situ tanpa mengulang apa pun.",
}


GO_ON: dict[Language, str] = {
    "ru": "Эти слова уже прозвучали. Скажи то, о чём просили, сразу за ними, одной фразой с ними, "
    "не повторяя их.",
    "en": "These words have been heard. Say what was asked for right behind them, as one sentence with them, "
    "without repeating them.",
    "id": "Kata-kata itu sudah terdengar. Ucapkan yang diminta langsung sesudahnya, menjadi satu kalimat, "
    "tanpa mengulangnya.",
}
"""Behind an opener, which has said nothing yet."""

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
    opener: str = ""
    """What sounds already while this is asked; the reply makes one sentence with it."""
    is_answer: bool = False
    """To a passenger's question."""
    may_be_aside: bool = False
    """What was said may have been for somebody else; the reply may be the mark that tells so."""
    is_guess: bool = False
    """Begun before it was certain that somebody asks."""
    sources: tuple[str, ...] = ()
    """Pages that ``user`` quotes."""
    quote: Quote | None = None
    """What a page says to the question, for the rung that works without a model."""
    facts: str = ""
    """What they say: an answer names no other price."""
    refused: list[str] = field(default_factory=list, compare=False)
    """Why the gate stopped a reply, a line for each, with the rung that wrote it. Rungs add to it."""
    trail: RungTrail = field(default_factory=RungTrail, compare=False)
    """What the models did for it, and what they were paid."""

    @property
    def purpose(self) -> Purpose:
        """What it is paid for."""
        return "guess" if self.is_guess else "answer" if self.is_answer else "remark"

    def messages(self) -> list[dict[str, str]]:
        """The messages as the chat completion interface wants them."""
        user = self.user
        if self.history:
            # Earlier remarks may quote what somebody typed: they are data too, never a part of the prompt.
            user += (
                f"\n({DO_NOT_REPEAT[self.language]} " + "; ".join(f"«{said}»" for said in self.history) + ")"
            )
        messages = [{"role": "system", "content": self.system}, {"role": "user", "content": user}]
        if heard := f"{self.opener} {self.said}".strip():
            messages.append({"role": "assistant", "content": heard})
            go_on = CONTINUE if self.said else GO_ON
            messages.append({"role": "user", "content": go_on[self.language]})
        return messages


class LanguageModel(Protocol):
    """A rung of the model ladder (see ``edge.ladder.rung.Rung``), with a life of its own."""

    name: str
    paid: bool
    local: bool

    async def start(self) -> None:
        """Open what can be opened ahead. A service that cannot be reached is no error here."""
        ...

    async def close(self) -> None: ...

    def open(self, request: ModelRequest) -> AsyncGenerator[WrittenClause | None, None]: ...

    async def probe(self) -> None: ...


class WrittenClause(NamedTuple):
    """A piece of the reply, ready to be spoken."""

    text: str
    first_token_mono: float
    """When the first token of content of this stream arrived (monotonic seconds)."""
    is_aside: bool = False
    """There is no text: the guide was not meant."""
    page: str = ""
    """The page of the knowledge folder that it is quoted from; empty: it is no quotation."""
