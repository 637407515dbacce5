"""The inference engines: does each really run where it was asked to, and what does loading cost?"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from importlib.util import find_spec
from pathlib import Path

import msgspec

from edge.config import Settings
from edge.config.child_environment import without_secrets
from edge.doctor.check import Check, optional
from edge.doctor.engine_trial import EngineTrial
from edge.error_lines import one_line
from edge.ladder import RungError
from edge.listener.recognizers.whisper_model import find_model
from edge.native_call import CUDA_STARTS_WITHIN_S
from edge.programs import kill_and_wait


async def check_engines(settings: Settings, *, listener_runs: bool) -> list[Check]:
    """Engines that are installed. The recognizer's model is loaded only where nobody has it loaded yet:
    two of them may be more than a small board holds.
    """
    listener = settings.listener
    whisper = listener.recognizer.whisper
    checks = []
    if find_spec("onnxruntime") is not None and find_spec("faster_whisper") is not None:
        checks.append(await _try_engine("onnxruntime", listener.voiceprint.device))
    if find_spec("ctranslate2") is not None:
        checks.append(await _try_engine("ctranslate2", whisper.device))
    if find_spec("faster_whisper") is not None and listener.input != "null" and not listener_runs:
        with contextlib.suppress(RungError):  # that there is no model is told elsewhere
            folder = str(find_model(settings, whisper.model))
            sizes = (str(listener.recognizer.workers), str(whisper.threads_per_worker))
            checks.append(await _try_engine("whisper", whisper.device, folder, *sizes))
    return checks


async def _try_engine(engine: str, device: str, *arguments: str) -> Check:
    trial = await _run_trial(engine, device, *arguments)
    actual = trial.actual
    if trial.works and trial.resident_mib:
        actual += (
            f"; loaded in {trial.took_ms:.0f} ms, {trial.resident_mib} MiB; machine "
            f"{trial.available_before_mib} → {trial.available_after_mib} MiB available"
        )
    return optional(f"engine {engine}", device, actual, trial.reason)


def _libraries_beside_wheels() -> dict[str, str]:
    """Where the listener's unit looks for them too (``systemd/optional``)."""
    folder = Path(sys.prefix).parent / "gpu-libraries"
    return {"LD_LIBRARY_PATH": str(folder)} if folder.is_dir() else {}


async def _run_trial(*arguments: str) -> EngineTrial:
    """Never fails: a trial that dies is a finding."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "edge.doctor.engine_trial", *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=without_secrets() | _libraries_beside_wheels(),
    )
    try:
        async with asyncio.timeout(CUDA_STARTS_WITHIN_S):
            out, err = await process.communicate()
        return msgspec.json.decode(out.splitlines()[-1] if out else b"", type=EngineTrial)
    except TimeoutError:
        await kill_and_wait(process)
        reason = f"it did not end within {CUDA_STARTS_WITHIN_S:.0f} s"
    except msgspec.MsgspecError:
        lines = err.decode("utf-8", "replace").strip().splitlines()
        reason = one_line(lines[-1]) if lines else f"it ended with status {process.returncode}"
    return EngineTrial(actual="the trial failed", works=False, reason=reason)
