"""Does a model run there? ``python -m edge.listener.recognizers.whisper_trial FOLDER DEVICE COMPUTE_TYPE``

Exit code 0: it does. Otherwise the last line on standard error says why not.
"""

from __future__ import annotations

import sys
from pathlib import Path

from edge.listener.recognizers.whisper_device import NotPlaced, Placement, open_model


def main() -> int:
    folder, device, compute_type = sys.argv[1:]
    try:
        open_model(Path(folder), Placement(device, compute_type))
    except NotPlaced as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
