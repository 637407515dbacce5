"""What to do about CUDA's errors, whose own words name the symptom only."""

from __future__ import annotations

import re

ADVICE: tuple[tuple[str, str], ...] = (
    ("no kernel image", "the wheel has no code for this GPU; build it for CUDA architecture 87"),
    ("driver version is insufficient", "the wheel was built for a newer CUDA than this JetPack's"),
    (
        r"out of memory|alloc\w* fail|NvMap\w*.*(error 12|ENOMEM)",
        'the GPU shares the board\'s memory, and none is left; take a smaller model, or device = "cpu"',
    ),
    (
        r"lib(cublas|cudnn|cudart|curand|cufft)\S* (is not found|not found|cannot|could not|: cannot)",
        "CUDA's libraries are not on this board; install nvidia-cuda and nvidia-cudnn",
    ),
)
"""Pattern of an error → what it means on an Orin."""


def with_advice(reason: str) -> str:
    """The reason, and behind a dash what to do where that is known."""
    for pattern, advice in ADVICE:
        if re.search(pattern, reason, re.IGNORECASE):
            return f"{reason} - {advice}"
    return reason
