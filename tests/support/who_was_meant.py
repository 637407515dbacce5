"""The measured table of who was meant, and its score: answered though not meant, missed though meant."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from edge.config import hearing
from edge.listener.addressee import Addressee
from edge.messages import Language
from tests.support.measured_rows import read_rows

FOLDER = Path(__file__).parents[1] / "who_was_meant"
LANGUAGES: tuple[Language, ...] = ("ru", "en", "id")
COLUMNS = ("sentence", "context", "meant", "class")
ANSWERED_MONO = 100.0
"""When an answer ended, where the context is a conversation; the sentence is said just behind it."""

Deed = Literal["answer", "stop", "nothing"]
Part = Literal["seen", "held_out", "later"]
"""``later``: made up behind the rules, against them."""
PARTS: tuple[Part, ...] = ("seen", "held_out", "later")


@dataclass(frozen=True)
class MeantRow:
    """One sentence. ``context`` is ``none`` or ``follow_up``, ``meant`` what the guide shall do."""

    sentence: str
    context: str
    meant: Deed
    kind: str


@dataclass
class MeantScore:
    """Rows by class and in all, and those that were judged wrong with the deed that they got."""

    rows: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    meant: int = 0
    wrong: list[tuple[MeantRow, Deed]] = field(default_factory=list)

    @property
    def not_meant(self) -> int:
        return self.rows.total() - self.meant

    @property
    def answered_though_not_meant(self) -> int:
        return sum(row.meant == "nothing" for row, _ in self.wrong)

    @property
    def missed_though_meant(self) -> int:
        return len(self.wrong) - self.answered_though_not_meant


def rows(language: Language, part: Part) -> list[MeantRow]:
    path = FOLDER / (f"{language}.tsv" if part == "seen" else f"{language}.{part}.tsv")
    return [
        MeantRow(row["sentence"], row["context"], _deed(row["meant"]), row["class"])
        for row in read_rows(path)
    ]


def judged(sentence: str, context: str) -> Deed:
    """What a guide that understands all three languages does about a sentence."""
    addressee = Addressee(hearing.AddresseeSettings(), LANGUAGES)
    if context == "follow_up":
        addressee.answered(ANSWERED_MONO)
    verdict = addressee.judge(sentence, ANSWERED_MONO + 1.0, ANSWERED_MONO + 3.0)
    if verdict.is_stop:
        return "stop"
    return "answer" if verdict.addressed else "nothing"


def score(language: Language, part: Part) -> MeantScore:
    result = MeantScore()
    for row in rows(language, part):
        deed = judged(row.sentence, row.context)
        result.rows[row.kind] += 1
        result.meant += row.meant != "nothing"
        if deed == row.meant:
            result.right[row.kind] += 1
        else:
            result.wrong.append((row, deed))
    return result


def _deed(text: str) -> Deed:
    match text:
        case "answer" | "stop" | "nothing":
            return text
    raise ValueError(f"expected answer, stop or nothing, got {text!r}")


def main(arguments: Sequence[str] = ()) -> None:
    for part in PARTS:
        scores = {language: score(language, part) for language in LANGUAGES}
        print(f"{part:<28}" + "".join(f"{one:>12}" for one in scores))
        for kind in sorted({kind for one in scores.values() for kind in one.rows}):
            cells = [f"{one.right[kind]}/{one.rows[kind]}" for one in scores.values()]
            print(f"  {kind:<26}" + "".join(f"{cell:>12}" for cell in cells))
        wrongly = [f"{one.answered_though_not_meant}/{one.not_meant}" for one in scores.values()]
        missed = [f"{one.missed_though_meant}/{one.meant}" for one in scores.values()]
        print("  answered though not meant " + "".join(f"{cell:>12}" for cell in wrongly))
        print("  missed though meant       " + "".join(f"{cell:>12}" for cell in missed), end="\n\n")
        for language, one in scores.items():
            for row, deed in one.wrong if part != "held_out" and language in (arguments or LANGUAGES) else ():
                print(f"{language} {row.kind} ({row.context}): {row.sentence}  → {deed}, meant: {row.meant}")


if __name__ == "__main__":
    main(sys.argv[1:])
