"""Real-time priority is one thread's alone, and where it is refused nothing else happens."""

from __future__ import annotations

import os
import resource
import threading
from typing import Any

import pytest

from edge.realtime import PRIORITY, ask_for_realtime

ROUND_ROBIN = getattr(os, "SCHED_RR", None)
pytestmark = pytest.mark.skipif(ROUND_ROBIN is None, reason="real-time priority is Linux's")


@pytest.fixture(autouse=True)
def offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (PRIORITY, PRIORITY))


def test_only_the_thread_that_asks_gets_it() -> None:
    seen: dict[str, Any] = {}

    def ask() -> None:
        seen["granted"] = ask_for_realtime()
        if seen["granted"]:
            seen["policy"] = os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK
            seen["priority"] = os.sched_getparam(0).sched_priority

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    if not seen["granted"]:
        pytest.skip("this machine grants no real-time priority (it needs root, or RLIMIT_RTPRIO)")
    assert (seen["policy"], seen["priority"]) == (ROUND_ROBIN, PRIORITY)
    assert os.sched_getscheduler(0) != ROUND_ROBIN


def test_a_refusal_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    assert not ask_for_realtime()


def test_a_root_shell_is_no_reason_to_take_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (0, 0))
    assert not ask_for_realtime()
    assert os.sched_getscheduler(0) != ROUND_ROBIN
