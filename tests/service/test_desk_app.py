"""The desk's editor by textual's own pilot: what a terminal would show only by luck."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from msgspec import structs
from textual.pilot import Pilot

from edge.config import DeskSettings, Settings
from edge.desk.app import DeskApp
from edge.dictation.protocol import Understood
from edge.dictation.server_address import access_of
from edge.listener.input import NullInput
from tests.support.ports import free_port

PATIENCE_S = 30.0


@asynccontextmanager
async def desk(**settings: bool) -> AsyncIterator[tuple[DeskApp, Pilot[str]]]:
    """A desk whose server is away."""
    own = structs.replace(DeskSettings(server=f"127.0.0.1:{free_port()}"), **settings)
    app = DeskApp(structs.replace(Settings(), desk=own), NullInput(), access_of(own))
    async with app.run_test(size=(40, 10)) as pilot:
        yield app, pilot


async def until(pilot: Pilot[str], fulfilled: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not fulfilled():
            await pilot.pause(0.02)


def said(app: DeskApp, *sentences: str) -> None:
    for sentence in sentences:
        app._take(Understood(sentence, final=True))


async def test_a_selection_is_never_replaced_and_sentences_keep_their_order() -> None:
    async with desk() as (app, pilot):
        await pilot.press(*"abc")
        await until(pilot, lambda: app.editor.text == "abc")
        await pilot.press("ctrl+a")
        said(app, "One.", "Two.")
        await until(pilot, lambda: app.editor.text == "abc One. Two.")
        assert app.editor.selected_text == "abc"
        await until(pilot, lambda: app.clipboard == "Two.")


async def test_a_sentence_is_one_step_to_undo_however_long_it_is() -> None:
    long = "слово " * 60 + "конец."
    async with desk() as (app, pilot):
        app.editor.history.checkpoint_timer = 3600.0  # what is typed slowly is several steps
        await pilot.press(*"ab")
        said(app, long)
        await until(pilot, lambda: app.editor.text == f"ab {long}")
        await pilot.press("space", "c")
        await pilot.press("ctrl+z")
        assert app.editor.text == f"ab {long}"
        await pilot.press("ctrl+z")
        assert app.editor.text == "ab"
        await pilot.press("ctrl+y")
        assert app.editor.text == f"ab {long}"


async def test_what_waits_for_a_pause_in_typing_is_in_the_text_when_it_is_left() -> None:
    async with desk() as (app, pilot):
        await pilot.press(*"ab")
        said(app, "One.")
        await pilot.press("ctrl+q")
        await until(pilot, lambda: app.return_value is not None)
    assert app.return_value == "ab One."


async def test_a_clipboard_that_is_off_still_pastes_within_the_desk() -> None:
    async with desk(clipboard=False) as (app, pilot):
        written: list[str] = []
        assert app._driver is not None
        app._driver.write = written.append  # type: ignore[method-assign]
        said(app, "One.")
        await until(pilot, lambda: app.editor.text == "One.")
        await pilot.press("ctrl+a", "ctrl+c", "right", "ctrl+v")
        await until(pilot, lambda: app.editor.text == "One.One.")
        assert not [text for text in written if "\x1b]52" in text]


async def test_interim_words_are_shown_and_are_no_text() -> None:
    async with desk() as (app, pilot):
        app._take(Understood("две со", final=False))
        await until(pilot, lambda: "две со" in str(app.query_one("#interim").render()))
        said(app, "Две собаки.")
        await until(pilot, lambda: "две со" not in str(app.query_one("#interim").render()))
        assert app.editor.text == "Две собаки."


@pytest.mark.parametrize("text", ["", "слово " * 100])
async def test_what_cannot_be_sent_is_told_before_anything_is(text: str) -> None:
    async with desk() as (app, pilot):
        app.editor.text = text
        await pilot.press("f5")
        wanted = "nothing to send" if not text else "shuttles take 500"

        def told() -> str:
            return str(app.screen.query_one("#told").render())

        await until(pilot, lambda: wanted in told() or "fleet.host" in told())
        await pilot.press("f5")
        await until(pilot, lambda: wanted in told())
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 1)
