"""``shuttle-guide listen --server HOST``: this machine's microphone, recognised by a recognizer server."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys

from rich.console import Group
from rich.live import Live
from rich.text import Text

from edge.cli.pressed_keys import pressed_keys
from edge.cli.show import console
from edge.config import Settings
from edge.desk.conversation_screen import FINAL, INTERIM, SIDE, TROUBLE, level_line
from edge.dictation.dictation import DictatingMicrophone
from edge.dictation.language_choice import FOUND_OUT, LanguageChoice
from edge.dictation.link import RecognizerLink
from edge.dictation.link_state import LinkState
from edge.dictation.protocol import ServerStage, Understood
from edge.dictation.server_address import ServerAccess, access_of
from edge.listener.input import AudioInput
from edge.listener.input_factory import make_input
from edge.operator_error import OperatorError
from edge.tasks import cancel_and_wait

REFRESH_S = 0.125
NEXT_LANGUAGE = "l"
"""The key."""


def listen_to_server(options: argparse.Namespace, settings: Settings) -> int:
    """Exit code 0: the time is over, Ctrl-C came, or the microphone ended; 1: no server takes the sound."""
    source, access = chosen_input(options.input, settings), access_of(settings.desk, options.server)
    logging.disable()  # what is wrong stands on the screen

    async def run() -> None:
        language = LanguageChoice(access, chosen_language(options.language, settings))
        await _Transcript(source, access, language).run(options.seconds)

    asyncio.run(run())
    return 0


def chosen_input(given: str | None, settings: Settings) -> AudioInput:
    """The microphone that ``--input`` names, or the settings. Raises OperatorError."""
    try:
        return make_input(given or settings.desk.input)
    except ValueError as error:
        raise OperatorError(str(error)) from error


def chosen_language(given: str | None, settings: Settings) -> str:
    """One of ``CHOICES``: what ``--language`` says, or the settings."""
    return FOUND_OUT if given == "auto" else given or settings.desk.language or FOUND_OUT


class _Transcript:
    """Prints each sentence; below them the level, and the words of the sentence that is being said."""

    def __init__(self, source: AudioInput, access: ServerAccess, language: LanguageChoice) -> None:
        self._access = access
        self._language = language
        self._link = RecognizerLink(self._access, self._take, self._note, language)
        self._dictation = DictatingMicrophone(source, self._link)
        self._interim = ""
        self._settled = asyncio.Event()

    async def run(self, seconds: float | None) -> None:
        """Raises OperatorError: there is no server, or it refuses us."""
        self._dictation.switch(True)
        tasks = [asyncio.create_task(each.run()) for each in (self._language, self._link)]
        try:
            await self._settled.wait()
            if self._link.state.name != "connected":
                raise OperatorError(f"{self._access.address}: {self._link.state.reason}")
            if sys.stdout.isatty():
                tasks.append(asyncio.create_task(self._draw()))
            async with asyncio.timeout(seconds):
                await self._dictation.run()
            if missing := self._dictation.unheard:
                told = "1 sentence has" if missing == 1 else f"{missing} sentences have"
                raise OperatorError(f"{self._access.address}: {told} not come back")
        except TimeoutError:
            pass
        finally:
            await cancel_and_wait(*tasks)

    async def _draw(self) -> None:
        with (
            Live(console=console, auto_refresh=False, transient=True) as live,
            pressed_keys(self._press),
        ):
            while True:
                live.update(self._below(), refresh=True)
                await asyncio.sleep(REFRESH_S)

    def _below(self) -> Group:
        microphone, link = self._dictation.microphone, self._link.state
        troubles = [f"microphone: {microphone.reason}"] if microphone.reason else []
        troubles += [] if link.name == "connected" else [f"server {link.told}"]
        troubles += [f"{self._link.lost_s:.1f} s of sound lost"] if self._link.lost_frames else []
        language = self._language
        troubles += [f"{language.shown}: {language.trouble}"] if language.trouble else []
        keys = f"language: {language.shown} (L: the next); Ctrl-C ends it"
        note = Text("; ".join(troubles), TROUBLE) if troubles else Text(keys, SIDE)
        return Group(Text(self._interim, INTERIM), level_line(self._dictation.level_dbfs), note)

    def _press(self, key: str) -> None:
        if key.lower() == NEXT_LANGUAGE:
            self._language.choose_next()

    def _take(self, news: Understood | ServerStage) -> None:
        self._dictation.take(news)
        if not isinstance(news, Understood):
            return
        self._interim = "" if news.final else news.text
        if news.final and news.text:
            console.print(Text(news.text, FINAL if sys.stdout.isatty() else ""), soft_wrap=True)

    def _note(self, state: LinkState) -> None:
        self._settled.set()
