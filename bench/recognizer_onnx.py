"""``python -m bench.recognizer_onnx``: what queue, ladder and threads cost on top of a bare call of onnx-asr.

The model has GigaAM's signature and fixed words, and is so large that a call takes ``CALL_MS`` at least; the
bare call is the library's own, with the same number of threads on the same sound. The two take turns.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from bench.recognizer import OVERHEAD_PERCENT, PHRASE_S, quickly
from edge.config import Settings
from edge.listener.recognizers import Recognition, RecognitionQueue, make_recognition_ladder
from edge.listener.recognizers.onnx_models import MODELS, QUANTIZATION
from edge.listener.recognizers.whisper_device import MOST_THREADS
from edge.listener.segment import SAMPLE_RATE, RecognitionRequest
from edge.sound.samples import from_int16
from tests.support.synthetic_onnx import make_gigaam

CALL_MS = 300.0
LAYERS = 320
WORDS = "Гид, что это за храм справа от дороги?"


async def measure(models: Path, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each way, round by round."""
    import onnx_asr
    import onnxruntime

    about = MODELS["gigaam"]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = min(MOST_THREADS, os.cpu_count() or 1)
    options.inter_op_num_threads = 1
    bare: Any = onnx_asr.load_model(
        about.kind,
        models / about.folder,
        quantization=QUANTIZATION,
        sess_options=options,
        providers=["CPUExecutionProvider"],
    ).with_timestamps()
    listener = {"languages": ["ru"], "recognizer": {"order": ["gigaam"]}}
    settings = msgspec.convert({"models_dir": str(models), "listener": listener}, Settings)
    ladder = make_recognition_ladder(settings)
    delivered: asyncio.Queue[Recognition] = asyncio.Queue()
    queue = RecognitionQueue(
        ladder.recognise,
        delivered.put_nowait,
        workers=settings.listener.recognizer.workers,
        counters=Counter(),
    )
    await ladder.start()
    sound = np.random.default_rng(1).normal(0, 900, round(PHRASE_S * SAMPLE_RATE)).astype(np.int16)
    taken: dict[str, list[float]] = {"bare": [], "ours": []}
    for number in range(rounds + 1):
        for way in sorted(taken, reverse=bool(number % 2)):
            started = time.perf_counter()
            if way == "bare":
                bare.recognize(from_int16(sound), sample_rate=16_000)
            else:
                queue.submit(str(number), RecognitionRequest(sound, None))
                heard = await delivered.get()
                if heard.transcript is None or heard.transcript.text != WORDS:
                    raise RuntimeError(f"expected {WORDS!r}, came {heard}")
            taken[way].append((time.perf_counter() - started) * 1000)
    await queue.close()
    await ladder.close()
    return {way: values[1:] for way, values in taken.items()}  # the first round warms up


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.recognizer_onnx", description=__doc__)
    parser.add_argument("-n", "--rounds", type=int, default=15, help="default: %(default)s")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="recognizer-bench-") as name:
        make_gigaam(Path(name) / MODELS["gigaam"].folder, WORDS, layers=LAYERS)
        taken = asyncio.run(measure(Path(name), options.rounds))
    bare_ms, ours_ms = quickly(taken["bare"]), quickly(taken["ours"])
    print(f"lower quartiles of {options.rounds} rounds: bare {bare_ms:.1f} ms, ours {ours_ms:.1f} ms")
    if bare_ms < CALL_MS:
        print(f"the bare call is short (expected ≥ {CALL_MS:g} ms): the share says little")
    overhead_percent = (ours_ms / bare_ms - 1) * 100
    met = "met" if overhead_percent <= OVERHEAD_PERCENT else "missed"
    print(f"overhead {overhead_percent:+.1f} %: {met} (≤ {OVERHEAD_PERCENT:g} %)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
