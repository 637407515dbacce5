"""Finding the one thing that a phrase is about (its head noun), how many there are, and on which side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from edge.lexicon.vocabulary import Marker, Meaning, Noun, Number, Vocabulary, WordSequence
from edge.messages import Side

_LARGEST_COUNT = 1000


class NotOneThing(Exception):
    """The phrase denies something, names two things side by side, or counts none or too many."""


@dataclass
class Reading:
    """What one language makes of a phrase, word by word from left to right.

    A noun behind a preposition belongs to something else ("a woman *with a stroller*"), and so does one that
    follows the head and another word ("a man walking *a dog*").
    """

    vocabulary: Vocabulary
    head: Noun | None = None
    left_over: int = 0
    """Words that label, count and side do not tell."""
    number: int | Literal["several"] | None = None
    number_is_near: bool = True
    """No unknown word came after the number."""
    in_pairs: bool = False
    sides: list[Side] = field(default_factory=list)
    in_phrase: Literal["no", "begun", "with unknown words"] = "no"
    """The prepositional phrase that waits for its noun."""
    after_head: Literal["nothing", "word", "phrase", "joiner"] = "nothing"
    """What of weight followed the head."""
    head_is_last: bool = False
    """The head was the word just before."""

    @classmethod
    def of(cls, tokens: WordSequence, vocabulary: Vocabulary) -> Reading:
        """Read all tokens. Raises NotOneThing."""
        reading = cls(vocabulary)
        for meaning in _meanings(tokens, vocabulary):
            was_head = reading.head
            reading._take(meaning)
            reading.head_is_last = reading.head is not was_head
        return reading

    @property
    def label(self) -> str:
        """The head's label. Raises NotOneThing where there is no head."""
        if self.head is None:
            raise NotOneThing
        return self.head.label

    @property
    def count(self) -> int | Literal["several"]:
        """How many there are of the head. Raises NotOneThing."""
        if self.head is None:
            raise NotOneThing
        number = self.number
        plainly_one = self.head.several is False and self.head.subject is not False
        if plainly_one and not self.number_is_near:
            number = None  # "5 minutes ago a dog": the number counted something else
        if number == "several":
            return number
        if self.in_pairs:
            number = (number or 1) * (1 if self.head.label in self.vocabulary.pairs else 2)
        if number is None:
            return "several" if self.head.several else 1
        if not 1 <= number <= _LARGEST_COUNT:
            raise NotOneThing
        return number

    @property
    def side(self) -> Side | None:
        """The side named first; None where none was, or both left and right."""
        return self.sides[0] if self.sides and not {"left", "right"} <= set(self.sides) else None

    def _take(self, meaning: Meaning | None) -> None:
        match meaning:
            case Noun():
                self._take_noun(meaning)
            case Number() | Marker.SEVERAL:
                self._take_number(meaning.value if isinstance(meaning, Number) else "several")
            case Marker.PAIR if self.head is None and self.in_phrase == "no":
                self.in_pairs = True
            case Marker.NEGATION:
                raise NotOneThing
            case Marker.FILLER:
                self._close_phrase()
            case Marker.PAUSE | Marker.JOINER:
                self.left_over += meaning is Marker.JOINER
                if self.head is not None and self.after_head != "phrase":
                    self.after_head = "joiner"
            case Marker.PREPOSITION:
                self.left_over += 1
                self.in_phrase = "begun"
                if self.head is not None and self.after_head != "joiner":
                    self.after_head = "phrase"
            case "left" | "right" | "ahead" | "behind":
                self.left_over += bool(self.sides)
                self.sides.append(meaning)
            case _:
                self._take_unknown_word()

    def _take_noun(self, noun: Noun) -> None:
        # "на дороге собака": a nominative after the preposition's own, unknown noun starts anew
        starts_anew = self.in_phrase == "with unknown words" and noun.subject is True
        if self.in_phrase != "no" and not starts_anew:
            self.in_phrase = "no"
            self.left_over += 1
            return
        self.in_phrase = "no"
        if self.head is None:
            self.head = noun
        elif self.after_head in ("word", "phrase"):
            self.left_over += 1
        elif self.head_is_last and self.vocabulary.noun_modifies_next_noun:
            self.left_over += 1
            self.head = noun
        elif self.head_is_last and noun.subject is False:
            self.left_over += 1  # "миска собаки"
        else:
            raise NotOneThing

    def _take_number(self, number: int | Literal["several"]) -> None:
        self._close_phrase()
        if self.head is not None or self.in_phrase != "no":
            self.left_over += 1
        elif self.number is None or self.number == 1 or not self.number_is_near:
            self.left_over += not self.number_is_near and self.number is not None
            self.number, self.number_is_near = number, True
        else:
            self.number = "several"  # "две-три собаки"

    def _take_unknown_word(self) -> None:
        self.left_over += 1
        self.number_is_near = False
        if self.in_phrase != "no":
            self.in_phrase = "with unknown words"
        elif self.head is not None and self.after_head == "nothing":
            self.after_head = "word"

    def _close_phrase(self) -> None:
        """A noun phrase begins, so the unknown word was the preposition's ("on the road *two* dogs")."""
        if self.in_phrase == "with unknown words":
            self.in_phrase = "no"


def _meanings(tokens: WordSequence, vocabulary: Vocabulary) -> Iterator[Meaning | None]:
    """The meaning of each phrase; None for an unknown word."""
    position = 0
    after_number = False
    while position < len(tokens):
        meaning, length = vocabulary.look_up(tokens, position)
        following = vocabulary.look_up(tokens, position + length)[0]
        if after_number and tokens[position] in vocabulary.counters and isinstance(following, Noun):
            position += 1  # "dua *orang* anak", "пять *штук* апельсинов"
            continue
        if meaning is Marker.APPROXIMATELY and isinstance(following, Number):
            position += length
            meaning, length = Marker.SEVERAL, vocabulary.look_up(tokens, position)[1]
        elif meaning is Marker.APPROXIMATELY:
            meaning = Marker.PREPOSITION  # "around the house"
        yield meaning
        after_number = isinstance(meaning, Number) or meaning is Marker.SEVERAL
        position += length
