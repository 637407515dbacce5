"""The sentences of one client in the order in which they were said, whichever is understood first. Pure."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from edge.listener.recognizers import Recognition


class _Sentence(NamedTuple):
    """One that was said to its end."""

    understood: Recognition | None


class Sentences:
    """A client's sentences; each that was said comes out once."""

    def __init__(self) -> None:
        self._said: OrderedDict[str, _Sentence] = OrderedDict()
        self._guesses: dict[str, tuple[int, Recognition | None]] = {}
        """Utterance that may have ended → the length of its sound, and what was understood of it so far."""

    def __len__(self) -> int:
        """How many were said and have not come out."""
        return len(self._said)

    def guess(self, utterance: str, samples: int) -> None:
        """An utterance may have ended, and is being recognised."""
        self._guesses[utterance] = samples, None

    def void(self, utterance: str) -> bool:
        """The utterance goes on, or was none. False: it was not being recognised."""
        return self._guesses.pop(utterance, None) is not None

    def said(self, utterance: str, samples: int) -> bool:
        """The utterance has ended. False: it has to be recognised (again)."""
        guessed = self._guesses.pop(utterance, None)
        is_same = guessed is not None and guessed[0] == samples
        understood = guessed[1] if guessed is not None and is_same else None
        if understood is not None and understood.transcript is None:  # it failed: once more
            is_same, understood = False, None
        self._said[utterance] = _Sentence(understood)
        return is_same

    def understood(self, recognition: Recognition) -> None:
        """A final transcript, or why there is none."""
        utterance = recognition.segment_id
        if utterance in self._said:
            self._said[utterance] = _Sentence(recognition)
        elif utterance in self._guesses:
            self._guesses[utterance] = self._guesses[utterance][0], recognition

    def give_up(self, why: str) -> list[str]:
        """What is not understood by now comes out with no words; returns which these are."""
        given_up = [utterance for utterance, sentence in self._said.items() if sentence.understood is None]
        for utterance in given_up:
            self._said[utterance] = _Sentence(Recognition(utterance, False, None, why))
        return given_up

    def ready(self) -> list[Recognition]:
        """What is next, and understood."""
        out = []
        while self._said:
            utterance, sentence = next(iter(self._said.items()))
            if sentence.understood is None:
                break
            del self._said[utterance]
            out.append(sentence.understood)
        return out
