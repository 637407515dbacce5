"""Whether a text quotes the guide's instructions, by the word or in essence, in any language. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from edge.commentator.function_words import topicless_words
from edge.commentator.prompts import load_prompt
from edge.lexicon.words import words_of
from edge.messages import LANGUAGES

OVERLAP_WORDS = 6
"""Words of a prompt in a row that are no coincidence."""
STEM = 5
"""Letters by which two forms of a word are the same."""
FEWEST_SHARED = 7
MOST_OF_IT = 0.6
"""Share of a text's words with a topic that are a prompt's where it tells its instructions."""


class PromptWords:
    """The words of the prompt that is in force, and of ours in all languages.

    Args:
        prompt: as the model was given it.
    """

    def __init__(self, prompt: str) -> None:
        self._runs, self._topics = _known(prompt) if prompt else (frozenset[tuple[str, ...]](), ())
        if prompt:
            runs, topics = _own()
            self._runs, self._topics = self._runs | runs, (*self._topics, *topics)

    def are_quoted(self, text: str) -> bool:
        """Whether the text has so much of one of them that it must have been told."""
        words = words_of(text)
        if any(tuple(run) in self._runs for run in _runs(words)):
            return True
        own = _topic(words)
        return any(
            len(shared := own & topic) >= FEWEST_SHARED and len(shared) >= MOST_OF_IT * len(own)
            for topic in self._topics
        )


@cache
def _own() -> tuple[frozenset[tuple[str, ...]], tuple[frozenset[str], ...]]:
    prompts = [
        load_prompt(f"{kind}{language}", None) for kind in ("", "answer_", "pool_") for language in LANGUAGES
    ]
    known = [_known(prompt) for prompt in prompts]
    return frozenset().union(*(runs for runs, _ in known)), tuple(t for _, topics in known for t in topics)


@cache
def _known(prompt: str) -> tuple[frozenset[tuple[str, ...]], tuple[frozenset[str], ...]]:
    words = words_of(prompt)
    return frozenset(tuple(run) for run in _runs(words)), (_topic(words),)


def _topic(words: Iterable[str]) -> frozenset[str]:
    return frozenset(word[:STEM] for word in words if word not in _topicless())


@cache
def _topicless() -> frozenset[str]:
    return frozenset().union(*(topicless_words(language) for language in LANGUAGES))


def _runs(words: list[str]) -> Iterable[list[str]]:
    return (words[at : at + OVERLAP_WORDS] for at in range(len(words) - OVERLAP_WORDS + 1))
