"""What to do about CUDA's errors, whose own words name the symptom only."""

from __future__ import annotations

import re

_NO_CODE = re.compile("no kernel image", re.IGNORECASE)
_OLD_DRIVER = re.compile("driver version is insufficient", re.IGNORECASE)
_NO_MEMORY = re.compile(r"out of memory|alloc\w{0,32} fail|NvMap.{0,80}(?:error 12|ENOMEM)", re.IGNORECASE)
_NO_LIBRARY = re.compile(
    r"lib(?:cublas|cudnn|cudart|curand|cufft)\S{0,40} (?:is not found|not found|cannot|could not)",
    re.IGNORECASE,
)
ADVICE = (
    (_NO_CODE, "the wheel has no code for this GPU; build it for CUDA architecture 87"),
    (_OLD_DRIVER, "the wheel was built for a newer CUDA than this JetPack's"),
    (
        _NO_MEMORY,
        'the GPU shares the board\'s memory, and none is left; take a smaller model, or device = "cpu"',
    ),
    (_NO_LIBRARY, "CUDA's libraries are not on this board; install nvidia-cuda and nvidia-cudnn"),
)
"""Pattern of an error → what it means on an Orin."""


def with_advice(reason: str) -> str:
    """The reason, and behind a dash what to do where that is known."""
    for pattern, advice in ADVICE:
        if pattern.search(reason):
            return f"{reason} - {advice}"
    return reason
