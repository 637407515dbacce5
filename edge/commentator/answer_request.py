"""What a model is asked when a passenger asks: the question, and all that may help, as marked data. Pure.

Each part stands between tags of its own; each item is one line in which nothing can be a tag, a role or a
model's control token. So no question can end its part, and no page can begin another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from edge.commentator.as_data import as_data
from edge.commentator.aside import JUDGE
from edge.commentator.conversation import Exchange
from edge.commentator.knowledge import Passage, Quote
from edge.commentator.models.request import ModelRequest
from edge.messages import MAX_REPLY_CHARS, MAX_TEXT_CHARS, Language

MAX_PASSAGE_CHARS = 800
MAX_LINE_CHARS = MAX_REPLY_CHARS
"""A line of the conversation is a reply of the guide's."""


def answer_request(
    question: str,
    language: Language,
    system: str,
    *,
    passages: Sequence[Passage] = (),
    quote: Quote | None = None,
    seen: Sequence[str] = (),
    conversation: Sequence[Exchange] = (),
    opener: str = "",
    may_be_aside: bool = False,
) -> ModelRequest:
    """The request for an answer, with all that the model is told beside the question.

    Args:
        question: the transcript, without the wake name.
        language: to answer in.
        system: the answer prompt of that language.
        passages: of the knowledge folder, the best first.
        quote: what one of its pages says to the question, for where no model answers.
        seen: what the cameras saw lately, a line each.
        conversation: the exchanges so far, the oldest first.
        opener: what sounds already.
        may_be_aside: the model is to tell whether the guide was meant.
    """
    facts = (f"{as_data(_source(p), MAX_LINE_CHARS)}: {as_data(p.text, MAX_PASSAGE_CHARS)}" for p in passages)
    said = (
        f"{who}: {as_data(text, MAX_LINE_CHARS)}"
        for exchange in conversation
        for who, text in (("passenger", exchange.question), ("guide", exchange.answer))
    )
    parts = [
        _part("facts", facts),
        _part("seen", (as_data(line, MAX_LINE_CHARS) for line in seen)),
        _part("conversation", said),
        f"<question>\n{as_data(question, MAX_TEXT_CHARS)}\n</question>",
    ]
    user = "\n".join(part for part in parts if part)
    return ModelRequest(
        language=language,
        system=f"{system}\n{JUDGE[language]}" if may_be_aside else system,
        user=user,
        opener=opener,
        is_answer=True,
        may_be_aside=may_be_aside,
        quote=quote,
        facts="\n".join(as_data(passage.text, MAX_PASSAGE_CHARS) for passage in passages),
        sources=tuple(dict.fromkeys(passage.source for passage in passages)),
    )


def _source(passage: Passage) -> str:
    return f"{passage.source}, {passage.heading}" if passage.heading else passage.source


def _part(name: str, lines: Iterable[str]) -> str:
    content = "\n".join(line for line in lines if line)
    return f"<{name}>\n{content}\n</{name}>" if content else ""
