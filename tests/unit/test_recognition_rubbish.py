"""An engine that gives only rubbish while voices are heard is left for the next one, and doctor says so."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import numpy as np
import pytest

from edge.config import Settings
from edge.doctor.processes import check_processes
from edge.listener.recognizers.factory import recognition_limits
from edge.listener.recognizers.guards import DecodedText, to_transcript
from edge.listener.recognizers.ladder import RecognitionLadder
from edge.listener.recognizers.rubbish import IN_A_ROW
from edge.listener.segment import RecognitionRequest, Transcript
from edge.messages import ProcessState
from tests.support.simulated import in_simulated_time

CREDIT, QUESTION = "Субтитры сделаны сообществом Amara.org", "где пляж"
SPOKEN = RecognitionRequest(np.zeros(1600, np.int16), "ru")


class Scripted:
    """A recognizer that writes what ``text`` says."""

    paid = False
    local = True
    usable = True
    fact = "scripted"

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text, self.asked = name, text, 0

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def probe(self) -> None: ...

    async def open(self, request: RecognitionRequest) -> AsyncGenerator[Transcript, None]:
        self.asked += 1
        yield to_transcript([DecodedText(self.text)], request.language)


def ladder(*recognizers: Scripted) -> RecognitionLadder:
    return RecognitionLadder(recognizers, recognition_limits(Settings()))


@pytest.mark.parametrize(
    "rubbish", [CREDIT, "[Music]", "ну, " * 40, "字幕由社区提供", "Thank you for watching!"]
)
@in_simulated_time
async def test_who_gives_only_rubbish_is_left_for_the_next(rubbish: str) -> None:
    bad, good = Scripted("bad", rubbish), Scripted("good", QUESTION)
    rungs = ladder(bad, good)
    heard = [(await rungs.recognise(SPOKEN)).text for _ in range(IN_A_ROW + 6)]
    assert heard == [""] * (IN_A_ROW - 1) + [QUESTION] * 7
    assert bad.asked == IN_A_ROW + 1, "it is left alone then"
    assert "only rubbish" in rungs.states()["bad"]
    state = ProcessState(
        process="listener",
        instance="i",
        ready=True,
        status="",
        facts={f"recognizer.{name}": told for name, told in rungs.states().items()},
    )
    doctor = {check.name.strip(): check for check in check_processes({"listener": state})}
    assert "only rubbish" in doctor["recognizer.bad"].actual
    assert doctor["recognizer.bad"].verdict == "absent"
    await rungs.close()


@in_simulated_time
async def test_noise_that_nobody_understands_is_no_engines_fault() -> None:
    bad, other = Scripted("bad", CREDIT), Scripted("other", CREDIT)
    rungs = ladder(bad, other)
    for _ in range(4 * IN_A_ROW):
        assert (await rungs.recognise(SPOKEN)).text == ""
    assert bad.asked == 4 * IN_A_ROW
    assert rungs.states()["bad"] == "ok"
    await rungs.close()


@in_simulated_time
async def test_a_question_among_the_rubbish_is_enough() -> None:
    one, other = Scripted("one", CREDIT), Scripted("other", "never asked")
    rungs = ladder(one, other)
    for at in range(4 * IN_A_ROW):
        one.text = QUESTION if at % IN_A_ROW == IN_A_ROW - 1 else CREDIT
        await rungs.recognise(SPOKEN)
    assert other.asked == 0
    await rungs.close()


@in_simulated_time
async def test_the_last_one_goes_on_and_is_told_of() -> None:
    rungs = ladder(Scripted("only", CREDIT))
    for _ in range(2 * IN_A_ROW):
        transcript = await rungs.recognise(SPOKEN)
        assert (transcript.text, transcript.is_rubbish) == ("", True)
    assert "only rubbish" in rungs.states()["only"]
    await rungs.close()


def test_silence_is_no_rubbish() -> None:
    assert not to_transcript([DecodedText("  ")], "ru").is_rubbish
    assert not to_transcript([], "ru").is_rubbish
