"""``shuttle-guide desk`` in a real terminal: keys, mouse, clipboard, small windows, and a fleet behind it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from tests.service.test_small_fleet import SmallFleet, telemetry
from tests.support.broker import Broker, running
from tests.support.cabin_microphone import CabinMicrophone
from tests.support.command import shuttle_guide
from tests.support.fleet_broker import FleetBroker
from tests.support.guide import Guide, clean_environment
from tests.support.scripted_recognizer import ScriptedRecognizerServer, scripted_recognizer
from tests.support.tmux import TmuxTerminal, in_tmux

pytestmark = pytest.mark.timeout(180)
ONE, TWO = "Следующая остановка — храм.", "Please hold on."
NOISE = np.random.default_rng(1).normal(0, 4000, 12_800).astype(np.int16)
"""Somebody speaks for 0.8 s."""
SIZES = [(80, 24), (30, 10)]


class Desk:
    """A desk, its microphone, and the server that understands it."""

    def __init__(
        self, terminal: TmuxTerminal, microphone: CabinMicrophone, server: ScriptedRecognizerServer
    ) -> None:
        self.terminal = terminal
        self.microphone = microphone
        self.server = server

    async def until_up(self) -> None:
        """Wait until its line stands there."""
        await self.terminal.until_shown("○ off")

    async def dictate(self, sentence: str) -> None:
        """Say it, and wait until it stands there."""
        self.microphone.hears(NOISE)
        await self.terminal.until(lambda: self.terminal.clipboard == sentence, sentence)
        await self.terminal.until_shown(sentence)

    async def end(self) -> None:
        self.terminal.keys("C-q")
        await self.terminal.until(lambda: self.terminal.exit_code == 0, "its end")


@contextlib.asynccontextmanager
async def desk(
    folder: Path,
    *sentences: str,
    size: tuple[int, int] = (80, 24),
    auto: bool = False,
    more: tuple[str, ...] = (),
    **settings: str,
) -> AsyncIterator[Desk]:
    environment = clean_environment(folder, 1) | {
        name if name.isupper() else f"SHUTTLE_GUIDE_DESK__{name.upper()}": value
        for name, value in settings.items()
    }
    with CabinMicrophone(folder / "microphone") as microphone:
        async with scripted_recognizer(*sentences) as server:
            arguments = ("desk", "--server", f"127.0.0.1:{server.port}", "--input", microphone.input, *more)
            environment["SHUTTLE_GUIDE_DESK__CONTROL_PORT"] = str(server.control_port)
            async with in_tmux(
                *arguments, *(["--auto"] if auto else []), environment=environment, folder=folder, size=size
            ) as terminal:
                yield Desk(terminal, microphone, server)


@pytest.mark.parametrize("size", SIZES)
async def test_sentences_are_written_at_the_cursor_and_copied(tmp_path: Path, size: tuple[int, int]) -> None:
    async with desk(tmp_path, ONE, TWO, size=size) as at:
        await at.until_up()
        at.terminal.type("Внимание! Спасибо.")
        await at.terminal.until_shown("Спасибо.")
        at.terminal.keys(*["Left"] * len(" Спасибо."), "F1")
        await at.terminal.until_shown("●")
        await at.dictate(ONE)
        whole = f"Внимание! {ONE} Спасибо."
        await at.terminal.until(lambda: at.terminal.words.startswith(whole), "it at the cursor")
        await at.dictate(TWO)
        await at.terminal.until_shown(f"Внимание! {ONE} {TWO} Спасибо.")
        at.terminal.keys("C-z")
        await at.terminal.until_shown(f"Внимание! {ONE} Спасибо.")
        at.terminal.keys("F3")
        await at.terminal.until(lambda: at.terminal.clipboard == f"Внимание! {ONE} Спасибо.", "all of it")
        await at.end()
        await at.terminal.until_shown(f"Внимание! {ONE} Спасибо.")


@pytest.mark.parametrize("size", SIZES)
async def test_what_the_mouse_and_the_keys_select_is_copied_as_it_was_written(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with desk(tmp_path, size=size) as at:
        await at.until_up()
        long = "слово " * 9 + "конец"
        at.terminal.type("Первая строка.")
        at.terminal.keys("Enter", "Enter")
        at.terminal.type(long)
        await at.terminal.until_shown("конец")
        at.terminal.mouse("press", 7, 0)
        at.terminal.mouse("drag", 3, 1)
        at.terminal.mouse("drag", 5, 2)
        at.terminal.mouse("release", 5, 2)
        await at.terminal.until(lambda: at.terminal.clipboard == "строка.\n\nслово", "what was selected")
        at.terminal.keys("C-a")
        whole = f"Первая строка.\n\n{long}"
        await at.terminal.until(lambda: at.terminal.clipboard == whole, "all of it")
        at.terminal.keys("Left", "S-Right", "S-Right", "S-Right", "C-c")
        await at.terminal.until(lambda: at.terminal.clipboard == "Пер", "three letters")
        await at.terminal.until(
            lambda: at.terminal.screen[:2] == ["Первая строка.", ""],
            "two lines without a border, which would be in the way of a terminal's own copying",
        )
        await at.end()


async def test_nothing_is_heard_before_f1_and_behind_it(tmp_path: Path) -> None:
    async with desk(tmp_path, ONE, TWO) as at:
        await at.until_up()
        await at.terminal.until(lambda: at.server.clients == 1, "a connection")
        at.microphone.hears(NOISE)
        await at.terminal.until(lambda: at.microphone.is_quiet, "it was said")
        assert at.server.heard_samples == 0
        at.terminal.keys("F1")
        await at.dictate(ONE)
        at.microphone.hears(np.concatenate([NOISE] * 3))
        await at.terminal.until(lambda: "Please" in at.terminal.words, "interim words")
        at.terminal.keys("F1")
        await at.until_up()
        # The sentence that was begun is ended by silence.
        await at.terminal.until(lambda: at.terminal.clipboard == TWO, "the last sentence")
        await at.end()


async def test_a_lost_server_is_told_and_found_again(tmp_path: Path) -> None:
    async with desk(tmp_path, ONE, auto=True) as at:
        await at.terminal.until_shown("●")
        await at.terminal.until(lambda: at.server.clients == 1, "a connection")
        await at.server.stop()
        await at.terminal.until_shown("server away")
        await at.server.start()
        await at.terminal.until_shown("s of sound lost")
        await at.terminal.until(lambda: "server" not in at.terminal.words, "its return")
        await at.dictate(ONE)
        at.terminal.resize(30, 10)
        await at.terminal.until_shown(ONE)
        await at.end()


@pytest.mark.parametrize("size", SIZES)
async def test_the_language_is_chosen_by_a_key_and_told_to_the_server(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with desk(tmp_path, ONE, size=size) as at:
        await at.terminal.until_shown("○ off auto")
        at.terminal.keys("F2")
        await at.terminal.until_shown("○ off ru")
        await at.terminal.until(lambda: at.server.told == [("language", "ru")], "the command")
        at.terminal.keys("F1")
        await at.dictate(ONE)
        at.server.refuses["en"] = "language: expected ru, de"
        at.terminal.keys("F2")
        await at.terminal.until_shown("en: language:")
        at.terminal.keys("F2", "F2")
        await at.terminal.until(lambda: at.server.told[-1] == ("language", "de"), "the last choice")
        await at.terminal.until(lambda: "expected" not in at.terminal.words, "no trouble any more")
        await at.server.stop()
        await at.terminal.until_shown("server away")
        await at.server.start()
        await at.terminal.until(lambda: at.server.told.count(("language", "de")) > 1, "told again")
        at.terminal.keys("F2", "F2")
        await at.terminal.until(lambda: at.server.told[-1] == ("language", ""), "no choice")
        await at.end()


async def test_the_language_that_is_asked_for_is_told_before_anything_is_said(tmp_path: Path) -> None:
    async with desk(tmp_path, ONE, auto=True, language="fr", more=("--language", "de")) as at:
        await at.terminal.until_shown(" de ")
        await at.terminal.until(lambda: at.server.clients == 1, "a connection")
        assert at.server.told == [("language", "de")]
        await at.dictate(ONE)
        await at.end()


async def test_the_clipboard_can_be_left_alone(tmp_path: Path) -> None:
    async with desk(tmp_path, clipboard="false") as at:
        await at.until_up()
        at.terminal.type("Стоп.")
        at.terminal.keys("F3")
        await at.terminal.until_shown("desk.clipboard is off")
        assert at.terminal.clipboard == ""
        await at.end()


async def test_without_a_terminal_it_is_one_line(tmp_path: Path) -> None:
    ended = await shuttle_guide("desk", environment=clean_environment(tmp_path, 1), folder=tmp_path)
    assert (ended.exit_code, ended.err) == (
        1,
        "desk: expected a terminal: over SSH, ask for one with ssh -t\n",
    )


async def test_it_is_sent_to_chosen_shuttles_and_shows_who_has_played_it(
    tmp_path: Path, broker: Broker, fleet_broker: FleetBroker
) -> None:
    environment = fleet_broker.environment("test", "beach")
    operator = fleet_broker.environment("desk")
    async with Guide(tmp_path / "g", broker.port, environment) as guide:
        await guide.until_ready()
        async with desk(tmp_path, **operator) as at:
            await at.until_up()
            at.terminal.type("Стоп.")
            at.terminal.keys("F5")
            await at.terminal.until_shown("group beach (1 known)")
            at.terminal.keys("Down", "Down", "Space")
            await at.terminal.until_shown("F5 sends an announcement to test")
            at.terminal.keys("F5")
            await at.terminal.until_shown("test: played")
            await at.terminal.until_shown("played by 1 of 1")
            at.terminal.keys("Escape")
            await at.terminal.until_shown("○ off")
            await at.end()
        (turn,) = await guide.until_turns(lambda turn: True)
        assert (turn["kind"], turn["text"], turn["outcome"]) == ("announcement", "Стоп.", "spoken")
        (tmp_path / "small").mkdir()
        async with desk(tmp_path / "small", size=(30, 10), **operator) as at:
            await at.until_up()
            at.terminal.type("Держитесь.")
            at.terminal.keys("F5")
            await at.terminal.until_shown("all (1 known)")
            at.terminal.keys("Space", "End", "Space")
            await at.terminal.until_shown("F5 sends SAFETY to all")
            at.terminal.keys("F5")
            await at.terminal.until_shown("test: played")
        turns = await guide.until_turns(lambda turn: True, 2)
        assert [turn["kind"] for turn in turns] == ["announcement", "safety"]


async def test_who_may_not_say_safety_is_told_so(tmp_path: Path, broker: Broker) -> None:
    small = SmallFleet(tmp_path / "fleet")
    small.let_nobody_say_safety()
    with running(small):
        async with (
            telemetry(tmp_path, broker, small, "one", "beach"),
            desk(tmp_path, **small.environment("ops")) as at,
        ):
            await at.until_up()
            at.terminal.type("Держитесь.")
            at.terminal.keys("F5")
            await at.terminal.until_shown("all (1 known)")
            at.terminal.keys("F5")
            await at.terminal.until_shown("choose somebody first")
            at.terminal.keys("Space", "End", "Space", "F5")
            await at.terminal.until_shown("guide/v1/all/safety")
            await at.terminal.until_shown("refused")
            # As an announcement it goes.
            at.terminal.keys("Space", "F5")
            await at.terminal.until_shown("played by 0 of 1")
            await at.end()
