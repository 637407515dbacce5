"""A call into a library has a time-out, whatever the library does."""

from __future__ import annotations

import threading

import pytest

from edge.native_call import HangsError, within


def test_what_it_returns_is_returned_and_what_it_raises_is_raised() -> None:
    assert within(20, divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        within(20, divmod, 7, 0)


def test_its_own_time_out_is_not_ours() -> None:
    def own() -> None:
        raise TimeoutError("of a socket")

    with pytest.raises(TimeoutError, match="of a socket"):
        within(20, own)


def test_one_that_does_not_return_is_left_behind_and_holds_up_nobody() -> None:
    goes_on, begun = threading.Event(), threading.Event()
    inside: list[threading.Thread] = []

    def hang() -> None:
        inside.append(threading.current_thread())
        begun.set()
        goes_on.wait()

    with pytest.raises(HangsError, match=r"hangs \(no answer within 0.05 s\)"):
        within(0.05, hang)
    assert begun.wait(20)
    assert inside[0].daemon, "the interpreter does not wait for it"
    goes_on.set()
    inside[0].join(20)
    assert not inside[0].is_alive()
