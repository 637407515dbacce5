"""``shuttle-guide accept PART``: one part of a board's acceptance (all of them: ``playbooks/accept.yml``)."""

from __future__ import annotations

import argparse
import json

from edge.acceptance.button import check_button
from edge.acceptance.gps import check_gps
from edge.acceptance.heat import check_heat
from edge.acceptance.network import check_network
from edge.acceptance.restarts import check_restarts
from edge.acceptance.result import WORDS, Result
from edge.cli.show import show_lines
from edge.config import Settings
from edge.error_lines import one_line
from edge.vitals.tree import Tree


def accept(options: argparse.Namespace, settings: Settings) -> int:
    """Exit code 0: nothing failed; what is not there does not count."""
    result = _run(options, settings)
    checks = [check.cleaned(one_line) for check in result.checks]
    if options.as_json:
        keys = ("name", "verdict", "wanted", "found", "advice")
        lines = [dict(zip(keys, check, strict=True)) | {"verdict": WORDS[check.verdict]} for check in checks]
        told = {"part": options.part, "checks": lines, "figures": result.figures}
        print(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        show_lines((WORDS[check.verdict], check.told()) for check in checks)
    return 1 if any(check.verdict == "missing" for check in checks) else 0


def _run(options: argparse.Namespace, settings: Settings) -> Result:
    match options.part:
        case "sound":
            from edge.acceptance.sound import check_sound  # loads what sound needs

            return check_sound(settings)
        case "button":
            return check_button(settings, options.within)
        case "gps":
            return check_gps(options.gps, options.within)
        case "network":
            return check_network(settings)
        case "heat":
            return check_heat(Tree(), options.minutes)
        case _:
            return check_restarts(options.times, options.within)
