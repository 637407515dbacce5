"""``python -m bench.own_limits '{"breaker_failures": 20}' up``: the guide with other limits of its ladders.

No setting changes them. A test or a measurement that cannot wait for a breaker starts its guide with this.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace

from bench.changed_guide import run_changed
from edge.config import Budget
from edge.ladder.limits import LadderLimits


def program_with(**limits: float) -> tuple[str, ...]:
    """The interpreter's arguments that start it, instead of ``-m edge``."""
    return "-m", "bench.own_limits", json.dumps(limits)


def main() -> int:
    limits, *arguments = sys.argv[1:]
    usual = LadderLimits.of

    def of(budget: Budget, **of_stage: int) -> LadderLimits:
        return replace(usual(budget, **of_stage), **json.loads(limits))

    LadderLimits.of = of  # type: ignore[method-assign]
    return run_changed(program_with(**json.loads(limits)), arguments)


if __name__ == "__main__":
    sys.exit(main())
