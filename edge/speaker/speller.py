"""How everything is said here: the spoken form of a text, with the site's own names."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import lru_cache
from typing import NoReturn

from edge.messages import LANGUAGES, Language
from edge.site.lexicon import LocalVoice
from edge.site.lexicon_file import LexiconFile
from edge.spoken_form.form import SpokenForm
from edge.spoken_form.spell import VERSION, spoken_form

log = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0
"""At the lexicon."""
REMEMBERED_FORMS = 128
"""Each clause is asked for by its turn and by every voice that tries it."""


class Speller:
    """Makes spoken forms with the lexicon as it is at the moment."""

    def __init__(self, file: LexiconFile) -> None:
        self._file = file
        self._remembered = lru_cache(REMEMBERED_FORMS)(self._form)

    @property
    def fingerprint(self) -> str:
        """Another one where anything may be said otherwise."""
        return "+".join(filter(None, (f"spoken{VERSION}", self._file.lexicon.hash)))

    def form(self, text: str, language: Language) -> SpokenForm:
        """What every voice says for ``text``: a whole clause."""
        return self._remembered(text, language)

    def pronounced(self, text: str, language: Language, voice: LocalVoice) -> str:
        """A plain spoken text with the lexicon's phonemes for a voice on this machine."""
        return self._file.lexicon.pronounced(text, language, voice)

    def warm_up(self) -> None:
        """Load every language's rules, which takes a part of a second: not with the first text."""
        for language in LANGUAGES:
            self.form("1 дом", language)

    def refresh(self) -> bool:
        """Look at the lexicon; returns whether anything is said otherwise now."""
        changed = self._file.refresh()
        if changed:
            self._remembered.cache_clear()
        return changed

    async def follow(self, on_change: Callable[[], None]) -> NoReturn:
        """See to it for ever that what is said is what the lexicon says now.

        Args:
            on_change: called when anything is said otherwise.
        """
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            # Not in a thread, since no form may be made of half a change; a lexicon is small.
            if self.refresh():
                log.info("the lexicon has changed: names are said as it says now")
                on_change()

    def _form(self, text: str, language: Language) -> SpokenForm:
        return spoken_form(text, language, self._file.lexicon.aliases.get(language))
