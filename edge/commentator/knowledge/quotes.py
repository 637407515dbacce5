"""Which sentences of the pages answer a question as they stand. Pure.

A sentence fits as well as it has the question's words, rare ones counting more. What its heading has counts
as well, and what stands beside it less. Where the question's form tells what is wanted (a price, a time, a
place), a sentence without any of it fits half as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from edge.commentator.knowledge.question_kinds import AnswerKind

MIN_FIT = 0.575
"""Below it a sentence has something in common with the question, and does not answer it. These weights and
bounds were tried on the questions of ``tests/page_questions``."""
MIN_OWN = 0.2
"""The part of the question that a sentence has in itself, where it has not what is wanted."""
MARGIN = 0.85
"""Where another page's sentence ranks so near the best one's, nobody knows which one is meant."""
STRANGE_MARGIN = 0.6
"""The same where the sentence stands under headings without any of the question's words, and has not what is
wanted: then a sentence of another page counts also where it does not answer by itself."""
ALIKE_WEIGHT = 0.7
"""What a word counts that is only related to the question's."""
BESIDE_WEIGHT = 0.4
OTHER_KIND_WEIGHT = 0.5
OWN_WORDS_RANK = 0.3
HEADING_RANK = 0.1
KIND_RANK = 0.2
"""Among sentences that fit alike: the one with the question's words in itself, and in its heading, and with
what is wanted."""
MAX_CHARS = 200
"""Two sentences together have no more, some twelve seconds; a longer one stands alone."""


class WantedWord(NamedTuple):
    """A word of the question."""

    exact: frozenset[str]
    """The terms that it may be a form of."""
    alike: frozenset[str]
    """Terms that are related to it."""
    weight: float
    """How much it tells."""

    def among(self, terms: frozenset[str]) -> float:
        return 1.0 if self.exact & terms else ALIKE_WEIGHT if self.alike & terms else 0.0


class Candidate(NamedTuple):
    """A section of a page in the question's language."""

    source: str
    heading: frozenset[str]
    """Terms of the heading and of those above it."""
    sentences: Sequence[str]
    terms: Sequence[frozenset[str]]
    """The terms of each sentence."""


class Quote(NamedTuple):
    """What a page says to a question."""

    source: str
    """The file, as a path inside the knowledge folder."""
    text: str
    """One or two sentences, as they are written there."""


class _Fit(NamedTuple):
    """How well a sentence fits; parts of the question from 0 to 1."""

    fit: float
    own: float
    """In the sentence itself."""
    above: float
    """In its headings."""
    has_kind: bool
    is_exact: bool
    """A word of the question itself is there or in its headings, not only related ones."""

    @property
    def answers(self) -> bool:
        return self.is_exact and self.fit >= MIN_FIT and (self.own >= MIN_OWN or self.has_kind)

    @property
    def is_strange(self) -> bool:
        """Whether nothing but the sentence's own words speaks for it."""
        return not self.above and not self.has_kind

    @property
    def rank(self) -> float:
        ranks = OWN_WORDS_RANK * self.own + HEADING_RANK * self.above + KIND_RANK * self.has_kind
        return self.fit + ranks


def best_quote(
    wanted: Sequence[WantedWord], kind: AnswerKind | None, candidates: Sequence[Candidate]
) -> Quote | None:
    """The sentence that fits best; with another one of its section, where it has not what is wanted.

    Args:
        wanted: the words of the question that tell a topic.
        kind: what the question wants; None: its form does not tell.
    """
    best: tuple[float, Candidate, list[_Fit]] | None = None
    ranks: dict[str, float] = {}
    near: dict[str, float] = {}
    """Ranks of the sentences that do not answer, too."""
    for candidate in candidates:
        fits = _fits(wanted, kind, candidate)
        rank = max((fit.rank for fit in fits if fit.answers), default=0.0)
        ranks[candidate.source] = max(rank, ranks.get(candidate.source, 0.0))
        nearest = max((fit.rank for fit in fits), default=0.0)
        near[candidate.source] = max(nearest, near.get(candidate.source, 0.0))
        if rank > (best[0] if best else 0.0):
            best = rank, candidate, fits
    if best is None:
        return None
    rank, candidate, fits = best
    first = next(at for at, fit in enumerate(fits) if fit.answers and fit.rank == rank)
    rivals, margin = (near, STRANGE_MARGIN) if fits[first].is_strange else (ranks, MARGIN)
    if any(other > margin * rank for source, other in rivals.items() if source != candidate.source):
        return None
    chosen = [first] if fits[first].has_kind else _with_second(candidate.sentences, fits, first)
    return Quote(candidate.source, " ".join(candidate.sentences[at] for at in chosen))


def _fits(wanted: Sequence[WantedWord], kind: AnswerKind | None, candidate: Candidate) -> list[_Fit]:
    """How well each of its sentences fits."""
    beside = [BESIDE_WEIGHT * word.among(frozenset[str]().union(*candidate.terms)) for word in wanted]
    above = [word.among(candidate.heading) for word in wanted]
    weights = [word.weight for word in wanted]
    fits = []
    for sentence, terms in zip(candidate.sentences, candidate.terms, strict=True):
        own = [word.among(terms) for word in wanted]
        fit = _weighed(weights, [max(parts) for parts in zip(own, above, beside, strict=True)])
        has_kind = kind is not None and kind.is_in(sentence)
        if kind is not None and kind.is_needed and not has_kind:
            fit *= OTHER_KIND_WEIGHT
        is_exact = any(word.exact & (terms | candidate.heading) for word in wanted)
        fits.append(_Fit(fit, _weighed(weights, own), _weighed(weights, above), has_kind, is_exact))
    return fits


def _weighed(weights: Sequence[float], parts: Sequence[float]) -> float:
    return sum(weight * part for weight, part in zip(weights, parts, strict=True)) / sum(weights)


def _with_second(sentences: Sequence[str], fits: Sequence[_Fit], first: int) -> list[int]:
    """The first sentence, and the one beside it that fits best if there is room, in their order."""
    room = MAX_CHARS - len(sentences[first]) - 1
    others = [at for at in range(len(sentences)) if at != first and len(sentences[at]) <= room]
    if not others:
        return [first]
    return sorted((first, max(others, key=lambda at: (fits[at].rank, -abs(at - first)))))
