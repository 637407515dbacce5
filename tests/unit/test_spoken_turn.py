"""A turn with an opener: one track, two clocks, one seam, and an end whatever becomes of its text."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator

import msgspec
import numpy as np
import pytest

from bench.clouds.tones import synthesize
from edge.messages import Priority, Progress, SpeechOpener, SpeechReport, SpeechStart, Stage
from edge.speaker import spoken_turn
from edge.speaker.chime import LENGTH_S, NOTES
from edge.speaker.player import Player
from edge.speaker.spoken_turn import SpokenTurn
from edge.speaker.turn_phase import NEXT, Phase
from edge.speaker.voices.base import Piece, VoiceRequest
from edge.speaker.voices.ladder import make_voice_ladder
from tests.support.fake_output import RATE, FakeOutput
from tests.support.pooled import held_sound, pool_text
from tests.support.seam import seam_of
from tests.support.services import PATIENT_SPEAKER
from tests.support.waiting import until

OPENER, REMARK, ENDING = "О, смотрите!", "Две собаки!", "Бывает."


class ToneVoice:
    """Speaks as the emulated cloud does, a clause a piece, at another rate than the player's."""

    name, paid, local = "elevenlabs", True, False

    async def open(self, request: VoiceRequest) -> AsyncGenerator[Piece, None]:
        async for clause in request.script.clauses(request.start):
            yield Piece(synthesize(clause.text, 24_000), 24_000, clause.end)

    async def probe(self) -> None: ...


class LocalVoice(ToneVoice):
    """Needs no network."""

    name, paid, local = "espeak", False, True


class Room:
    """A player whose output is kept, and what was told of the turns."""

    def __init__(self) -> None:
        self.output = FakeOutput()
        self.player = Player(self.output, RATE, volume=1.0, jitter_ms=0, clock=self.output.clock)
        self.reports: list[SpeechReport] = []
        self.stages: dict[Stage, float] = {}
        self.ladder = make_voice_ladder(PATIENT_SPEAKER, [ToneVoice(), LocalVoice()])

    def turn(self, first: SpeechOpener | SpeechStart) -> SpokenTurn:
        return SpokenTurn(
            first,
            self.ladder,
            lambda entry_id, text, language: None,
            self.player,
            on_stage=self._note,
            on_end=self.reports.append,
        )

    def _note(self, progress: Progress) -> None:
        self.stages[progress.stage] = progress.mono

    async def voiced(self, turn: SpokenTurn) -> None:
        """Wait for all sound of a closed turn: this device plays it faster than it is made."""
        await turn._speaking

    async def report(self) -> SpeechReport:
        await until(lambda: bool(self.reports))
        return self.reports[0]


@contextlib.asynccontextmanager
async def room() -> AsyncIterator[Room]:
    made = Room()
    made.player.start()
    try:
        yield made
    finally:
        await made.player.close()


def opener(ttl_s: float = 5.0) -> SpeechOpener:
    now = time.monotonic()
    return SpeechOpener(
        turn_id="turn",
        sender="test",
        priority=Priority.REMARK,
        language="ru",
        text=OPENER,
        pool_entry="opener",
        ending=ENDING,
        ending_entry="ending",
        received_mono=now,
        expires_mono=now + ttl_s,
    )


def start(*, local_only: bool = False) -> SpeechStart:
    now = time.monotonic()
    return SpeechStart(
        turn_id="turn",
        sender="test",
        priority=Priority.REMARK,
        language="ru",
        text=REMARK,
        local_only=local_only,
        received_mono=now,
        expires_mono=now + 5,
    )


async def test_a_remark_that_is_there_in_time_joins_its_opener() -> None:
    held = held_sound(pool_text(OPENER, use="opener"))
    async with room() as r:
        r.player.learn_voice("elevenlabs", "ru", held.samples, RATE)
        with r.output.held():
            turn = r.turn(opener())
            turn.open_with(opener(), held)
            turn.begin(start())
            turn.close()
            await r.voiced(turn)
        report = await r.report()
        sound = r.output.sound
    seam = seam_of(sound, RATE, OPENER, REMARK)
    assert seam.whole
    # The mark at the opener's end is a cell of silence, as a voice's own would be.
    assert seam.gap_ms == pytest.approx(60 * 1.2, abs=12)
    assert abs(seam.step_db) < 1
    assert report.spoken_text == f"{OPENER} {REMARK}"
    # First content is where the opener's samples end.
    between_s = r.stages["first_content"] - r.stages["first_sample"]
    assert between_s == pytest.approx(len(held.samples) / RATE, abs=0.02)
    assert r.stages["first_content"] < r.stages["last_sample"]


async def test_without_an_opener_first_sound_is_first_content() -> None:
    async with room() as r:
        turn = r.turn(start())
        turn.begin(start())
        turn.close()
        await r.report()
    assert r.stages["first_content"] == r.stages["first_sample"]


async def test_a_chime_is_the_first_sound_and_the_words_are_the_first_content() -> None:
    async with room() as r:
        began = msgspec.structs.replace(start(), chime=True)
        with r.output.held():
            turn = r.turn(began)
            turn.begin(began)
            turn.begin(began)  # it is struck once
            turn.close()
            await r.voiced(turn)
        report = await r.report()
        sound = r.output.sound
    assert r.stages["first_content"] - r.stages["first_sample"] == pytest.approx(LENGTH_S, abs=0.02)
    assert report.spoken_text.startswith(REMARK)
    assert report.voices == ("elevenlabs",), "nobody speaks it"
    struck = np.trim_zeros(sound)[: round(LENGTH_S * RATE)]
    hertz = np.fft.rfftfreq(len(struck), 1 / RATE)[np.argmax(np.abs(np.fft.rfft(struck)))]
    assert any(abs(hertz - note) < 5 for _, note in NOTES)


async def test_a_late_remark_joins_behind_silence_and_nothing_is_lost(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with room() as r:
        turn = r.turn(opener())
        turn.open_with(opener(), held_sound(pool_text(OPENER, use="opener")))
        await until(lambda: np.count_nonzero(r.output.sound[-4800:]) == 0 and "first_sample" in r.stages)
        with r.output.held():
            turn.begin(start())
            turn.close()
            await r.voiced(turn)
        report = await r.report()
        sound = r.output.sound
    assert report.outcome == "spoken"
    assert seam_of(sound, RATE, OPENER, REMARK).whole
    assert not [record for record in caplog.records if "ran out" in record.message]


async def test_an_opener_whose_text_never_comes_is_ended_well_without_a_cloud(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spoken_turn, "ENDING_GRACE_S", 0.1)
    async with room() as r:
        expiring = opener(ttl_s=0.1)
        r.turn(expiring).open_with(expiring, held_sound(pool_text(OPENER, use="opener")))
        report = await r.report()
        sound = r.output.sound
    assert (report.outcome, report.reason) == ("failed", "the text never came")
    assert (report.spoken_text, report.voices) == (f"{OPENER} {ENDING}", ("pool", "espeak"))
    assert seam_of(sound, RATE, OPENER, ENDING).whole


async def test_an_opener_whose_commentator_has_died_is_ended_well_and_once() -> None:
    async with room() as r:
        turn = r.turn(opener())
        turn.open_with(opener(), held_sound(pool_text(OPENER, use="opener")))
        await until(lambda: "first_sample" in r.stages)
        for _ in range(3):  # each heartbeat of the new commentator tells of it
            turn.orphan("the commentator restarted")
        assert not turn.has_text, "whoever has text goes before it"
        report = await r.report()
    assert (report.outcome, report.reason) == ("failed", "the commentator restarted")
    assert (report.spoken_text, report.voices) == (f"{OPENER} {ENDING}", ("pool", "espeak"))


async def test_words_that_come_behind_the_ending_are_left_out_and_break_nothing_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spoken_turn, "TEXT_TIMEOUT_S", 0.05)
    async with room() as r:
        turn = r.turn(opener())
        turn.open_with(opener(), held_sound(pool_text(OPENER * 20, use="opener")))
        turn.orphan("the commentator restarted")
        turn.begin(start())
        turn.add(REMARK)
        await until(lambda: bool(r.reports))
    assert r.reports[0].reason == "the commentator restarted"
    assert r.reports[0].spoken_text == f"{OPENER * 20} {ENDING}"


async def test_words_whose_commentator_has_died_fade_out() -> None:
    async with room() as r:
        turn = r.turn(opener())
        turn.open_with(opener(), held_sound(pool_text(OPENER, use="opener")))
        turn.begin(start())
        await until(lambda: "first_content" in r.stages)
        turn.orphan("the commentator restarted")
        report = await r.report()
    assert report.outcome == "failed"
    assert ENDING not in report.spoken_text


async def test_words_for_local_voices_wait_for_no_cloud_behind_an_opener_either() -> None:
    async with room() as r:
        turn = r.turn(opener())
        turn.open_with(opener(), held_sound(pool_text(OPENER, use="opener")))
        turn.begin(start(local_only=True))
        turn.close()
        report = await r.report()
    assert report.voices == ("pool", "espeak")


async def test_an_opener_is_cancelled_as_text_is() -> None:
    async with room() as r:
        turn = r.turn(opener())
        turn.open_with(opener(), held_sound(pool_text("О" * 400, use="opener")))
        await until(lambda: "first_sample" in r.stages)
        turn.cancel("stopped")
        report = await r.report()
        await asyncio.sleep(0)
    assert (report.outcome, report.reason) == ("interrupted", "stopped")
    assert not turn.has_text


async def test_a_turn_whose_text_has_no_end_is_said_as_far_as_a_turn_goes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(spoken_turn, "LONGEST_TEXT", 40)
    async with room() as r:
        turn = r.turn(start())
        turn.begin(start())
        for _ in range(1000):
            turn.add("Ещё одна!")
        said = f"{REMARK} Ещё одна! Ещё одна! Ещё одна!"
        assert turn.text == said
        report = await r.report()
    assert (report.outcome, report.reason) == ("failed", "its text is longer than 40 characters")
    assert report.spoken_text == said
    assert sum("left out" in record.message for record in caplog.records) == 1


async def test_text_behind_a_turns_end_is_left_out_and_breaks_nothing_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spoken_turn, "TEXT_TIMEOUT_S", 0.05)
    async with room() as r:
        turn = r.turn(start())
        turn.begin(start())
        turn.add(REMARK * 40)
        turn.close()
        turn.add("Ещё одна!")
        report = await r.report()
    assert (report.outcome, report.reason) == ("spoken", None)
    assert report.spoken_text == f"{REMARK} {REMARK * 40}"


@pytest.mark.parametrize("phase", Phase)
def test_each_phase_leads_to_the_turns_end_and_none_back(phase: Phase) -> None:
    assert (Phase.OVER in NEXT[phase]) is (phase is not Phase.OVER)
    order = list(Phase)
    assert all(order.index(after) > order.index(phase) for after in NEXT[phase])


async def test_clauses_without_words_have_no_end_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spoken_turn, "LONGEST_TEXT", 40)
    async with room() as r:
        turn = r.turn(start())
        turn.begin(start())
        for _ in range(1000):
            turn.add("")
        report = await r.report()
    assert (report.outcome, report.spoken_text) == ("failed", REMARK)


async def test_a_turn_whose_sound_has_no_end_is_heard_as_far_as_a_turn_goes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spoken_turn, "LONGEST_SOUND_S", 2.0)
    async with room() as r:
        turn = r.turn(start())
        turn.begin(start())
        for number in range(20):
            turn.add(f"И ещё {number}!")
        turn.close()
        report = await r.report()
        sound = r.output.sound
    assert (report.outcome, report.reason) == ("failed", "its sound is longer than 2 s")
    assert report.spoken_text.startswith(REMARK)
    assert np.flatnonzero(sound).size <= 2.1 * RATE
