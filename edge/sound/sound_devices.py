"""Microphones and outputs by the names that settings take, and who holds them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from edge.ingest.parsed import printable
from edge.operator_error import OperatorError
from edge.sound.portaudio import portaudio
from edge.sound.sound_server import ServerStream, read_server_streams
from edge.vitals.sound_cards import Direction, OpenDevice, read_open_devices
from edge.vitals.tree import Tree

CARD_NUMBER = re.compile(r"\(hw:(\d+),\d+\)")
OF_THE_SERVER = ("default", "pulse", "pipewire")
"""Names of PortAudio that lead to the sound server, where there is one."""
CHANNELS: dict[Direction, str] = {"playback": "max_output_channels", "capture": "max_input_channels"}


class SoundDevicesError(OperatorError):
    """PortAudio tells nothing; the text says why."""


class SoundDevice(msgspec.Struct, kw_only=True):
    """One device in one direction."""

    name: str
    """What ``listener.input``, ``desk.input`` and ``speaker.output`` take, whole or in part."""
    direction: Direction
    channels: int
    rate_hz: int
    is_default: bool
    held_by: list[str]
    """Who has it open, in words."""


def read_sound_devices(tree: Tree) -> list[SoundDevice]:
    """Microphones first. Raises SoundDevicesError."""
    with portaudio(SoundDevicesError) as sd:
        devices = [dict(each) for each in sd.query_devices()]
        default = {"capture": sd.default.device[0], "playback": sd.default.device[1]}
    cards = {
        folder.removeprefix("/proc/asound/card"): tree.text(f"{folder}/id") or ""
        for folder in tree.folders("/proc/asound/card[0-9]*")
    }
    return list(devices_of(devices, default, cards, list(read_open_devices(tree)), read_server_streams()))


def devices_of(
    devices: Iterable[Mapping[str, Any]],
    default: Mapping[str, int],
    cards: Mapping[str, str],
    open_devices: Iterable[OpenDevice],
    streams: Iterable[ServerStream],
) -> Iterator[SoundDevice]:
    """The devices that PortAudio lists. Pure.

    Args:
        devices: PortAudio's, in its order.
        default: direction → place in that order.
        cards: ALSA's number of a card → its id.
        open_devices: of the cards.
        streams: through the sound server.
    """
    listed, opened, streams = list(devices), list(open_devices), list(streams)
    for direction, key in sorted(CHANNELS.items()):
        for at, device in enumerate(listed):
            if int(device[key]) < 1:
                continue
            name = str(device["name"])
            yield SoundDevice(
                name=name,
                direction=direction,
                channels=int(device[key]),
                rate_hz=round(float(device["default_samplerate"])),
                is_default=default[direction] == at,
                held_by=[*_card_holders(name, direction, cards, opened), *_clients(name, direction, streams)],
            )


def _card_holders(
    name: str, direction: Direction, cards: Mapping[str, str], opened: list[OpenDevice]
) -> Iterator[str]:
    number = CARD_NUMBER.search(name)
    card = cards.get(number[1]) if number else None
    for each in opened:
        if card and each.card == card and each.direction == direction:
            who = printable(each.holder) or "not told"
            yield f"{who} (pid {each.pid})" if each.pid else who


def _clients(name: str, direction: Direction, streams: list[ServerStream]) -> Iterator[str]:
    if name not in OF_THE_SERVER:
        return
    for each in streams:
        if each.direction == direction:
            pid = f" (pid {each.pid})" if each.pid else ""
            yield f"{each.program}{pid} on {each.device}"
