"""A call into a library that may never return, as into that of a GPU that hangs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")
CUDA_STARTS_WITHIN_S = 180.0
"""The first start of CUDA can compile kernels for minutes."""
THREAD = "native call"
"""Name of the threads that calls run in."""


class HangsError(Exception):
    """The call has not returned in time."""


def within(
    seconds: float, call: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs
) -> Result:
    """What ``call`` returns; it runs in a thread of its own.

    A thread that hangs inside a library cannot be ended. It stays, and holds up neither the caller nor the
    end of the process (``lifecycle.run``).

    Raises:
        HangsError: the call goes on after so many seconds.
        Exception: whatever the call raises.
    """
    answer: Future[Result] = Future()

    def work() -> None:
        try:
            result = call(*args, **kwargs)
        except BaseException as error:
            answer.set_exception(error)
        else:
            answer.set_result(result)

    threading.Thread(target=work, name=THREAD, daemon=True).start()
    if not wait([answer], seconds).done:
        raise HangsError(f"hangs (no answer within {seconds:g} s)")
    return answer.result()
