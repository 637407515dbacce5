"""The role ``audio`` on this machine, with files in a folder and a sound card of stubs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.fleet import Played
from tests.support.local_role import play_here

STUB = Path(__file__).with_name("stub_amixer.py")


class AudioRole:
    """Plays the role's tasks of some tags.

    Args:
        folder: for ``/etc``, the stubs and what they keep.
        mixer: card → control → ``value`` (raw), ``min`` and ``max``, ``choices``, ``unmuted``.
    """

    def __init__(self, folder: Path, mixer: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
        self._folder, self._mixer, self.stored = folder, folder / "mixer.json", folder / "stored"
        self.etc = folder / "etc"
        (self.etc / "alsa/conf.d").mkdir(parents=True)
        (self.etc / "udev/rules.d").mkdir(parents=True)
        self._mixer.write_text(json.dumps(mixer))
        cards = folder / "cards"
        cards.write_text(
            "".join(f" {at} [{card:<15}]: USB-Audio - {card}\n" for at, card in enumerate(mixer))
        )
        self._stub("amixer", f'exec {sys.executable} {STUB} "$@"')
        self._stub("ps", "exit 1")  # this machine's own sound servers are nobody's business here
        self._stub("systemctl", "exit 3")
        self._stub("alsactl", f"cp {self._mixer} {self.stored}")
        self._stub("cat", f'[ "$1" = /proc/asound/cards ] && exec /bin/cat {cards}; exec /bin/cat "$@"')

    def _stub(self, name: str, line: str) -> None:
        path = self._folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(0o755)

    def raw(self, card: str, control: str) -> str:
        """What the card keeps."""
        value: str = json.loads(self._mixer.read_text())[card][control]["value"]
        return value

    def play(self, settings: Mapping[str, Any], tags: str = "configure", *more: str) -> Played:
        """Like ``site.yml --tags``."""
        return play_here(
            self._folder,
            [{"role": "audio", **settings}],
            {"audio_etc": str(self.etc)},
            *("--tags", tags, *more),
            environment={"AMIXER_STATE": str(self._mixer)},
        )
