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
from edge.config import Settings
from edge.error_lines import one_line
from edge.vitals.tree import Tree


def accept(options: argparse.Namespace, settings: Settings) -> int:
    """0: nothing failed; what is not there does not count."""
    result = _run(options, settings)
    lines = [
        {
            "name": check.name,
            "verdict": WORDS[check.verdict],
            "wanted": one_line(check.requested),
            "found": one_line(check.actual),
            "advice": one_line(check.advice),
        }
        for check in result.checks
    ]
    if options.as_json:
        told = {"part": options.part, "checks": lines, "figures": result.figures}
        print(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        for line in lines:
            advice = f" → {line['advice']}" if line["advice"] else ""
            print(f"{line['verdict']:<9} {line['name']}: {line['found']}{advice}")
    return 1 if any(line["verdict"] == "failed" for line in lines) else 0


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
