"""The director decides alone, on a clock that the test holds."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.commentator.director import MAX_DICTATED, MAX_PENDING, Director
from edge.messages import Chattiness, Control, Count, Kind, Merged, Priority, Side, Sighting, Trigger

numbers = itertools.count()


def trigger(
    kind: Kind = "remark", *, ttl: float = 5.0, now: float = 0.0, words: str = "text", **seen: Any
) -> Trigger:
    sighting = Sighting(**({"label": "dog"} | seen)) if kind in ("remark", "place") else None
    return Trigger(
        trigger_id=str(next(numbers)),
        kind=kind,
        sighting=sighting,
        text=None if sighting else words,
        received_mono=now,
        received_at=1e9,
        expires_mono=now + ttl,
    )


def director(chattiness: Chattiness = "normal", **control: Any) -> Director:
    made = Director(chattiness)
    made.obey(Control(**control), chattiness)
    return made


def begin(d: Director, t: Trigger, now: float) -> None:
    """Offer, choose and begin: the whole way of a trigger that is spoken at once."""
    assert d.offer(t, now)
    assert d.choose(now) is not None
    d.begin(t.turn_id, t, now)


def begin_chosen(d: Director, t: Trigger, now: float) -> None:
    """It was chosen: begin it and end it."""
    d.begin(t.turn_id, t, now)
    d.ended(t.turn_id, now)


def reasons(d: Director) -> list[str]:
    return [drop.reason for drop in d.take_drops()]


def test_a_sighting_is_spoken_at_once() -> None:
    d, t = director(), trigger()
    assert d.offer(t, 0.0)
    assert d.choose(0.0) == t
    assert d.choose(0.0) is None


def test_the_highest_priority_goes_first() -> None:
    d = director()
    offered = [
        trigger("remark"),
        trigger("answer"),
        trigger("safety"),
        trigger("announcement"),
        trigger("place"),
    ]
    for t in offered:
        assert d.offer(t, 0.0)
    chosen = []
    while t := d.choose(0.0):
        chosen.append(t.kind)
    assert chosen == ["safety", "announcement", "answer", "place", "remark"]


def test_a_dog_seen_five_seconds_ago_is_gone() -> None:
    d = director()
    begin(d, trigger("announcement"), 0.0)
    assert d.offer(trigger(ttl=5.0), 0.0)
    assert d.choose(5.1) is None
    assert reasons(d) == ["expired"]
    assert not d.offer(trigger(now=0.0, ttl=5.0), 6.0)
    assert reasons(d) == ["expired"]


def test_one_remark_per_tracked_object() -> None:
    d = director("unlimited")
    t = trigger(object_id="7")
    begin(d, t, 0.0)
    d.ended(t.turn_id, 1.0)
    for now in (2.0, 31.0, 60.0):
        assert not d.offer(trigger(object_id="7", label="truck", now=now), now)
        assert reasons(d) == ["object_seen"]
    assert d.offer(trigger(object_id="8", now=60.0), 60.0)


def test_an_id_that_was_out_of_sight_names_another_object() -> None:
    d = director("unlimited")
    for now in (0.0, 30.1, 1000.0):
        t = trigger(object_id="7", now=now)
        begin(d, t, now)
        d.ended(t.turn_id, now)


def test_an_id_that_never_comes_again_is_kept_for_as_long_as_its_dialect_says() -> None:
    d = director("unlimited")
    t = trigger(object_id="7")
    begin(d, t, 0.0)
    d.ended(t.turn_id, 1.0)
    again = trigger(object_id="7", now=3600.0)
    assert again.sighting is not None
    lasting = msgspec.structs.replace(
        again, sighting=msgspec.structs.replace(again.sighting, object_lasts_s=86_400.0)
    )
    assert not d.offer(lasting, 3600.0)


def test_a_day_s_other_objects_do_not_make_it_forgotten() -> None:
    d = director("unlimited")
    for number in range(2000):
        t = trigger(object_id=str(number), now=number * 40.0)
        begin(d, t, number * 40.0)
        d.ended(t.turn_id, number * 40.0 + 4)
    again = trigger(object_id="0", now=80_000.0)
    assert again.sighting is not None
    lasting = msgspec.structs.replace(again.sighting, object_lasts_s=86_400.0)
    assert not d.offer(msgspec.structs.replace(again, sighting=lasting), 80_000.0)


def test_two_cameras_may_give_the_same_id() -> None:
    d = director("unlimited")
    for now, camera in enumerate((None, "front", "rear")):
        t = trigger(object_id="1", camera=camera, now=float(now))
        begin(d, t, float(now))
        d.ended(t.turn_id, float(now))
    assert not d.offer(trigger(object_id="1", camera="rear", label="cow", now=3.0), 3.0)


def test_an_object_that_waits_twice_is_spoken_once() -> None:
    d = director("unlimited")
    for kind in ("remark", "place"):
        assert d.offer(trigger(kind, object_id="1"), 0.0)
    chosen = d.choose(0.0)
    assert chosen is not None
    d.begin(chosen.turn_id, chosen, 0.0)
    assert reasons(d) == ["object_seen"]


def test_the_same_kind_waits_for_its_cooldown() -> None:
    d = director("normal")
    t = trigger()
    begin(d, t, 0.0)
    d.ended(t.turn_id, 2.0)
    assert not d.offer(trigger(now=10.0), 10.0)
    assert reasons(d) == ["cooldown"]
    assert d.offer(trigger(label="cat", now=10.0), 10.0)
    assert d.offer(trigger(now=31.0), 31.0)


@pytest.mark.parametrize(
    ("old", "new", "count"),
    [
        ({}, {}, 1),  # without ids it may be the same dog
        ({"object_id": "a"}, {"object_id": "b"}, 2),
        ({"count": 2}, {"count": 3}, 3),
        ({"count": 2}, {"count": "several"}, "several"),
        ({"object_id": "a"}, {"object_id": "a", "count": 4}, 4),
    ],
)
def test_similar_sightings_that_wait_become_one(
    old: dict[str, Any], new: dict[str, Any], count: Count
) -> None:
    d = director()
    first = trigger("announcement")
    begin(d, first, 0.0)
    assert d.offer(older := trigger(**old), 0.0)
    assert d.offer(newer := trigger(now=0.5, **new), 0.5)
    assert [drop.trigger.trigger_id for drop in d.take_drops()] == [older.trigger_id]
    d.ended(first.turn_id, 0.6)
    merged = d.choose(4.7)
    assert merged is not None
    assert merged.sighting is not None
    assert merged.sighting.count == count
    # The turn speaks of what was just seen, and its clock starts there.
    assert (merged.trigger_id, merged.received_mono) == (newer.trigger_id, newer.received_mono)
    assert merged.merged == Merged(count=2, since=older.received_at)


def test_what_is_seen_again_and_again_tells_how_often_and_keeps_its_deadline() -> None:
    d = director()
    first = trigger("announcement")
    begin(d, first, 0.0)
    lasting = trigger(object_id="a", ttl=9.0)
    assert d.offer(lasting, 0.0)
    for now in (1.0, 2.0, 3.0):
        assert d.offer(trigger(object_id="a", now=now, ttl=1.0), now)
    d.ended(first.turn_id, 3.1)
    merged = d.choose(8.0)
    assert merged is not None
    assert merged.merged == Merged(count=4, since=lasting.received_at)
    assert (merged.received_mono, merged.expires_mono) == (3.0, lasting.expires_mono)


@pytest.mark.parametrize("other", [{"side": "left"}, {"label": "cat"}, {"text": "собака спит"}])
def test_different_sightings_stay_apart(other: dict[str, Any]) -> None:
    d = director()
    begin(d, trigger("announcement"), 0.0)
    assert d.offer(trigger(side="right"), 0.0)
    assert d.offer(trigger(**({"side": "right"} | other)), 0.0)


def test_remarks_keep_a_quiet_time_and_the_director_says_when_to_ask_again() -> None:
    d = director("normal")
    first = trigger()
    begin(d, first, 0.0)
    d.ended(first.turn_id, 3.0)
    assert d.offer(trigger(label="cat", now=3.5), 3.5)
    assert d.choose(3.5) is None
    assert d.wake_at(3.5) == 7.0
    assert d.choose(7.0) is not None


def test_at_unlimited_nothing_is_held_back() -> None:
    d = director("unlimited")
    for i in range(5):
        t = trigger(now=i)
        begin(d, t, i)
        d.ended(t.turn_id, i + 0.5)
    assert d.offer(trigger(now=6), 6)
    assert d.offer(trigger(now=6), 6)  # not even coalesced


def test_silent_still_announces_and_warns() -> None:
    d = director("silent")
    assert not d.offer(trigger(), 0.0)
    assert reasons(d) == ["silent"]
    assert d.offer(trigger("announcement"), 0.0)
    assert d.offer(trigger("answer"), 0.0)


@pytest.mark.parametrize("signal", ["reversing", "doors_open", "radio_on"])
def test_remarks_wait_while_the_vehicle_asks_for_quiet(signal: str) -> None:
    d = director(**{signal: True})
    assert d.offer(trigger(), 0.0)
    assert d.choose(0.0) is None
    assert d.offer(trigger("announcement"), 0.0)
    chosen = d.choose(0.0)
    assert chosen is not None
    assert chosen.kind == "announcement"
    d.obey(Control(), "normal")
    assert d.choose(1.0) is not None


def test_remarks_wait_while_passengers_speak() -> None:
    d = director()
    d.passengers_speak = True
    assert d.offer(trigger(), 0.0)
    assert d.choose(0.0) is None


def test_a_lower_or_equal_priority_never_interrupts() -> None:
    d = director("unlimited")
    begin(d, trigger("announcement"), 0.0)
    assert d.offer(trigger(), 0.0)
    assert d.offer(trigger("announcement"), 0.0)
    assert d.choose(0.0) is None


def test_speech_is_ducked_until_the_text_is_there_and_only_then_replaced() -> None:
    d = director()
    remark, answer = trigger(), trigger("answer")
    begin(d, remark, 0.0)
    assert not d.wants_duck
    assert d.first_text(remark.turn_id) == []
    begin(d, answer, 1.0)
    assert d.wants_duck
    assert d.first_text(answer.turn_id) == [remark.turn_id]
    assert not d.wants_duck


def test_what_was_ducked_for_nothing_sounds_in_full_again() -> None:
    d = director()
    remark, answer = trigger(), trigger("answer")
    begin(d, remark, 0.0)
    d.first_text(remark.turn_id)
    begin(d, answer, 1.0)
    d.ended(answer.turn_id, 2.0, heard=False)
    assert not d.wants_duck


def test_a_second_warning_does_not_grow_old_behind_the_first() -> None:
    d = director()
    first, second = trigger("safety", ttl=20), trigger("safety", ttl=20)
    begin(d, first, 0.0)
    assert d.offer(second, 1.0)
    assert d.choose(25.0) is None
    d.ended(first.turn_id, 26.0)
    chosen = d.choose(26.0)
    assert chosen is not None
    assert chosen.trigger_id == second.trigger_id
    assert chosen.expires_mono > 26.0


def test_what_nobody_heard_may_be_remarked_on_again() -> None:
    d = director()
    t = trigger(object_id="7")
    begin(d, t, 0.0)
    d.ended(t.turn_id, 3.0, heard=False)
    assert d.offer(trigger(object_id="7", now=3.0), 3.0)


def test_an_answer_in_the_making_survives_an_announcement_and_a_remark_does_not() -> None:
    d = director()
    answer, remark, announcement = trigger("answer"), trigger(), trigger("announcement")
    begin(d, remark, 0.0)
    begin(d, answer, 0.0)
    begin(d, announcement, 0.0)
    assert d.first_text(announcement.turn_id) == [remark.turn_id]


def test_safety_replaces_everything_and_overrides_mute() -> None:
    d = director(muted=True)
    assert not d.offer(trigger("announcement"), 0.0)
    assert reasons(d) == ["muted"]
    warning = trigger("safety")
    begin(d, warning, 0.0)
    d.obey(Control(), "normal")
    other = trigger("safety")
    assert d.offer(other, 0.0)
    assert d.first_text(warning.turn_id) == []


def test_stop_names_all_turns_but_safety_and_empties_the_queue() -> None:
    d = director("unlimited")
    remark, warning = trigger(), trigger("safety")
    begin(d, remark, 0.0)
    assert d.offer(trigger(label="cat"), 0.0)
    begin(d, warning, 0.0)
    assert d.stop() == [remark.turn_id]
    assert reasons(d) == ["stopped"]


def test_a_crowd_loses_the_oldest_of_the_lowest_priority() -> None:
    d = director("unlimited")
    begin(d, trigger("safety"), 0.0)
    waiting = [trigger("answer"), *(trigger(label=str(i)) for i in range(MAX_PENDING))]
    for t in waiting:
        d.offer(t, 0.0)
    drops = d.take_drops()
    assert [(drop.trigger, drop.reason) for drop in drops] == [(waiting[1], "crowded")]


@pytest.mark.parametrize("kind", ["safety", "announcement"])
def test_a_flood_of_dispatchs_words_loses_none_that_was_taken_in(kind: Kind) -> None:
    d = director()
    flood = [trigger(kind, words=f"warning {i}") for i in range(1000)]
    taken = [t for t in flood if d.offer(t, 0.0)]
    assert taken == flood[:MAX_DICTATED]
    assert reasons(d) == [f"{kind}_crowded"] * (1000 - MAX_DICTATED)
    said = []
    while t := d.choose(0.0):
        begin_chosen(d, t, 0.0)
        said.append(t)
    assert said == taken


def test_floods_of_other_kinds_take_no_room_from_dispatchs_words() -> None:
    d = director("unlimited")
    announcement, warning = trigger("announcement"), trigger("safety")
    for i in range(100):
        d.offer(trigger(label=f"thing {i}"), 0.0)
        d.offer(trigger("answer", words=f"question {i}"), 0.0)
    assert d.offer(announcement, 0.0)
    for i in range(100):
        d.offer(trigger("safety", words=f"warning {i}"), 0.0)
        d.offer(trigger(label=f"other thing {i}"), 0.0)
    assert not d.offer(warning, 0.0)
    assert announcement not in [drop.trigger for drop in d.take_drops()]


def test_dispatchs_words_that_wait_twice_are_said_once_and_as_long_as_either_is_good_for() -> None:
    d = director()
    begin(d, trigger("safety", words="other"), 0.0)
    assert d.offer(trigger("safety", ttl=5.0), 0.0)
    for _ in range(1000):
        assert not d.offer(trigger("safety", ttl=50.0), 0.0)
    assert set(reasons(d)) == {"coalesced"}
    d._live.clear()
    assert d.choose(40.0)
    assert d.choose(40.0) is None


def test_what_was_taken_in_before_is_not_kept_out_by_a_crowd() -> None:
    d = director()
    for i in range(MAX_DICTATED):
        assert d.offer(trigger("safety", words=f"warning {i}"), 0.0)
    assert d.offer(trigger("safety", words="of a speaker that died"), 0.0, anew=True)


def test_an_object_is_one_cameras_own() -> None:
    d = director("unlimited")
    begin(d, trigger(object_id="7", camera="front"), 0.0)
    d.ended(next(iter(d._live)), 1.0)
    assert not d.offer(trigger(object_id="7", camera="front", now=1.0), 1.0)
    assert d.offer(trigger(object_id="7", camera="rear", now=1.0), 1.0)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["remark", "place", "answer", "announcement", "safety"]),
            st.sampled_from(["dog", "cat", "car"]),
            st.sampled_from(["left", "right", None]),
            st.sampled_from([None, "1", "2", "3"]),
            st.floats(0, 3),
        ),
        max_size=40,
    ),
    st.sampled_from(["silent", "low", "normal", "high", "unlimited"]),
)
def test_every_trigger_is_chosen_once_or_dropped_once(
    steps: list[tuple[Kind, str, Side | None, str | None, float]], chattiness: Chattiness
) -> None:
    """Whatever comes when: nothing disappears, nothing is chosen twice, nor an object that stays in sight."""
    d = director(chattiness)
    now = 0.0
    offered, fate = set(), []
    objects: list[str] = []
    last_seen: dict[str, float] = {}
    live: list[Trigger] = []

    def run(now: float) -> None:
        while t := d.choose(now):
            d.begin(t.turn_id, t, now)
            d.first_text(t.turn_id)
            live.append(t)
            fate.append(t.trigger_id)
            if t.sighting and t.sighting.object_id:
                objects.append(t.sighting.object_id)

    for kind, label, side, object_id, pause in steps:
        now += pause
        t = trigger(kind, now=now, label=label, side=side, object_id=object_id)
        offered.add(t.trigger_id)
        if object_id is not None:
            if now - last_seen.get(object_id, now) > 30:
                objects = [other for other in objects if other != object_id]
            last_seen[object_id] = now
        d.offer(t, now)
        run(now)
        if live and pause > 1:
            d.ended(live.pop(0).turn_id, now)
    for _ in range(100):
        now += 1.0
        run(now)
        if live:
            d.ended(live.pop(0).turn_id, now)
    fate += [drop.trigger.trigger_id for drop in d.take_drops()]
    assert sorted(fate) == sorted(offered)
    assert len(objects) == len(set(objects))


def test_an_answer_replaces_the_one_to_the_question_before_it_and_only_when_it_has_text() -> None:
    d, first, second = director(), trigger("answer"), trigger("answer")
    begin(d, first, 0.0)
    d.first_text(first.turn_id)
    begin(d, second, 1.0)
    assert d.wants_duck
    assert d.first_text(second.turn_id) == [first.turn_id]


def test_an_answer_that_is_overtaken_before_it_has_text_is_not_given_any_more() -> None:
    d, first, second = director(), trigger("answer"), trigger("answer")
    begin(d, first, 0.0)
    begin(d, second, 0.1)
    assert d.first_text(second.turn_id) == [first.turn_id]


def test_a_passengers_stop_leaves_dispatch_its_words() -> None:
    d, announcement, remark = director(), trigger("announcement"), trigger("remark")
    begin(d, remark, 0.0)
    begin(d, announcement, 0.1)
    assert d.stop(below=Priority.ANNOUNCEMENT) == [remark.turn_id]


def test_what_was_spoken_about_is_gone_whatever_else_it_waited_as() -> None:
    d = director("unlimited")
    assert d.offer(trigger("remark", object_id="7"), 0.0)
    begin(d, trigger("place", object_id="7"), 0.0)
    assert reasons(d) == ["object_seen"]


def test_words_are_taken_back_where_they_wait_and_where_they_sound() -> None:
    d, sounding, waiting = director(), trigger("announcement"), trigger("announcement", words="other")
    begin(d, sounding, 0.0)
    d.first_text(sounding.turn_id)
    d.offer(waiting, 0.0)
    assert d.cancel("nobody's") == []
    assert d.cancel(waiting.trigger_id) == []
    assert reasons(d) == ["cancelled"]
    assert d.cancel(sounding.trigger_id) == [sounding.turn_id]


def test_a_warning_is_not_taken_back() -> None:
    d, sounding, waiting = director(), trigger("safety"), trigger("safety", words="other")
    begin(d, sounding, 0.0)
    d.offer(waiting, 0.0)
    assert d.cancel(waiting.trigger_id) == d.cancel(sounding.trigger_id) == []
    assert reasons(d) == []


def test_passengers_may_have_no_remarks_for_some_minutes_or_until_others_get_on() -> None:
    d = director()
    d.keep_quiet(600.0)
    d.keep_quiet(100.0)
    assert not d.offer(trigger(now=599.0), 599.0)
    assert reasons(d) == ["silent"]
    assert d.offer(trigger("answer", now=599.0), 599.0)
    assert d.offer(trigger("announcement", now=599.0), 599.0)
    assert d.offer(trigger(now=600.0), 600.0)
    d.keep_quiet(9000.0)
    d.obey(Control(doors_open=True), "normal")
    d.obey(Control(), "normal")
    assert d.offer(trigger(now=700.0, label="cat"), 700.0)
