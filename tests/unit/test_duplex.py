"""Three honest modes: what was asked for, what is done, and why it is not the same."""

from __future__ import annotations

import pytest

from edge.config import ListenerSettings
from edge.listener import duplex
from edge.listener.duplex import choose_duplex, open_duplex


def test_half_duplex_needs_nothing() -> None:
    assert str(choose_duplex(ListenerSettings())) == "half duplex"
    assert not choose_duplex(ListenerSettings(echo="software")).barge_in


def test_in_full_duplex_the_device_cancels_the_echo_unless_the_guide_is_asked_to() -> None:
    mode, canceller = open_duplex(ListenerSettings(duplex="full"))
    assert (mode.actual, mode.barge_in, canceller) == ("device", True, None)


def test_the_guide_cancels_it_where_the_extra_is_installed() -> None:
    pytest.importorskip("livekit")
    mode, canceller = open_duplex(ListenerSettings(duplex="full", echo="software"))
    assert (mode.actual, mode.barge_in, mode.reason) == ("software", True, "")
    assert canceller is not None


def test_without_the_extra_it_is_half_duplex_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplex, "is_installed", lambda: False)
    mode, canceller = open_duplex(ListenerSettings(duplex="full", echo="software"))
    assert (mode.actual, mode.barge_in, canceller) == ("half", False, None)
    assert str(mode).startswith("full duplex (echo cancelled in software) -> half duplex (livekit is not")
    assert "shuttle-guide[echo]" in mode.reason


def test_a_canceller_that_does_not_load_is_no_reason_to_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ImportError("no such library")

    monkeypatch.setattr(duplex, "WebRtcCanceller", broken)
    monkeypatch.setattr(duplex, "is_installed", lambda: True)
    mode, canceller = open_duplex(ListenerSettings(duplex="full", echo="software"))
    assert (mode.actual, canceller) == ("half", None)
    assert "no such library" in mode.reason
