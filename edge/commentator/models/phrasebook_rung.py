"""The phrasebook as the last rung of the model ladder: it needs nothing and cannot fail."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator

from edge.clock import monotonic
from edge.commentator.clauses import ClauseCutter
from edge.commentator.forbidden import Forbidden
from edge.commentator.gate import Gate, Stopped
from edge.commentator.models.endings import ENDINGS, ends_sentence
from edge.commentator.models.request import ModelRequest, WrittenClause
from edge.commentator.opener_overlap import OpenerOverlap
from edge.commentator.phrasebook import Phrasebook
from edge.commentator.ready_answers import LineOccasion, ReadyAnswers
from edge.messages import Language, Sighting

UNSPEAKABLE: dict[Language, str] = {
    "ru": "Там что-то интересное.",
    "en": "There is something interesting out there.",
    "id": "Ada sesuatu yang menarik di sana.",
}
"""Instead of a free text that the output gate stops."""


class PhrasebookRung:
    """Remarks of our own, rendered for the sighting; to a question, that there is no answer now."""

    name = "phrasebook"
    paid = False
    local = True

    def __init__(self, forbidden: Forbidden, rng: random.Random | None = None) -> None:
        self._rng = rng
        self._books: dict[Language, Phrasebook] = {}
        self._answers: dict[Language, ReadyAnswers] = {}
        self._forbidden = forbidden

    async def start(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    def load(self, language: Language) -> Phrasebook:
        """The book of a language, read at the first call; call it early for those that will be needed."""
        if language not in self._books:
            self._books[language] = Phrasebook(language, forbidden=self._forbidden, rng=self._rng)
        return self._books[language]

    def answers(self, language: Language) -> ReadyAnswers:
        """The ready answers of a language, read at the first call."""
        if language not in self._answers:
            self._answers[language] = ReadyAnswers(language, rng=self._rng)
        return self._answers[language]

    async def open(self, request: ModelRequest) -> AsyncGenerator[WrittenClause, None]:
        now = monotonic()
        if ends_sentence(request.said):
            return
        if request.is_answer:
            clauses = [self.answers(request.language).pick(_occasion(request))]
        else:
            clauses = [ENDINGS[request.language]] if request.said else self._remark(request)
        overlap = OpenerOverlap(request.opener if not request.said else "")
        for clause in clauses:
            if unheard := overlap.behind(clause):
                yield WrittenClause(unheard, now)

    async def probe(self) -> None:
        """The phrasebook cannot fail."""

    def _remark(self, request: ModelRequest) -> list[str]:
        remark = self.load(request.language).remark(request.sighting or Sighting(text=request.user))
        gate = Gate(self._forbidden)
        cutter = ClauseCutter()
        try:
            clauses = [gate.clean(clause) for clause in [*cutter.feed(remark), cutter.rest()]]
        except Stopped:
            return [UNSPEAKABLE[request.language]]
        return [clause for clause in clauses if clause] or [UNSPEAKABLE[request.language]]


def _occasion(request: ModelRequest) -> LineOccasion:
    if request.said:
        return "broken_off"
    return "no_model_after_opener" if request.opener else "no_model"
