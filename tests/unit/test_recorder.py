"""What a recorded drive keeps of what comes over MQTT."""

from __future__ import annotations

import pytest

from edge.config import Settings
from edge.drive.lines import MqttLine
from edge.drive.recorder import Recorder
from tests.support.incoming import incoming


@pytest.mark.parametrize("utterances", [False, True])
async def test_a_typed_question_is_kept_only_where_passengers_words_are(utterances: bool) -> None:
    recorder = Recorder(Settings(), utterances=utterances)
    for topic in ("event", "ask"):
        recorder._came(incoming(topic, "words"))
    kept = [recorder._lines.get_nowait() for _ in range(recorder._lines.qsize())]
    topics = [line.topic for line in kept if isinstance(line, MqttLine)]
    assert topics == (["event", "ask"] if utterances else ["event"])
