"""Which card plays and which records, by the names that settings take, and who holds it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from edge.config import Settings
from edge.doctor.check import Check, optional
from edge.vitals.sound_cards import (
    Direction,
    OpenDevice,
    read_named_cards,
    read_open_devices,
    read_sound_cards,
)
from edge.vitals.tree import Tree


class WantedCard(NamedTuple):
    """One direction, and what the settings and the unit of its process are called."""

    direction: Direction
    setting: str
    shared: str
    unit: str


def check_sound_cards(tree: Tree, settings: Settings) -> Iterator[Check]:
    """Playback first. A direction that goes to no card (a file, nothing) is left out."""
    open_now = list(read_open_devices(tree))
    named = read_named_cards(tree)
    cards = read_sound_cards(tree)
    for wanted in (
        WantedCard("playback", settings.speaker.output, "shuttle_speaker", "shuttle-guide-speaker.service"),
        WantedCard(
            "capture", settings.listener.input, "shuttle_microphone", "shuttle-guide-listener.service"
        ),
    ):
        if wanted.setting == "null" or wanted.setting.startswith(("wav:", "pipe:")):
            continue
        card = _card_of(wanted, named, cards)
        devices = [each for each in open_now if each.direction == wanted.direction]
        yield _check(wanted, card, cards, devices)


def _card_of(wanted: WantedCard, named: dict[Direction, str], cards: dict[str, str]) -> str | None:
    """The card that a setting names; None: none, as ``default``."""
    if wanted.setting == wanted.shared:
        return named.get(wanted.direction)
    found = [card for card, kind in cards.items() if wanted.setting in (card, kind) or wanted.setting in kind]
    return found[0] if len(found) == 1 else None


def _check(wanted: WantedCard, card: str | None, cards: dict[str, str], devices: list[OpenDevice]) -> Check:
    name, setting = f"card for {wanted.direction}", wanted.setting
    if card is not None and card not in cards:
        there = ", ".join(cards) or "none"
        return optional(name, setting, f"{card} is not there (there: {there})", "plug it in, or name another")
    ours = next((each for each in devices if wanted.unit in each.holder), None)
    if ours is not None:
        kind = cards.get(ours.card, "?")
        return optional(name, setting, f"{ours.card} ({kind}){_rate(ours)}, held by the guide")
    others = [each for each in devices if card in (None, each.card)]
    told = f"{card} ({cards[card]})" if card else "the system's choice"
    if not others:
        return optional(name, setting, f"{told}, held by nobody")
    held = "; ".join(
        f"{each.card}{_rate(each)} by pid {each.pid or '?'} ({each.holder or 'not told'})" for each in others
    )
    advice = "end it, or give it a card of its own; a sound server of users: audio_headless (docs/audio.md)"
    return optional(name, setting, f"{told}, held: {held}", advice if card else "")


def _rate(device: OpenDevice) -> str:
    return f" at {device.rate_hz} Hz" if device.rate_hz else ""
