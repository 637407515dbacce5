"""What the output gate stops, as it is configured."""

from __future__ import annotations

from typing import get_args

from edge.config import GateClass, Settings
from edge.doctor.check import Check


def check_gate(settings: Settings) -> Check:
    """The classes that are in force."""
    off = settings.commentator.gate_classes_off
    in_force = [name for name in get_args(GateClass) if name not in off]
    stopped = ", ".join([*in_force, "keys and the prompt"])
    words = f", and the words in {folder}" if (folder := settings.commentator.blocklist_dir) else ""
    return Check("gate", "ok", f"without {', '.join(off)}" if off else "", f"stops {stopped}{words}")
