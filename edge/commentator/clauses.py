"""Cuts a stream of tokens into clauses that a voice can speak one by one.

A clause leaves as soon as its last punctuation mark is there; nobody waits for the end of the sentence. Only
behind a full stop that may be no end ("2019.", "тыс.", "nuanu.com") the next word's first character is waited
for. How the stream is cut into tokens makes no difference, and each character is looked at once or twice.
"""

from __future__ import annotations

from edge.commentator.full_stops import Stop, is_joined_to_next, stop_behind

ENDS_SENTENCE = ".!?…"
ENDS_CLAUSE = ENDS_SENTENCE + ",;:—"
OPENING = {"(": ")", "[": "]", "«": "»", "“": "”"}
MIN_WORDS = 2
"""A clause of one word ("Ой,") is not worth a request of its own unless its sentence ends there."""
MAX_CHARS = 90
"""Without any punctuation a clause is cut at the last space before this length."""
MAX_JOINED_CHARS = 140
"""Up to here such a cut waits for a place that is not within "50 000 рупий"."""
MAX_BRACKET_CHARS = 160
"""An opening bracket that is not closed by then is no bracket."""
LONGEST_CLAUSE_CHARS = 1000
"""A clause is cut here, wherever that is. Only a word without an end gets so far, and no voice speaks it."""
LONGEST_ENTITY = 12
LONGEST_MASKED_START = 3

_CLOSING = {closing: opening for opening, closing in OPENING.items()}
_LINK_MARKS = ("http:", "https:", "www.", "@")
_LONGEST_LINK_MARK = max(map(len, _LINK_MARKS))
_LONGEST_WORD = 40
"""Characters of a word that are looked at behind its full stop."""


class ClauseCutter:
    """Feed it pieces of text of any size; it gives back the clauses that are complete."""

    def __init__(self) -> None:
        self._begin()

    def feed(self, piece: str) -> list[str]:
        """Append ``piece``; the clauses that this completed, with punctuation, without outer space."""
        clauses: list[str] = []
        for character in piece:
            self._take(character, clauses)
        return [clause for clause in clauses if clause]

    def rest(self) -> str:
        """What is left at the end of the stream."""
        rest = "".join(self._characters).strip()
        self._begin()
        return rest

    def _begin(self) -> None:
        self._characters: list[str] = []
        self._words = 0
        self._has_word = False
        """There is more than punctuation."""
        self._in_word = False
        self._starred = False
        self._open = dict.fromkeys(OPENING, 0)
        """Opening bracket → how many more of them than of closing ones."""
        self._in_tag = False
        self._in_link = False
        """Since the last space there was what a link or an address has."""
        self._link_mark = ""
        """The last characters, small, which may be the beginning of a link."""
        self._word_from = 0
        """Where the last word begins, and where the one before it."""
        self._word_before_from = 0
        self._undecided: Stop | None = None
        """What the last full stop is, as long as that depends on what follows."""
        self._cut_at = 0
        """Behind it."""

    def _take(self, character: str, clauses: list[str]) -> None:
        if self._undecided and (is_end := self._decide(character)) is not None:
            self._undecided = None
            if is_end:
                behind = self._characters[self._cut_at :]
                del self._characters[self._cut_at :]
                clauses.append(self.rest())
                for each in behind:  # spaces and opening marks
                    self._take(each, clauses)
        self._append(character)
        if self._complete():
            clauses.append(self.rest())

    def _decide(self, character: str) -> bool | None:
        """Whether the undecided full stop is an end, with one more character known; None: not known yet."""
        if character == "\n":
            return False  # the line's end does it
        if self._undecided is Stop.UNLESS_WORD_GOES_ON:
            if character in ENDS_SENTENCE and self._cut_at == len(self._characters):
                self._cut_at += 1
                return None
            return not character.isalnum() and not (character in "/-@_" and self._in_link)
        if character.isalnum():
            # Without a space before it, it belongs to the word.
            return character.isupper() and self._characters[self._cut_at :] != []
        return None if character.isspace() or character in "(«\"'„“[—–*" else False

    def _append(self, character: str) -> None:
        self._characters.append(character)
        self._has_word = self._has_word or character.isalnum()
        if character.isspace():
            self._in_word = False
        elif not self._in_word:
            self._in_word = True
            self._words += 1
            self._word_before_from, self._word_from = self._word_from, len(self._characters) - 1
        if character == "*":
            self._starred = not self._starred
        elif character in OPENING:
            self._open[character] += 1
        elif character in _CLOSING:
            self._open[_CLOSING[character]] -= 1
        elif character == ">":
            self._in_tag = False
        elif self._characters[-2:-1] == ["<"] and (
            character.isascii() and (character.isalpha() or character in "/!|")
        ):
            self._in_tag = True
        if character == " ":
            self._in_link, self._link_mark = False, ""
        elif not self._in_link:
            self._link_mark = (self._link_mark + character.casefold())[-_LONGEST_LINK_MARK:]
            self._in_link = self._link_mark.endswith(_LINK_MARKS)

    def _complete(self) -> bool:
        last = self._characters[-1]
        length = len(self._characters)
        if length >= LONGEST_CLAUSE_CHARS:
            return True
        if last == "\n":
            return self._words > 0
        if self._inside_brackets() or (last in ENDS_CLAUSE and not self._has_word):
            return False
        if last == ".":
            return self._is_end()
        # A link or an address stays whole: only so the gate knows it for one.
        if self._in_link:
            return False
        if last in ENDS_SENTENCE:
            return not self._may_be_letter()
        if last in ENDS_CLAUSE:
            return (
                self._words >= MIN_WORDS
                and not (length > 1 and self._characters[-2].isdigit())
                and not (last == ";" and self._ends_entity())
            )
        return length > MAX_CHARS and last == " " and not self._is_joined()

    def _inside_brackets(self) -> bool:
        if len(self._characters) > MAX_BRACKET_CHARS:
            return False
        return self._starred or self._in_tag or max(self._open.values()) > 0

    def _is_end(self) -> bool:
        """Whether the full stop that came last is one; what cannot be told yet is remembered."""
        if self._undecided is Stop.UNLESS_WORD_GOES_ON:
            return False  # one of several marks
        stop = (
            Stop.UNLESS_WORD_GOES_ON if self._in_link else stop_behind(self._last_word(), self._word_before())
        )
        self._undecided = None
        if stop in (Stop.UNLESS_WORD_GOES_ON, Stop.IF_CAPITAL_FOLLOWS):
            self._undecided, self._cut_at = stop, len(self._characters)
        return stop is Stop.END

    def _may_be_letter(self) -> bool:
        """Whether a mark behind one or two letters may stand for the next one: "sh!t"."""
        word = self._last_word()[:-1]
        if not (word.isascii() and word.isalpha() and len(word) <= LONGEST_MASKED_START):
            return False
        self._undecided, self._cut_at = Stop.UNLESS_WORD_GOES_ON, len(self._characters)
        return True

    def _last_word(self) -> str:
        return "".join(
            self._characters[max(self._word_from, len(self._characters) - _LONGEST_WORD) :]
        ).rstrip()

    def _word_before(self) -> str:
        begin = max(self._word_before_from, self._word_from - _LONGEST_WORD)
        return "".join(self._characters[begin : self._word_from]).rstrip()

    def _is_joined(self) -> bool:
        return len(self._characters) <= MAX_JOINED_CHARS and is_joined_to_next(self._last_word())

    def _ends_entity(self) -> bool:
        tail = "".join(self._characters[-LONGEST_ENTITY:-1])
        name = tail[tail.rfind("&") + 1 :]
        return "&" in tail and name.lstrip("#").isalnum()
