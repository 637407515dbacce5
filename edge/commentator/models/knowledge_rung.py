"""The knowledge folder as a rung of the model ladder: what a page says to a question, in its own words."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from edge.clock import monotonic
from edge.commentator.clauses import ClauseCutter
from edge.commentator.forbidden import Forbidden
from edge.commentator.gate import Gate, Stopped
from edge.commentator.knowledge import Quote
from edge.commentator.models.request import ModelRequest, WrittenClause
from edge.ladder import RungError


class KnowledgeRung:
    """Answers with the request's quote. It declines what has none, and a reply that another rung began.

    Args:
        forbidden: what is never said, wherever it is written.
    """

    name = "knowledge"
    paid = False
    local = True

    def __init__(self, forbidden: Forbidden) -> None:
        self._forbidden = forbidden

    async def start(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def open(self, request: ModelRequest) -> AsyncGenerator[WrittenClause, None]:
        """Raises RungError, blameless: this request is another rung's."""
        now = monotonic()
        quote = request.quote
        if quote is None or request.said:
            raise RungError("no page answers it by itself", blameless=True)
        for clause in self._clauses(quote, request):
            yield WrittenClause(clause, now, page=quote.source)

    async def probe(self) -> None:
        """The knowledge rung cannot fail."""

    def _clauses(self, quote: Quote, request: ModelRequest) -> list[str]:
        gate = Gate(self._forbidden, language=request.language, facts=quote.text)
        cutter = ClauseCutter()
        said: list[str] = []
        try:
            for clause in [*cutter.feed(quote.text), cutter.rest()]:
                if clean := gate.clean(clause, " ".join(said)):
                    said.append(clean)
        except Stopped as reason:
            request.refused.append(f"{self.name}: {reason}")
            raise RungError(f"its page says what may not be said: {reason}", blameless=True) from None
        return said
