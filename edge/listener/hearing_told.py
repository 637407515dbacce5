"""What the listener hears with, in one block of the journal: all that was chosen, and what it came to."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from edge.config import Settings
from edge.config.orders import recognizer_orders
from edge.journal_events import MessageId, event
from edge.listener.options import recognition_hint
from edge.vitals.board import gpu_name
from edge.vitals.memory import resident_mib
from edge.vitals.tree import Tree

log = logging.getLogger(__name__)


def memory_mib() -> int:
    """Resident memory of this process."""
    return resident_mib(Tree())


def tell_hearing(settings: Settings, runs: Mapping[str, str], vad: str, before_mib: int) -> None:
    """Tell the journal what is heard with. Args: see ``told_of_hearing``."""
    told = told_of_hearing(settings, runs, vad, (before_mib, memory_mib()), gpu_name(Tree()))
    log.info("%s", told, extra=event(MessageId.HEARING_LOADED))


def told_of_hearing(
    settings: Settings, runs: Mapping[str, str], vad: str, memory_mib: tuple[int, int], gpu: str | None
) -> str:
    """What is heard with, in several lines. Pure.

    Args:
        runs: recognizer → model, device and arithmetic that are really used, or why it is not.
        memory_mib: of the process, before and after everything was loaded.
    """
    orders = (f"{language}: {', '.join(order)}" for language, order in recognizer_orders(settings).items())
    hint = recognition_hint(settings) or "none"
    beam = settings.listener.recognizer.whisper.beam
    before, after = memory_mib
    return "\n".join(
        [
            "hears with:",
            *(f"  {name}: {fact}" for name, fact in runs.items()),
            f"  languages: {'; '.join(orders)}",
            f"  speech is found by {vad}; Whisper's beam {beam}; hint: {hint}",
            f"  memory {before} → {after} MiB; GPU: {gpu or 'none'}",
        ]
    )
