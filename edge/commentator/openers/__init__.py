"""Openers: what is said at once, in front of words that are still being written."""

from edge.commentator.openers.choice import Openers, mood_of
from edge.commentator.openers.texts import own_texts
from edge.commentator.openers.waits import Waits

__all__ = ["Openers", "Waits", "mood_of", "own_texts"]
