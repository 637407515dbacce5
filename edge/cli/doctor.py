"""``shuttle-guide doctor``: is everything there that is needed, and is what was asked for really used?"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
from collections.abc import Iterable, Iterator

from edge.cli.show import show_lines
from edge.config import Settings
from edge.doctor.check import Check
from edge.doctor.examination import examine


def doctor(options: argparse.Namespace, settings: Settings) -> int:
    """Exit code 0 when nothing that is needed is missing; optional things may be absent."""
    logging.getLogger("edge.mqtt").setLevel(logging.ERROR)  # what it would warn of is a finding
    checks = asyncio.run(examine(settings))
    if options.as_json:
        print(json.dumps([check._asdict() for check in checks], ensure_ascii=False, indent=2))
    else:
        _show(checks)
    return 1 if any(check.verdict == "missing" for check in checks) else 0


def _show(checks: Iterable[Check]) -> None:
    """Equal findings are told once."""
    names: dict[Check, list[str]] = {}
    for check in _with_whole_names(checks):
        names.setdefault(check._replace(name=""), []).append(check.name)
    show_lines((check.verdict, check._replace(name=", ".join(of)).told()) for check, of in names.items())


def _with_whole_names(checks: Iterable[Check]) -> Iterator[Check]:
    """A fact of a process, which is indented behind it, is named after it: it may be shown elsewhere."""
    process = ""
    for check in checks:
        if check.name.startswith(" "):
            yield check._replace(name=f"{process} {check.name.strip()}")
        else:
            process = check.name
            yield check
