"""An answer that is begun on a guess is never heard before the end of the question is certain."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge.commentator.speculation import Speculation
from edge.listener.pending import PendingUtterances
from edge.listener.recognizers import Recognition
from edge.listener.segment import Segment, Transcript
from edge.messages import Guess, Trigger

TEXTS = ("what is that", "what is that temple")
SEGMENTS = ("a", "b")

NEWS = ("probable", "resumed", "certain", "cut", "dropped", "transcript", "failed", "verified")


@given(st.lists(st.tuples(st.sampled_from(SEGMENTS), st.sampled_from(NEWS)), max_size=30))
def test_the_ears_hand_nothing_on_whose_end_is_not_certain(steps: list[tuple[str, str]]) -> None:
    """In any order of what endpointer, recognizer and verifier tell; what is handed on may be answered."""
    pending = PendingUtterances()
    certain: set[str] = set()
    told: dict[str, Segment] = {}
    for now, (name, news) in enumerate(steps):
        segment = Segment(name, np.zeros(100, np.int16), 0.0, 1.0)
        transcript = Recognition(name, False, Transcript("words", "en", recognizer="r"))
        match news:
            case "probable":
                if name not in certain:
                    told[name] = segment
                    pending.guess(segment, now)
                    pending.verifying(name)
            case "resumed" | "dropped":
                if name not in certain:
                    pending.void(name)
            case "certain" | "cut":
                if name not in certain:
                    certain.add(name)
                    if not pending.confirm(segment, now, goes_on=news == "cut"):
                        told[name] = segment
            case "transcript":
                pending.recognised(transcript, now)
            case "failed":
                pending.recognised(transcript._replace(transcript=None), now)
            case "verified":
                if name in told:
                    pending.verified(told[name], None)
        for each in SEGMENTS:
            if (heard := pending.take(each)) is not None:
                assert each in certain
                assert heard.segment_mono <= now
                certain.discard(each)  # a name may come again, for another utterance


def guess(name: str, text: str, now: float) -> Guess:
    return Guess(turn_id=name, text=text, expires_mono=now + 5.0)


def trigger(name: str, text: str, now: float) -> Trigger:
    return Trigger(
        kind="answer", turn_id=name, text=text, received_mono=now, received_at=0.0, expires_mono=now + 9
    )


STEPS = st.tuples(
    st.sampled_from(["guess", "void", "trigger", "wait"]),
    st.sampled_from(SEGMENTS),
    st.sampled_from(TEXTS),
    st.floats(0.0, 3.0),
)


@given(st.lists(STEPS, max_size=30))
def test_what_was_begun_is_given_out_only_for_the_trigger_of_the_same_words(steps: list[Any]) -> None:
    """And at most once, never after it was taken back, and never after it lapsed."""
    speculation = Speculation(per_minute=1000)
    now = 0.0
    begun: Guess | None = None
    for kind, name, text, pause in steps:
        now += pause
        if kind == "guess":
            same = begun is not None and (begun.turn_id, begun.text) == (name, text)
            if speculation.begins(made := guess(name, text, now), now):
                begun = made
            else:
                assert same
        elif kind == "void":
            speculation.void(name)
            begun = None if begun and begun.turn_id == name else begun
        elif kind == "trigger":
            right = speculation.is_right(trigger(name, text, now), now)
            fits = begun is not None and begun.turn_id == name
            fresh = begun is not None and begun.expires_mono > now
            assert right == (fits and fresh and begun is not None and begun.text == text)
            begun = None if fits or not fresh else begun
        assert speculation.current is None or begun is not None
