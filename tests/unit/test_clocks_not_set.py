"""Clocks that nobody has set: a camera's and ours, after power-on without a battery, and a jump."""

from __future__ import annotations

import pytest

from edge.config import Settings
from edge.drive import recorder
from edge.drive.recorder import Recorder
from edge.ingest.native import NativeDialect
from edge.messages import Trigger

POWERED_ON_AT, PRESENT_AT = 100.0, 1_800_000_000.0
MONO = 5000.0


def expires(sent_at: float | str, received_at: float) -> float:
    body = (
        f'{{"label": "dog", "ts": {sent_at if isinstance(sent_at, float) else chr(34) + sent_at + chr(34)}}}'
    )
    dialect = NativeDialect(Settings())
    parsed = dialect.parse(
        f"shuttle/{Settings().shuttle.id}/event",
        body.encode(),
        retain=False,
        received_mono=MONO,
        received_at=received_at,
    )
    assert isinstance(parsed, Trigger), parsed
    return parsed.expires_mono


@pytest.mark.parametrize("received_at", [POWERED_ON_AT, POWERED_ON_AT + 1000, PRESENT_AT])
@pytest.mark.parametrize(
    "sent_at", [0.0, POWERED_ON_AT, POWERED_ON_AT + 900, 1e6, "1970-01-01T00:02:00", "1999-12-31T23:59:59"]
)
def test_a_time_by_a_clock_that_was_not_set_says_nothing_of_the_age(
    sent_at: float | str, received_at: float
) -> None:
    assert expires(sent_at, received_at) == MONO + 5


def test_a_right_clock_is_believed_while_ours_is_not_set_and_when_it_is() -> None:
    assert expires(PRESENT_AT, POWERED_ON_AT) == MONO + 5, "it lies in our future: sent now"
    assert expires(PRESENT_AT - 2, PRESENT_AT) == MONO + 3


def test_a_recording_goes_by_the_time_that_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = {"at": POWERED_ON_AT, "mono": MONO}
    monkeypatch.setattr(recorder.time, "time", lambda: clock["at"])
    monkeypatch.setattr(recorder.time, "monotonic", lambda: clock["mono"])
    recording = Recorder(Settings(), utterances=False)
    clock["mono"] += 10
    clock["at"] += 10
    assert recording._of_unix(clock["at"] - 2) == 8
    clock["at"] = PRESENT_AT  # a time server has answered
    clock["mono"] += 5
    assert recording._of_mono(clock["mono"]) == 15
    assert recording._of_unix(PRESENT_AT - 3) == 12
    assert recording._of_unix(POWERED_ON_AT) == 0, "received before the jump, ended behind it"
    clock["at"] = POWERED_ON_AT
    assert recording._of_unix(PRESENT_AT) == 15, "and the other way round"
