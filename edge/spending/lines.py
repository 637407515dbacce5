"""What was asked of paid services, as a day's ledger names it: ``SERVICE.PURPOSE.UNIT`` → amount. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Literal, NamedTuple, get_args

from edge.messages import PRIORITY_OF_KIND, Kind, Priority

Unit = Literal["requests", "tokens_in", "tokens_out", "characters", "audio_s"]
"""``characters`` of text that is spoken, ``audio_s`` seconds of speech that is recognised."""
Purpose = Literal["remark", "answer", "announcement", "guess", "ahead", "hearing", "probe"]
"""``guess``: an answer begun before its question was certain, right or wrong. ``ahead``: for the pool.
``probe``: to see whether a service works."""
UNITS: tuple[Unit, ...] = get_args(Unit)
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
PURPOSE_OF_KIND: dict[Kind, Purpose] = {
    "remark": "remark",
    "place": "remark",
    "answer": "answer",
    "announcement": "announcement",
    "safety": "announcement",
}
CHARS_PER_TOKEN = 3
"""For what a service does not count; fewer than usual, so that more is counted than was used."""
_TURNS = "turns."
_NAMES_OF_TURNS = frozenset(f"{_TURNS}{purpose}" for purpose in PURPOSES)

Note = Callable[[str, Purpose, Mapping[Unit, float]], None]
"""Told once of each request to a paid service: which one, what for, and how much it was."""


class LedgerLine(NamedTuple):
    """One service's work for one purpose."""

    service: str
    purpose: Purpose


Lines = dict[LedgerLine, dict[Unit, float]]


def not_counted(service: str, purpose: Purpose, amounts: Mapping[Unit, float]) -> None:
    """A ``Note`` for whoever asks a service beside the guide: commands and benches."""


def estimated_tokens(characters: int) -> int:
    """The tokens of so many characters, where nobody has counted them."""
    return characters // CHARS_PER_TOKEN


def purpose_of(priority: Priority) -> Purpose:
    """What a turn of this priority is spoken for."""
    return next(PURPOSE_OF_KIND[kind] for kind, its in PRIORITY_OF_KIND.items() if its == priority)


def names_of(service: str, purpose: Purpose, amounts: Mapping[Unit, float]) -> dict[str, float]:
    """The ledger's entries of some amounts."""
    return {f"{service}.{purpose}.{unit}": amount for unit, amount in amounts.items() if amount}


def names_of_request(service: str, purpose: Purpose, amounts: Mapping[Unit, float]) -> dict[str, float]:
    """The ledger's entries of one request to a paid service."""
    return names_of(service, purpose, {"requests": 1, **amounts})


def name_of_turn(kind: Kind) -> str:
    """The ledger's entry that counts turns."""
    return f"{_TURNS}{PURPOSE_OF_KIND[kind]}"


def lines_of(*ledgers: Mapping[str, float]) -> Lines:
    """The entries of several ledgers for one date together; entries of another form are not ours."""
    lines: defaultdict[LedgerLine, dict[Unit, float]] = defaultdict(dict)
    for ledger in ledgers:
        for name, amount in ledger.items():
            if read := _read(name):
                line, unit = read
                lines[line][unit] = lines[line].get(unit, 0.0) + amount
    return {line: lines[line] for line in sorted(lines, key=_order)}


def only_ours(ledger: Mapping[str, float]) -> dict[str, float]:
    """The entries that ``lines_of`` and ``turns_of`` read."""
    return {name: amount for name, amount in ledger.items() if _read(name) or name in _NAMES_OF_TURNS}


def turns_of(*ledgers: Mapping[str, float]) -> dict[Purpose, int]:
    """How many turns of each kind have ended."""
    turns = {
        purpose: sum(int(ledger.get(f"{_TURNS}{purpose}", 0)) for ledger in ledgers) for purpose in PURPOSES
    }
    return {purpose: count for purpose, count in turns.items() if count}


def total(amounts: Iterable[Mapping[Unit, float]]) -> dict[Unit, float]:
    """The sum, unit by unit."""
    listed = list(amounts)
    return {unit: sum(each.get(unit, 0.0) for each in listed) for unit in UNITS}


@lru_cache(maxsize=4096)
def _read(name: str) -> tuple[LedgerLine, Unit] | None:
    service, _, rest = name.partition(".")
    for purpose in PURPOSES:
        for unit in UNITS:
            if rest == f"{purpose}.{unit}" and service.isidentifier():
                return LedgerLine(service, purpose), unit
    return None


def _order(line: LedgerLine) -> tuple[str, int]:
    return line.service, PURPOSES.index(line.purpose)
