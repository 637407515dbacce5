"""The phrasebook as the last rung of the model ladder: it needs nothing and cannot fail."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator

from edge.commentator.clauses import ENDS_SENTENCE, ClauseCutter
from edge.commentator.gate import Gate, Stopped
from edge.commentator.models.request import Clause, ModelRequest
from edge.commentator.phrasebook import Phrasebook
from edge.messages import Language, Sighting

ENDINGS: dict[Language, str] = {
    "ru": "впрочем, вы и сами всё видите.",
    "en": "well, you can see for yourselves.",
    "id": "ya, lihat saja sendiri.",
}
"""Ends a sentence whose author fell silent in the middle of it."""
UNSPEAKABLE: dict[Language, str] = {
    "ru": "Там что-то интересное.",
    "en": "There is something interesting out there.",
    "id": "Ada sesuatu yang menarik di sana.",
}
"""Instead of a free text that the output gate stops."""


class PhrasebookRung:
    """Remarks of our own, rendered for the sighting."""

    name = "phrasebook"
    paid = False
    local = True

    def __init__(self, *, blocklist_dir: str | None = None) -> None:
        self._books: dict[Language, Phrasebook] = {}
        self._blocklist_dir = blocklist_dir

    async def start(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    def load(self, language: Language) -> Phrasebook:
        """The book of a language; read at the first call, so that no live turn waits for it."""
        if language not in self._books:
            self._books[language] = Phrasebook(language)
        return self._books[language]

    async def open(self, request: ModelRequest) -> AsyncGenerator[Clause, None]:
        now = time.monotonic()
        if request.said:
            if request.said[-1] not in ENDS_SENTENCE:
                yield Clause(ENDINGS[request.language], now)
            else:
                # The sentence that was begun is whole: nothing is missing.
                return
        else:
            for clause in self._remark(request):
                yield Clause(clause, now)

    async def probe(self) -> None:
        """It cannot fail."""

    def _remark(self, request: ModelRequest) -> list[str]:
        remark = self.load(request.language).remark(request.sighting or Sighting(text=request.user))
        gate = Gate(request.language, max_chars=request.max_chars, blocklist_dir=self._blocklist_dir)
        cutter = ClauseCutter()
        try:
            clauses = [gate.clean(clause) for clause in [*cutter.feed(remark), cutter.rest()]]
        except Stopped:
            return [UNSPEAKABLE[request.language]]
        return [clause for clause in clauses if clause] or [UNSPEAKABLE[request.language]]
