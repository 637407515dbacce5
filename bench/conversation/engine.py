"""What the queue, the ladder and the threads add to a bare call of the engine on the same sound."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field

from edge.config import Settings
from edge.listener.recognizers import RecognitionLadder, RecognitionQueue
from edge.listener.recognizers.factory import recognition_limits
from edge.listener.recognizers.local import LocalRecognizer
from edge.listener.recognizers.pocketsphinx import PocketsphinxEngine
from edge.listener.recognizers.queue import Recognition
from edge.listener.segment import SAMPLE_RATE, RecognitionRequest
from tests.support.spoken_english import say

ROUNDS = 15
TEXT = "captain, what is the temple over there on the left?"


@dataclass
class Overhead:
    """Milliseconds a call, round by round."""

    bare_ms: list[float] = field(default_factory=list)
    ours_ms: list[float] = field(default_factory=list)

    @property
    def percent(self) -> float:
        """Overhead by the quickest rounds, which other work on the machine disturbed least."""
        return (min(self.ours_ms) / min(self.bare_ms) - 1) * 100


async def measure() -> Overhead:
    """Both on the same sound in turn. The listener calls it in slices, the bare call is one."""
    from pocketsphinx import Decoder

    bare = Decoder(samprate=SAMPLE_RATE, loglevel="FATAL")
    samples = say(TEXT, "flite")
    ladder = RecognitionLadder(
        [LocalRecognizer(PocketsphinxEngine(), workers=1)], recognition_limits(Settings())
    )
    await ladder.start()
    done: asyncio.Queue[Recognition] = asyncio.Queue()
    queue = RecognitionQueue(ladder.recognise, done.put_nowait, workers=1, counters=Counter())
    found = Overhead()
    for number in range(ROUNDS):
        begin = time.perf_counter()
        queue.submit(str(number), RecognitionRequest(samples, "en"))
        if (await done.get()).transcript is None:
            raise RuntimeError("pocketsphinx gave no transcript")
        found.ours_ms.append((time.perf_counter() - begin) * 1000)
        begin = time.perf_counter()
        bare.start_utt()
        bare.process_raw(samples.tobytes())
        bare.end_utt()
        bare.hyp()
        found.bare_ms.append((time.perf_counter() - begin) * 1000)
    await queue.close()
    await ladder.close()
    return found
