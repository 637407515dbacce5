"""CUDA's errors get a line that says what to do."""

from __future__ import annotations

import pytest

from edge.listener.recognizers.cuda_failures import with_advice


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("CUDA error 209: no kernel image is available for execution on the device", "architecture 87"),
        ("CUDA driver version is insufficient for CUDA runtime version", "newer CUDA"),
        ("CUDA failed with error out of memory", "smaller model"),
        ("NvMapMemAllocInternalTagged: 1075072515 error 12", "smaller model"),
        ("Library libcublas.so.12 is not found or cannot be loaded", "nvidia-cuda and nvidia-cudnn"),
        ("libcudnn.so.9: cannot open shared object file: No such file or directory", "nvidia-cudnn"),
    ],
)
def test_a_known_error_is_told_with_what_to_do(said: str, advice: str) -> None:
    told = with_advice(said)
    assert told.startswith(f"{said} - ")
    assert advice in told


def test_an_unknown_error_stays_as_it_is() -> None:
    assert with_advice("Unable to open file 'model.bin'") == "Unable to open file 'model.bin'"
