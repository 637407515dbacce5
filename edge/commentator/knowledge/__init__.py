"""What the guide knows about the place: a folder of Markdown pages, searched by a passenger's question."""

from edge.commentator.knowledge.index import Passage
from edge.commentator.knowledge.knowledge import Knowledge
from edge.commentator.knowledge.quotes import Quote

__all__ = ["Knowledge", "Passage", "Quote"]
