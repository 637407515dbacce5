"""The sound cards that ALSA has."""

from __future__ import annotations

import re

from edge.vitals.tree import Tree

CARD = re.compile(r"^\s*\d+ \[(\S+)\s*\]: (.+)$", re.MULTILINE)


def read_sound_cards(tree: Tree) -> dict[str, str]:
    """Id (what ``CARD=`` names, which stays when numbers move) → what it is."""
    return dict(CARD.findall(tree.text("/proc/asound/cards") or ""))
