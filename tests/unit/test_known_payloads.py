"""What a topic has brought before is no news when the broker's store gives it again."""

from __future__ import annotations

from edge.ingest.known_payloads import REMEMBERED_OF_SETTINGS, TOPICS, KnownPayloads
from edge.mqtt import Incoming

VEHICLE, VOLUME = "shuttle/demo/vehicle", "shuttle/demo/cmd/volume"
TWO_HOURS = 7200


def message(topic: str, payload: str, *, stored: bool = False, kept: bool = False) -> Incoming:
    return Incoming(
        topic=topic,
        payload=payload.encode(),
        qos=1,
        retain=stored,
        kept=kept,
        dup=False,
        received_mono=0.0,
        received_at=0.0,
        mid=1,
    )


def known(before: KnownPayloads | None = None) -> KnownPayloads:
    return KnownPayloads((VOLUME,), (VEHICLE,), before and before.of_settings)


def test_the_store_s_message_is_news_once() -> None:
    k = known()
    assert k.is_news(message(VEHICLE, "parked", stored=True))
    assert not k.is_news(message(VEHICLE, "parked", stored=True))
    assert k.is_news(message(VEHICLE, "driving", stored=True))
    assert not k.is_news(message(VEHICLE, "parked", stored=True))


def test_what_is_said_now_is_news_however_often_it_was_said() -> None:
    k = known()
    for _ in range(3):
        assert k.is_news(message(VEHICLE, "parked", kept=True))
        assert k.is_news(message(VEHICLE, "driving"))


def test_over_mqtt_5_only_what_was_kept_last_can_be_in_the_store() -> None:
    k = known()
    k.is_news(message(VEHICLE, "reversing", kept=True))
    k.is_news(message(VEHICLE, "driving", kept=True))
    k.is_news(message(VEHICLE, "parked"))
    assert not k.is_news(message(VEHICLE, "driving", stored=True, kept=True))
    assert k.is_news(message(VEHICLE, "reversing", stored=True, kept=True))


def test_what_was_kept_two_hours_ago_is_known_though_mqtt_311_did_not_tell_that_it_was_kept() -> None:
    k = known()
    k.is_news(message(VEHICLE, "parked"))
    for second in range(TWO_HOURS):
        k.is_news(message(VEHICLE, f"at {second}"))
    assert not k.is_news(message(VEHICLE, "parked", stored=True))


def test_a_setting_is_known_after_a_restart_and_a_slider_s_way() -> None:
    k = known()
    k.is_news(message(VOLUME, "90%", kept=True))
    for percent in range(100, -1, -1):
        k.is_news(message(VOLUME, f"{percent}"))
    later = known(k)
    assert not later.is_news(message(VOLUME, "90%", stored=True))
    assert later.is_news(message(VOLUME, "91%", stored=True))


def test_a_refused_command_of_the_store_is_told_once() -> None:
    k = known()
    mute = message("shuttle/demo/cmd/mute", "", stored=True)
    assert [k.is_news(mute), k.is_news(mute)] == [True, False]


def test_it_stays_bounded_whatever_comes() -> None:
    k = known()
    for n in range(5000):
        k.is_news(message(f"shuttle/demo/cmd/{n}", "x", stored=True))
        k.is_news(message(VOLUME, str(n)))
    assert len(k._kept) == TOPICS
    assert set(k._came) == {VEHICLE, VOLUME}
    assert [len(digests) for digests in k.of_settings.values()] == [REMEMBERED_OF_SETTINGS]
