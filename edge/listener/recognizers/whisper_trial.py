"""Does a model run there? ``python -m edge.listener.recognizers.whisper_trial FOLDER DEVICE COMPUTE_TYPE``

Exit code 0: it does. Otherwise the last line on standard error says why not; ``NO_DEVICE``: nothing does.
"""

from __future__ import annotations

import sys
from pathlib import Path

from edge.listener.recognizers.whisper_device import NO_DEVICE, NotPlaced, Placement, open_model


def main() -> int:
    folder, device, compute_type = sys.argv[1:]
    if device == "cuda" and not _cuda_devices():
        print("no CUDA device, or ctranslate2 was built without CUDA", file=sys.stderr)
        return NO_DEVICE
    try:
        open_model(Path(folder), Placement(device, compute_type), workers=1, threads_per_worker=0)
    except NotPlaced as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


def _cuda_devices() -> int:
    """The first call into CUDA, which may be the one that hangs."""
    import ctranslate2

    return int(ctranslate2.get_cuda_device_count())


if __name__ == "__main__":
    sys.exit(main())
