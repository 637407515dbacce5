"""Records as the listener does, until its standard input ends: ``python -m edge.acceptance.ear SPEC``.

A process of its own, as in the guide: PortAudio reads its list of devices anew when one is opened, which no
other stream of the same process would survive. Writes a line of JSON (``Opened``) when it hears, and at its
end another one (``Recorded``) with the samples behind it (float32).
"""

from __future__ import annotations

import sys
import threading
import time

import msgspec
import numpy as np

from edge.listener.input import InputEnded, InputError
from edge.listener.input_factory import make_input
from edge.sound.samples import Samples


class Opened(msgspec.Struct):
    """The first line of the ear: whether the microphone is open."""

    sample_rate: int = 0
    trouble: str = ""
    """Why it hears nothing."""


class Recorded(msgspec.Struct):
    """The last line of the ear: when its recording began, and what went wrong."""

    began_mono: float
    """When the first sample was captured, in this machine's monotonic seconds."""
    trouble: str


def main() -> int:
    try:
        source = make_input(sys.argv[1])
        source.open()
    except (ValueError, InputError) as error:
        _tell(Opened(trouble=str(error)))
        return 1
    _tell(Opened(source.sample_rate))
    over = threading.Event()
    threading.Thread(target=_wait_for_end, args=(over,), daemon=True).start()
    blocks: list[Samples] = []
    count, began_mono, trouble = 0, np.inf, ""
    try:
        while not over.is_set():
            blocks.append(source.read())
            count += len(blocks[-1])
            # The block that came with the least delay tells the time of all.
            begin = time.monotonic() - source.backlog_s - count / source.sample_rate
            began_mono = min(began_mono, begin)
    except InputEnded:
        pass
    except InputError as error:
        trouble = str(error)
    source.close()
    _tell(Recorded(began_mono if blocks else 0.0, trouble))
    sys.stdout.buffer.write(np.concatenate([np.zeros(0, np.float32), *blocks]).tobytes())
    return 0


def _tell(what: Opened | Recorded) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(what) + b"\n")
    sys.stdout.buffer.flush()


def _wait_for_end(over: threading.Event) -> None:
    sys.stdin.buffer.read()
    over.set()


if __name__ == "__main__":
    sys.exit(main())
