"""What the guide knows about the place: a folder of Markdown pages, searched by a passenger's question."""

from edge.commentator.knowledge.index import Passage
from edge.commentator.knowledge.knowledge import Knowledge

__all__ = ["Knowledge", "Passage"]
