"""What the server recognises with, in one block: for the journal, and for clients that ask."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping

from edge.config import Settings
from edge.config.child_environment import without_secrets
from edge.vitals.board import gpu_name
from edge.vitals.memory import read_memory
from edge.vitals.tree import Tree

ASK_WITHIN_S = 10.0
MEMORY = re.compile(r"[0-9]{1,9} MiB")


def graphics_memory() -> str | None:
    """The GPU with its memory, such as ``NVIDIA A10, 23028 MiB``; None: there is none. May take seconds."""
    tree = Tree()
    name = gpu_name(tree)
    if name is None:
        return None
    memory = _asked_memory()
    if memory is None and (shared := read_memory(tree)):
        memory = f"{shared.total_mib} MiB, shared with the processor"
    return f"{name}, {memory or 'memory unknown'}"


def _asked_memory() -> str | None:
    command = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader"]
    try:
        asked = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=ASK_WITHIN_S,
            check=True,
            env=without_secrets(),
        )
    except (OSError, subprocess.SubprocessError):
        return None
    first = asked.stdout.partition("\n")[0].strip()
    return first if MEMORY.fullmatch(first) else None


def start_block(
    settings: Settings,
    *,
    runs: Mapping[str, str],
    vad: str,
    memory_mib: tuple[int, int],
    gpu: str | None,
    addresses: tuple[str, str],
) -> str:
    """What the server runs with, in several lines. Pure.

    Args:
        runs: recognizer → model asked for and used, device and arithmetic, or why it does not run.
        memory_mib: of the process, before and after everything was loaded.
        addresses: of control and data.
    """
    ours, listener = settings.recognizer_server, settings.listener
    whisper, ends = listener.recognizer.whisper, listener.endpointing
    before, after = memory_mib
    interim = whisper.interim_model or "the same model"
    return "\n".join(
        [
            "recognises with:",
            *(f"  {name}: {fact}" for name, fact in runs.items()),
            f"  asked for: {whisper.model} on {whisper.device}; interim text by {interim}"
            + ("" if listener.captions else ", switched off"),
            f"  GPU: {gpu or 'none found'}; memory {before} → {after} MiB",
            f"  control on {addresses[0]}, data on {addresses[1]}, "
            + ("encrypted" if ours.cert_file else "not encrypted")
            + (", with a token" if ours.token else ", without a token"),
            f"  languages: {', '.join(ours.languages)}; beam {whisper.beam}; "
            f"prompt: {listener.recognizer.hint or 'none'}",
            f"  speech is found by {vad}, sensitivity {ends.sensitivity:g}; an utterance ends after "
            f"{ends.silence_s:g} s of silence, and has {ours.min_length_s:g} s at least",
        ]
    )
