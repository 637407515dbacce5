"""``amixer`` of a card that is not there, in the words of the true one (1.2.8): what ``AMIXER_STATE`` holds.

A control has a range of its own: a share that is set is rounded up to a step, as the true one does.
"""

from __future__ import annotations

import json
import math
import os
import sys
from pathlib import Path
from typing import Any


def raw(text: str, control: dict[str, Any]) -> str:
    """What the card keeps of a wanted value."""
    if choices := control.get("choices"):
        return str(choices.index(text))
    if "max" not in control:
        return "on" if text in ("on", "1") else "off"
    least, most = control["min"], control["max"]
    value = math.ceil(int(text[:-1]) * (most - least) / 100 + least) if text.endswith("%") else int(text)
    return str(min(max(value, least), most))


def told(name: str, control: dict[str, Any], simple: bool) -> str:
    """A control as it is printed."""
    value, least, most = control["value"], control.get("min", 0), control.get("max", 1)
    if not simple:
        kind = "ENUMERATED" if "choices" in control else "INTEGER" if "max" in control else "BOOLEAN"
        return (
            f"numid=1,iface=MIXER,name='{name}'\n  ; type={kind},access=rw------,values=1\n  : values={value}"
        )
    share = round((int(value) - least) * 100 / (most - least))
    switch = "on" if control["unmuted"] else "off"
    return (
        f"Simple mixer control '{name}',0\n  Limits: Playback {least} - {most}\n"
        f"  Mono: Playback {value} [{share}%] [-7.00dB] [{switch}]"
    )


def main(arguments: list[str]) -> None:
    path = Path(os.environ["AMIXER_STATE"])
    cards = json.loads(path.read_text())
    quiet = "--quiet" in arguments
    arguments = [one for one in arguments if one not in ("--quiet", "--card")]
    card, verb, name, *values = arguments
    simple = verb.startswith("s")
    name = name.removeprefix("name=").strip("'")
    control = cards[card].get(name)
    if control is None:
        sys.exit(f"amixer: Unable to find simple control '{name}',0")
    if verb.endswith("set"):
        control["value"] = raw(values[0], control)
        control["unmuted"] = control.get("unmuted", True) or "unmute" in values
        path.write_text(json.dumps(cards))
    if not quiet:
        print(told(name, control, simple))


if __name__ == "__main__":
    main(sys.argv[1:])
