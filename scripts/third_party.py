"""Writes THIRD_PARTY.md: what a shuttle installs of others, and under which licence.

``python -m scripts.third_party`` reads the licences from the packages that are installed here; what only a
device has is told below. A licence that is none of the usual ones has a line that says what follows from it.
"""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements-device.lock"
PAGE = ROOT / "THIRD_PARTY.md"
HEAD = """\
# Others' work

The Python packages of `requirements-device.lock`, with the licences that they name themselves. Made by
`python -m scripts.third_party`; a test says whether it is current. Debian packages that a shuttle gets
(espeak-ng, GPL-3.0; Mosquitto, EPL-2.0 or EDL-1.0; PortAudio, MIT) keep theirs in `/usr/share/doc`. Models:
`models/catalogue.toml` names the licence of each.

Not in that lock, since no shuttle has them: **textual** (MIT), with the extra `desk` on a dispatcher's
machine; **nvidia-cublas-cu12** (NVIDIA's own licence, no free one), with `recognizer-gpu` in a recognizer
server's image for a GPU: whoever hands such an image on hands that on, too.

What asks for something:

- **piper-tts** and **espeak-ng** are GPL-3.0-or-later: each runs as a program of its own.
- **RHVoice** (Debian non-free, Ubuntu multiverse; only where a site allows it) is GPL-3.0-or-later as it is
  packaged and runs in a program of its own; `shuttle-guide doctor` names the licence of each of its voices.
- **soxr**, **systemd-python** and **num2words** are LGPL-2.1-or-later, **certifi** and **tqdm** MPL-2.0: each
  comes unchanged from its own package.

| package | version | licence |
|---|---|---|
"""
NOT_HERE = {
    "colorama": "BSD-3-Clause",  # Windows only
    "httpx2-jsfetch": "BSD-3-Clause",  # in a browser only
    "num2words": "LGPL-2.1-or-later",
    "systemd-python": "LGPL-2.1-or-later",
    "wheel": "MIT",
}
"""Locked, and not installed on a developer's machine."""
SPELLED = {
    "Apache 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "3-Clause BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "MIT license": "MIT",
}
"""As packages write it → as SPDX does."""


def page() -> str:
    """The whole page. Raises LookupError: a package names no licence, or is neither installed nor known."""
    locked = re.findall(r"^([A-Za-z0-9._-]+)==([^ \\;]+)", LOCK.read_text("utf-8"), re.MULTILINE)
    return HEAD + "".join(f"| {name} | {version} | {licence_of(name)} |\n" for name, version in locked)


def licence_of(name: str) -> str:
    """The licence as SPDX spells it."""
    if name in NOT_HERE:
        return NOT_HERE[name]
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        raise LookupError(f"{name}: expected to be installed here, or its licence among NOT_HERE") from None
    named = about.get("License-Expression") or (about.get("License") or "").partition("\n")[0]
    if not named:
        classified = [line for line in about.get_all("Classifier") or [] if line.startswith("License ::")]
        named = classified[0].rpartition(" :: ")[2] if classified else ""
    if not named:
        raise LookupError(f"{name}: names no licence; look it up and put it among NOT_HERE")
    return SPELLED.get(named, named)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
