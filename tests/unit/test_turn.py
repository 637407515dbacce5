"""What one live turn hands to the speaker, and when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from edge.bus import Delivery
from edge.clock import monotonic
from edge.commentator.aside import NOT_MEANT
from edge.commentator.opening import BRIDGE_AFTER_S, Opening
from edge.commentator.outlet import URGENT, Outlet
from edge.commentator.turn import EndedTurn, LiveTurn
from edge.commentator.turn_phase import TurnPhase
from edge.commentator.turn_record import Cut
from edge.commentator.wording import GivenWords, PooledWords, Wording, Words
from edge.ladder import RungError
from edge.messages import (
    Message,
    PoolEntry,
    PoolText,
    PoolUse,
    SpeechCancel,
    SpeechEnd,
    SpeechOpener,
    SpeechPrepare,
    SpeechReport,
    SpeechStart,
    SpeechText,
    StageTime,
    Trigger,
    Turn,
)
from tests.support.simulated import in_simulated_time

OPENER_S = 0.05


class Pipe:
    """Takes everything at once, and reports what it was told the end of as spoken."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.priorities: list[int] = []
        self.turn: LiveTurn | None = None

    def put(self, message: Any, *, priority: int, expires_mono: float) -> asyncio.Future[Delivery]:
        self.sent.append(message)
        self.priorities.append(priority)
        done: asyncio.Future[Delivery] = asyncio.get_running_loop().create_future()
        done.set_result(Delivery.ACKNOWLEDGED)
        if isinstance(message, SpeechEnd) and self.turn:
            text = " ".join(m.text for m in self.sent if isinstance(m, (SpeechStart, SpeechText)))
            self.turn.reported(SpeechReport(turn_id=message.turn_id, outcome="spoken", spoken_text=text))
        return done

    def kinds(self) -> list[type[Message]]:
        return [type(message) for message in self.sent]


class SlowWords:
    """Words that come after a while, or never."""

    sources: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    trail = None
    takes_time = True

    def __init__(self, *texts: str, after_s: float = 0.0) -> None:
        self._texts, self._after_s = texts, after_s

    async def clauses(self) -> AsyncGenerator[Words, None]:
        await asyncio.sleep(self._after_s)
        for text in self._texts:
            yield Words(text, "groq", monotonic())


def held(use: PoolUse, text: str) -> PoolEntry:
    made = PoolText(entry_id=use, use=use, language="ru", text=text, kind="remark")
    return PoolEntry(text=made, duration_ms=int(OPENER_S * 1000), voice="v")


def opening(usual_ms: float = 0.0) -> Opening:
    bridge, ending = held("bridge", "Так-так…"), held("ending", "Проехали.").text
    return Opening(held("opener", "О!"), lambda: bridge, ending, usual_ms)


def live_turn(
    wording: Wording, opened: Opening | None = None, ttl_s: float = 10.0, pipe: Pipe | None = None
) -> tuple[LiveTurn, Pipe]:
    now = monotonic()
    trigger = Trigger(kind="remark", received_mono=now, received_at=0.0, expires_mono=now + ttl_s)
    pipe = pipe or Pipe()
    pipe.turn = LiveTurn(
        trigger,
        "ru",
        wording,
        Outlet(pipe, "me", lambda turn_id: [], lambda progress: None),  # type: ignore[arg-type]
        opening=opened,
    )
    return pipe.turn, pipe


async def ends(turn: LiveTurn) -> EndedTurn:
    turn.begin()
    async with asyncio.timeout(10):
        return await turn.run()


async def run(turn: LiveTurn) -> Turn:
    return (await ends(turn)).turn


@in_simulated_time
async def test_a_hit_is_handed_over_whole_and_no_voice_is_opened_for_it() -> None:
    turn, pipe = live_turn(PooledWords(held("remark", "Хвост трубой.")))
    ended = await run(turn)
    assert pipe.kinds() == [SpeechStart, SpeechEnd]
    start = pipe.sent[0]
    assert isinstance(start, SpeechStart)
    assert (start.pool_entry, start.text) == ("remark", "Хвост трубой.")
    assert ended.models == ("pool",)
    assert "first_token" not in dict(ended.stages)


@in_simulated_time
async def test_who_was_not_meant_says_nothing() -> None:
    class Aside(SlowWords):
        async def clauses(self) -> AsyncGenerator[Words, None]:
            yield Words("", "groq", monotonic(), is_aside=True)

    turn, pipe = live_turn(Aside())
    ended = await run(turn)
    assert (ended.outcome, ended.reason, ended.text, ended.models) == (
        "interrupted",
        NOT_MEANT,
        "",
        ("groq",),
    )
    assert pipe.kinds() == [SpeechPrepare, SpeechCancel]


@in_simulated_time
async def test_given_words_name_no_model() -> None:
    turn, pipe = live_turn(GivenWords("Держитесь. Поворот."))
    assert (await run(turn)).models == ()
    assert pipe.kinds() == [SpeechStart, SpeechText, SpeechEnd]


@in_simulated_time
async def test_the_opener_goes_first_and_urgently_and_is_not_the_turn_s_text() -> None:
    turn, pipe = live_turn(SlowWords("две собаки!"), opening())
    ended = await run(turn)
    assert pipe.kinds() == [SpeechOpener, SpeechStart, SpeechEnd]
    assert pipe.priorities[0] == URGENT
    opener, start = pipe.sent[0], pipe.sent[1]
    assert isinstance(opener, SpeechOpener)
    assert isinstance(start, SpeechStart)
    assert opener.pool_entry == "opener"
    assert start.text == ended.text == "две собаки!"
    assert ended.models == ("groq",)


@in_simulated_time
async def test_the_words_are_asked_for_before_the_opener_leaves() -> None:
    done: list[str] = []

    class AskedWords(SlowWords):
        async def clauses(self) -> AsyncGenerator[Words, None]:
            done.append("asked")
            async for words in super().clauses():
                yield words

    class SendingPipe(Pipe):
        """Sends as the real one does: not in ``put``, but when the loop comes to it."""

        def put(self, message: Any, *, priority: int, expires_mono: float) -> asyncio.Future[Delivery]:
            asyncio.get_running_loop().call_soon(done.append, type(message).__name__)
            return super().put(message, priority=priority, expires_mono=expires_mono)

    turn, _ = live_turn(AskedWords("две собаки!"), opening(), pipe=SendingPipe())
    await run(turn)
    assert done[:2] == ["asked", "SpeechOpener"]


@in_simulated_time
async def test_the_stages_are_told_in_the_order_in_which_they_were_reached() -> None:
    turn, _ = live_turn(SlowWords("две собаки!"))
    stages = [stage.stage for stage in (await run(turn)).stages]
    assert stages == ["received", "accepted", "first_token", "first_text"]


@in_simulated_time
async def test_without_an_opener_the_voice_is_opened_when_the_words_are_asked_for() -> None:
    turn, pipe = live_turn(SlowWords("две собаки!"))
    await run(turn)
    assert pipe.kinds() == [SpeechPrepare, SpeechStart, SpeechEnd]


@in_simulated_time
async def test_words_in_time_need_no_bridge() -> None:
    turn, pipe = live_turn(SlowWords("две собаки!", after_s=OPENER_S), opening())
    await run(turn)
    await asyncio.sleep(OPENER_S + BRIDGE_AFTER_S + 0.1)
    assert pipe.kinds().count(SpeechOpener) == 1


@in_simulated_time
async def test_words_that_take_no_longer_than_usual_need_no_bridge_behind_a_short_opener() -> None:
    after_s = OPENER_S + 2 * BRIDGE_AFTER_S
    turn, pipe = live_turn(SlowWords("две собаки!", after_s=after_s), opening(usual_ms=4 * after_s * 1000))
    await run(turn)
    assert pipe.kinds().count(SpeechOpener) == 1


@in_simulated_time
async def test_late_words_get_one_bridge() -> None:
    turn, pipe = live_turn(SlowWords("две собаки!", after_s=4 * (OPENER_S + BRIDGE_AFTER_S)), opening())
    await run(turn)
    openers = [message.pool_entry for message in pipe.sent if isinstance(message, SpeechOpener)]
    assert openers == ["opener", "bridge"]
    assert pipe.kinds()[-2:] == [SpeechStart, SpeechEnd]


@pytest.mark.parametrize(
    ("wording", "ttl_s"), [(SlowWords("zu spät", after_s=9.0), 0.2), (SlowWords(), 10.0)]
)
@in_simulated_time
async def test_when_no_words_come_the_opener_gets_an_ending(wording: SlowWords, ttl_s: float) -> None:
    turn, pipe = live_turn(wording, opening(), ttl_s)
    ended = await run(turn)
    start = next(message for message in pipe.sent if isinstance(message, SpeechStart))
    assert (start.text, start.pool_entry, start.local_only) == ("Проехали.", "ending", True)
    assert (ended.outcome, ended.text, ended.models) == ("spoken", "Проехали.", ("ending",))
    assert pipe.kinds().count(SpeechStart) == pipe.kinds().count(SpeechEnd) == 1


@in_simulated_time
async def test_without_an_opener_no_words_are_a_failure() -> None:
    turn, pipe = live_turn(SlowWords())
    assert (await run(turn)).outcome == "failed"
    assert SpeechStart not in pipe.kinds()


@in_simulated_time
async def test_who_is_interrupted_behind_an_opener_says_neither_bridge_nor_ending() -> None:
    turn, pipe = live_turn(SlowWords("две собаки!", after_s=9.0), opening(), ttl_s=0.6)
    running = asyncio.create_task(run(turn))
    await asyncio.sleep(OPENER_S / 2)
    turn.interrupt("a passenger asked for silence")
    assert (await running).outcome == "interrupted"
    await asyncio.sleep(0.8)
    assert SpeechCancel in pipe.kinds()
    assert SpeechStart not in pipe.kinds()
    assert pipe.kinds().count(SpeechOpener) == 1


@in_simulated_time
async def test_whose_opener_alone_had_to_give_way_is_known_as_unsaid() -> None:
    turn, _ = live_turn(SlowWords("две собаки!", after_s=9.0), opening())
    running = asyncio.create_task(ends(turn))
    await asyncio.sleep(OPENER_S / 2)
    turn.reported(SpeechReport(turn_id=turn.turn_id, outcome="interrupted", spoken_text="О!"))
    ended = await running
    assert (ended.cut, ended.was_heard) == (Cut.UNSAID, False)


async def interrupted_in_its_opener() -> tuple[LiveTurn, asyncio.Task[EndedTurn]]:
    turn, _ = live_turn(SlowWords("две собаки!", after_s=9.0), opening())
    running = asyncio.create_task(ends(turn))
    await asyncio.sleep(0)
    turn.sounds("")
    turn.interrupt("muted")
    return turn, running


@in_simulated_time
async def test_who_is_interrupted_in_its_opener_tells_what_was_heard_of_it() -> None:
    turn, running = await interrupted_in_its_opener()
    heard = StageTime("first_sample", monotonic())
    turn.reported(
        SpeechReport(
            turn_id=turn.turn_id,
            outcome="interrupted",
            reason="muted",
            spoken_text="О!",
            voices=("pool",),
            stages=(heard,),
        )
    )
    ended, cut, _ = await running
    assert (ended.outcome, ended.reason, ended.text, ended.voices) == (
        "interrupted",
        "muted",
        "О!",
        ("pool",),
    )
    assert heard in ended.stages
    assert cut is None, "it was meant to stop"


@in_simulated_time
async def test_who_is_interrupted_in_its_opener_ends_also_when_the_speaker_cannot_report() -> None:
    turn, running = await interrupted_in_its_opener()
    turn.speaker_restarted(monotonic())
    ended = (await running).turn
    assert (ended.outcome, ended.reason) == ("interrupted", "muted")


@in_simulated_time
async def test_who_is_interrupted_with_words_at_a_new_speaker_waits_for_its_report() -> None:
    class EndlessWords(SlowWords):
        async def clauses(self) -> AsyncGenerator[Words, None]:
            yield Words("две собаки!", "groq", monotonic())
            await asyncio.sleep(9.0)

    began_mono = monotonic()
    turn, pipe = live_turn(EndlessWords())
    running = asyncio.create_task(ends(turn))
    while SpeechStart not in pipe.kinds():
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    turn.interrupt("muted")
    turn.speaker_restarted(began_mono)  # the first news of the speaker that has the words
    turn.reported(
        SpeechReport(turn_id=turn.turn_id, outcome="interrupted", spoken_text="две", voices=("piper",))
    )
    ended = (await running).turn
    assert (ended.outcome, ended.text, ended.voices) == ("interrupted", "две", ("piper",))


@in_simulated_time
async def test_what_comes_behind_a_turn_s_end_changes_nothing() -> None:
    turn, pipe = live_turn(SlowWords("две собаки!"))
    running = asyncio.create_task(ends(turn))
    while SpeechEnd not in pipe.kinds():
        await asyncio.sleep(0)
    turn.interrupt("muted")
    turn.sounds("")
    turn.speaker_restarted(monotonic())
    turn.give_up("the guide stops")
    ended, cut, was_heard = await running
    assert (ended.outcome, cut, was_heard) == ("spoken", None, True)
    assert pipe.kinds() == [SpeechPrepare, SpeechStart, SpeechEnd]


@in_simulated_time
async def test_a_model_that_fails_in_the_moment_of_an_interruption_makes_nothing_be_said() -> None:
    fails = asyncio.Event()

    class FailingWords(SlowWords):
        async def clauses(self) -> AsyncGenerator[Words, None]:
            await fails.wait()
            raise RungError("no connection")
            yield

    turn, pipe = live_turn(FailingWords(), opening())
    running = asyncio.create_task(ends(turn))
    await asyncio.sleep(0.01)
    turn.sounds("")
    fails.set()
    await asyncio.sleep(0)  # the error is there, and the turn has not seen it yet
    turn.interrupt("muted")
    await asyncio.sleep(0.01)
    assert pipe.kinds() == [SpeechOpener, SpeechCancel]
    turn.give_up("the guide stops")
    assert (await running).turn.outcome == "interrupted"


def test_every_phase_leads_to_the_end_and_nothing_leads_out_of_it() -> None:
    others = [phase for phase in TurnPhase if phase is not TurnPhase.ENDED]
    assert all(phase.may_become(TurnPhase.ENDED) for phase in others)
    assert not any(TurnPhase.ENDED.may_become(phase) for phase in TurnPhase)
    assert not any(phase.is_over and phase.awaits_words for phase in TurnPhase)
