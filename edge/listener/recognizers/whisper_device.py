"""Where a Whisper model runs: the best placement that really works, and why not a better one."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from edge.config.child_environment import without_secrets
from edge.error_lines import one_line
from edge.listener.recognizers.cuda_failures import with_advice
from edge.native_call import CUDA_STARTS_WITHIN_S, HangsError, within

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

KILLED_WITHIN_S = 5.0
"""A process that hangs inside a driver may not end when it is killed."""
NO_DEVICE = 3
"""Exit code of a trial on a device that is not there."""
MOST_THREADS = 4
"""Threads of a worker where the setting is open. CTranslate2 would take 4 on fewer cores too, and crawl."""


class Placement(NamedTuple):
    """A device and the arithmetic on it, by CTranslate2's names."""

    device: str
    compute_type: str

    def __str__(self) -> str:
        return f"{self.device} {self.compute_type}"


PLACEMENTS: dict[Literal["cuda", "cpu"], tuple[Placement, ...]] = {
    "cuda": (Placement("cuda", "float16"), Placement("cuda", "int8_float16"), Placement("cpu", "int8")),
    "cpu": (Placement("cpu", "int8"),),
}
"""Requested device → what is tried, best first."""


class Loaded(NamedTuple):
    """A model that runs."""

    model: WhisperModel
    placement: Placement


class NotPlaced(Exception):
    """The model cannot run there; the text is the reason."""


class NoDevice(NotPlaced):
    """Nothing runs on that device, so that no other arithmetic need be tried on it."""


def load_model(
    folder: Path, placements: Sequence[Placement], *, workers: int, threads_per_worker: int
) -> tuple[Loaded, list[str]]:
    """Load at the first placement that works.

    Returns:
        The model, and the reason for each better placement that was left out.

    Raises:
        NotPlaced: there is none.
    """
    reasons: list[str] = []
    given_up: set[str] = set()
    sizes = {"workers": workers, "threads_per_worker": threads_per_worker}
    for placement in placements:
        if placement.device in given_up:
            continue
        try:
            if placement.device == "cpu":
                model = open_model(folder, placement, **sizes)
            else:
                _try_apart(folder, placement)
                model = within(CUDA_STARTS_WITHIN_S, open_model, folder, placement, **sizes)
            return Loaded(model, placement), reasons
        except (NotPlaced, HangsError) as reason:
            reasons.append(f"{placement}: {reason}")
            if isinstance(reason, NoDevice | HangsError):
                given_up.add(placement.device)
    raise NotPlaced("; ".join(reasons))


def open_model(folder: Path, placement: Placement, *, workers: int, threads_per_worker: int) -> WhisperModel:
    """Load the model and let it work once, which is when missing libraries and too little memory show.

    Raises:
        NotPlaced: it does not work.
    """
    import numpy as np
    from faster_whisper import WhisperModel

    # It would write a line into the journal for every piece of sound.
    logging.getLogger("faster_whisper").setLevel(logging.WARNING)
    try:
        model = WhisperModel(
            str(folder),
            device=placement.device,
            compute_type=placement.compute_type,
            cpu_threads=threads_per_worker or min(MOST_THREADS, os.cpu_count() or 1),
            num_workers=workers,
            local_files_only=True,
        )
        silence = np.zeros(model.feature_extractor.sampling_rate, np.float32)
        segments, _ = model.transcribe(silence, language="en", beam_size=1, temperature=0.0, max_new_tokens=4)
        list(segments)
    except Exception as error:  # CTranslate2 and the tokenizers raise many kinds for a model that is unfit
        raise NotPlaced(with_advice(one_line(str(error) or type(error).__name__))) from error
    return model


def _try_apart(folder: Path, placement: Placement) -> None:
    """Try CUDA in a process of its own first: a cuDNN that does not fit ends the process with SIGABRT.

    Raises:
        NotPlaced: it does not work.
        HangsError: the trial does not end.
    """
    command = [sys.executable, "-P", "-m", "edge.listener.recognizers.whisper_trial", str(folder), *placement]
    try:
        trial = within(CUDA_STARTS_WITHIN_S + KILLED_WITHIN_S, _run, command)
    except subprocess.TimeoutExpired:
        raise HangsError(f"a trial did not end within {CUDA_STARTS_WITHIN_S:.0f} s") from None
    if trial.returncode != 0:
        lines = trial.stderr.strip().splitlines() or [f"a trial ended with status {trial.returncode}"]
        raise (NoDevice if trial.returncode == NO_DEVICE else NotPlaced)(one_line(lines[-1]))


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=CUDA_STARTS_WITHIN_S,
        check=False,
        env=without_secrets(),
    )
