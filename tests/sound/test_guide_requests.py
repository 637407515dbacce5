"""A passenger asks the guide aloud for more volume: it is obeyed, told, and answered without a model."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.listening_guide import CHATTER, SPHINX, listening
from tests.support.spoken_english import has_synthesizer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not has_synthesizer("flite"), reason="flite is not installed"),
    pytest.mark.real_time("a recognizer has to understand words as they are said"),
]


async def test_louder_is_louder(tmp_path: Path) -> None:
    pytest.importorskip("pocketsphinx")
    async with listening(
        tmp_path,
        **SPHINX,
        SPEAKER__VOICES="espeak",
        SPEAKER__VOLUME="0.5",
    ) as scene:
        scene.passenger_says(CHATTER)  # the recognizer gets used to the voice
        await scene.guide.until(lambda: scene.utterances("not_addressed") > 0, "the utterance")
        obeyed = await scene.answer_to("captain, speak louder please")
        assert (obeyed["occasion"], obeyed["outcome"], obeyed["text"]) == ("louder", "spoken", None)
        assert obeyed["rungs"]["models"] == []
        assert scene.asked() == []
        await scene.guide.until_state(lambda state: state["volume"] == 0.75)
