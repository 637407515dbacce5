"""The decisions of an MQTT session: which version to speak, how long to wait, what to acknowledge."""

from __future__ import annotations

import pytest

from edge.config import ConfigError, MqttSettings, Secret
from edge.mqtt.account import account_of
from edge.mqtt.incoming import OrderedAcks
from edge.mqtt.options import SessionOptions
from edge.mqtt.protocol import ProtocolChoice
from edge.mqtt.takeovers import AGAIN, FORGOTTEN_AFTER_S, SHORT_S, Takeovers


def test_the_older_version_is_tried_at_once_and_remembered() -> None:
    choice = ProtocolChoice("auto")
    assert choice.refused(explicitly=True)
    assert choice.current == "3.1.1"
    choice.accepted()
    assert not choice.refused(explicitly=False), "it only restarts"
    assert choice.current == "3.1.1"


def test_a_broker_that_refuses_both_gets_both_in_turn_but_not_in_a_hurry() -> None:
    choice = ProtocolChoice("auto")
    assert choice.refused(explicitly=True)
    assert not choice.refused(explicitly=True)
    assert choice.current == "5"


def test_a_broker_that_forgot_mqtt_5_is_followed_when_it_says_so() -> None:
    choice = ProtocolChoice("auto")
    choice.accepted()
    assert not choice.refused(explicitly=False)
    assert choice.refused(explicitly=True)
    assert choice.current == "3.1.1"


def test_a_configured_version_stays() -> None:
    new, old = ProtocolChoice("5"), ProtocolChoice("3.1.1")
    assert not new.refused(explicitly=True)
    assert not old.refused(explicitly=True)
    assert (new.current, old.current) == ("5", "3.1.1")


def test_acknowledgements_leave_in_the_order_of_arrival() -> None:
    sent: list[int] = []
    acks = OrderedAcks(sent.append)
    first, second, third = (acks.expect(mid) for mid in (7, 3, 9))
    third()
    second()
    second()
    assert sent == []
    first()
    assert sent == [7, 3, 9]
    acks.expect(7)()
    assert sent == [7, 3, 9, 7]


def test_after_its_connection_no_acknowledgement_is_sent_or_kept() -> None:
    sent: list[int] = []
    acks = OrderedAcks(sent.append)
    first, second = acks.expect(1), acks.expect(2)
    assert len(acks) == 2
    acks.close()
    assert len(acks) == 0
    first()
    second()
    assert sent == []


def test_over_3_1_1_only_long_sessions_are_kept() -> None:
    assert SessionOptions(client_id="x", session_expiry_s=5).clean_session_311
    assert not SessionOptions(client_id="x", session_expiry_s=86_400).clean_session_311


def test_connections_that_end_at_once_in_a_row_are_told_of_as_somebody_else_s_doing() -> None:
    takeovers = Takeovers()
    for _ in range(AGAIN - 1):
        assert takeovers.ended(told=False, lived_s=0.1)
        assert not takeovers.again_and_again
    assert takeovers.ended(told=False, lived_s=0.1)
    assert takeovers.again_and_again
    assert not takeovers.ended(told=False, lived_s=SHORT_S)
    assert not takeovers.again_and_again


def test_what_the_broker_says_counts_however_long_the_connection_lived() -> None:
    takeovers = Takeovers()
    for _ in range(AGAIN):
        assert takeovers.ended(told=True, lived_s=SHORT_S * 3)
    assert takeovers.again_and_again
    assert takeovers.ended(told=True, lived_s=FORGOTTEN_AFTER_S)
    assert not takeovers.again_and_again


def test_a_broker_that_restarts_again_and_again_is_nobody_else_s_doing() -> None:
    takeovers = Takeovers()
    for _ in range(AGAIN + 1):
        takeovers.ended(told=False, lived_s=0.1)
        takeovers.not_accepted()
    assert not takeovers.again_and_again


def test_a_session_with_a_password_of_its_own_has_an_account_of_its_own() -> None:
    shared = MqttSettings(username="guide", password=Secret("common"), control_password=Secret("own"))
    assert account_of(shared, "events") == shared
    control = account_of(shared, "control")
    assert (control.username, control.password) == ("guide-control", Secret("own"))
    assert account_of(MqttSettings(), "cli") == MqttSettings()


def test_a_password_of_a_session_needs_a_name() -> None:
    with pytest.raises(ConfigError, match=r"mqtt\.username: expected .*guide-telemetry.*not set"):
        account_of(MqttSettings(telemetry_password=Secret("own")), "telemetry")
