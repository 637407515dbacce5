"""Tests in simulated time: a sleep is over when nothing else is left to do, however slow the machine is."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec

from edge.drive import simulated_time

Given = ParamSpec("Given")


def in_simulated_time(test: Callable[Given, Coroutine[Any, Any, None]]) -> Callable[Given, None]:
    """Run the test in a loop of its own (``edge/drive/simulated_time.py``); its fixtures know no loop."""

    @functools.wraps(test)
    def run(*args: Given.args, **kwargs: Given.kwargs) -> None:
        simulated_time.run(test(*args, **kwargs))

    return run
