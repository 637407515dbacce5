"""``shuttle-guide listen`` beside a real guide that is asked something."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.listening_guide import ANSWER, CHATTER, QUESTION, SPHINX, listening
from tests.support.spoken_english import has_synthesizer
from tests.support.tmux import in_tmux

pytestmark = [
    pytest.mark.slow,
    pytest.mark.real_time("a recognizer has to understand words as they are said"),
    pytest.mark.skipif(not has_synthesizer("flite"), reason="flite is not installed"),
]


async def test_a_question_its_answer_and_its_stages_are_seen(tmp_path: Path) -> None:
    pytest.importorskip("pocketsphinx")
    async with (
        listening(tmp_path, **SPHINX, TELEMETRY__ANSWER_TEXT="true") as scene,
        in_tmux("listen", environment=scene.guide.environment, folder=tmp_path) as terminal,
    ):
        await terminal.until_shown("listening to")
        scene.passenger_says(CHATTER)
        await terminal.until_shown("not for the guide")
        await scene.answer_to(QUESTION)
        await terminal.until_shown("→ guide")
        await terminal.until_shown(ANSWER)
        await terminal.until_shown("first_sample")
