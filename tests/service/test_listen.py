"""``shuttle-guide listen`` on a guide's feeds, in a real terminal."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import zmq.asyncio

from edge.bus import FeedPublisher
from edge.messages import (
    Caption,
    Feed,
    Hearing,
    Priority,
    ProcessName,
    ProcessState,
    StageTime,
    Turn,
)
from tests.support.command import shuttle_guide
from tests.support.guide import clean_environment
from tests.support.tmux import in_tmux

pytestmark = pytest.mark.timeout(180)
PROCESSES: tuple[ProcessName, ...] = ("listener", "commentator", "speaker")
QUESTION, ANSWER, ASIDE = "Гид, что это за храм?", "Храм из бамбука.", "Смотри, какая собака."
WHITE, GREY = "\x1b[97m", "\x1b[90m"


class Feeds:
    """The feeds of a guide whose processes are played by the test."""

    def __init__(self, folder: Path) -> None:
        self._feeds = {process: FeedPublisher(folder / "run", process) for process in PROCESSES}
        self._context = zmq.asyncio.Context()

    def start(self) -> None:
        for feed in self._feeds.values():
            feed.start(self._context)

    def tell(self, process: ProcessName, *messages: Feed, keep: bool = False) -> None:
        for message in messages:
            (self._feeds[process].keep if keep else self._feeds[process].publish)(message)

    async def until_watched(self, kind: type[Feed]) -> None:
        async with asyncio.timeout(40):
            while not self._feeds["commentator" if kind is Turn else "listener"].is_watched(kind):
                await asyncio.sleep(0.02)

    async def close(self) -> None:
        for feed in self._feeds.values():
            await feed.close()
        self._context.destroy(linger=0)


@pytest.fixture
async def feeds(tmp_path: Path) -> AsyncIterator[Feeds]:
    feeds = Feeds(tmp_path)
    feeds.start()
    yield feeds
    await feeds.close()


def turn_of(caption: Caption) -> Turn:
    now = time.monotonic()
    return Turn(
        turn_id=caption.segment_id,
        trigger_id=caption.segment_id,
        kind="answer",
        priority=Priority.ANSWER,
        language="ru",
        text=ANSWER,
        outcome="spoken",
        received_at=time.time(),
        stages=(
            StageTime("speech_end", now),
            StageTime("transcript", now + 0.4),
            StageTime("first_sample", now + 1.2),
        ),
    )


def caption(text: str, segment_id: str = "s1", *, final: bool, addressed: bool = False) -> Caption:
    return Caption(segment_id=segment_id, text=text, language="ru", final=final, addressed=addressed)


@pytest.mark.parametrize("size", [(80, 24), (30, 10)])
async def test_what_is_heard_is_grey_then_white_and_nothing_of_it_stays(
    tmp_path: Path, feeds: Feeds, size: tuple[int, int]
) -> None:
    hearing = Hearing(level_dbfs=-20.0, speaking=True, barge_in=False)
    state = ProcessState(process="listener", instance="1", ready=True, status="hears whisper")
    async with in_tmux(
        "listen", environment=clean_environment(tmp_path, 1), folder=tmp_path, size=size
    ) as terminal:
        await terminal.until_shown("nobody tells")
        feeds.tell("listener", hearing, state, keep=True)
        await terminal.until_shown("-20 dB")
        await terminal.until_shown("hears whisper")
        await feeds.until_watched(Caption)
        feeds.tell("listener", caption("Гид, что", final=False))
        await terminal.until(lambda: f"{GREY}ru Гид, что" in terminal.colours, "grey words")
        asked = caption(QUESTION, final=True, addressed=True)
        feeds.tell("listener", caption(ASIDE, "s0", final=True), asked)
        await terminal.until(lambda: f"{WHITE}Гид, что" in terminal.colours, "white words")
        await terminal.until_shown("→ guide")
        await feeds.until_watched(Turn)
        feeds.tell("commentator", turn_of(asked))
        await terminal.until_shown(ANSWER)
        await terminal.until_shown("first_sample 1200")
        await terminal.until_shown("not for the guide")
        terminal.keys("C-c")
        await terminal.until(lambda: terminal.exit_code is not None, "its end")
        assert "храм" not in terminal.history


async def test_passengers_words_go_into_no_file_unless_the_operator_allows_it(
    tmp_path: Path, feeds: Feeds
) -> None:
    environment = clean_environment(tmp_path, 1)
    ended = await shuttle_guide("listen", "--seconds", "1", environment=environment, folder=tmp_path)
    assert (ended.exit_code, ended.out) == (1, "")
    assert "telemetry.answer_text" in ended.err
    allowed = environment | {"SHUTTLE_GUIDE_TELEMETRY__ANSWER_TEXT": "true"}
    listening = asyncio.create_task(
        shuttle_guide("listen", "--seconds", "8", environment=allowed, folder=tmp_path)
    )
    await feeds.until_watched(Caption)
    await feeds.until_watched(Turn)
    asked = caption(QUESTION, final=True, addressed=True)
    feeds.tell("listener", caption("Гид", final=False), asked)
    feeds.tell("commentator", turn_of(asked))
    ended = await listening
    # Between two feeds there is no order.
    assert sorted(ended.out.splitlines()) == [
        f"   guide {ANSWER}",
        "   transcript 400  first_sample 1200",
        f"ru {QUESTION}  → guide",
    ]
