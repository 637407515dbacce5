"""Keeps the index in step with the folder and answers questions from it."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from edge.commentator.knowledge import files, quote_search
from edge.commentator.knowledge.files import Page, Stamp, UnusablePage
from edge.commentator.knowledge.index import Index, Passage, entries_of
from edge.commentator.knowledge.quotes import Quote
from edge.commentator.knowledge.terms import load
from edge.commentator.question_language import question_language
from edge.error_lines import one_line, reason_of
from edge.messages import LANGUAGES, Language

log = logging.getLogger(__name__)

PASSAGES = 3
"""Sections that go with a question: more hide the one that answers it."""
TELLS_LANGUAGE = 20_000
"""Characters of a page by which its language is known."""
MIN_SCORE = 0.3
"""Below it a section shares a word with the question and not its topic."""


class Knowledge:
    """The knowledge folder, searched for a question. Blocks: for worker threads, any number of them.

    Args:
        folder: Markdown files, also in subfolders. The language of a page is in its path (``ru/cafe.md``,
            ``cafe.ru.md``) or told by its text.
        languages: that the guide speaks; the first one where a page does not tell.
        database: where the index is kept between starts; None, or a place that cannot be written: in memory.
    """

    def __init__(self, folder: Path, languages: Sequence[Language], database: Path | None = None) -> None:
        self._folder = folder
        self._languages = tuple(languages)
        self._lock = threading.Lock()
        self._skipped: dict[str, Stamp] = {}
        self._folder_trouble: str | None = None
        load(self._languages)
        quote_search.load(self._languages)
        self._index = self._open(database)
        self._page_count = len(self._index.known())

    def close(self) -> None:
        with self._lock:
            self._index.close()

    def refresh(self) -> bool:
        """Take over what changed in the folder; True: something did.

        A file that is no page is skipped with one line in the journal. A folder that cannot be read leaves
        what is known as it is.
        """
        try:
            present = files.scan(self._folder)
        except OSError as error:
            self._tell_trouble(f"expected a folder of Markdown files at {self._folder}: {error.strerror}")
            return False
        full = f"{self._folder} holds more than {files.MAX_FILES} pages; the others are left out"
        self._tell_trouble(full if len(present) > files.MAX_FILES else None)
        present = dict(list(present.items())[: files.MAX_FILES])
        try:
            return self._take_over(present)
        except sqlite3.Error as error:
            self._lose_database(error)
            return self._take_over(present)

    def look_up(self, question: str, language: Language) -> tuple[list[Passage], Quote | None]:
        """Both of the following: what a model is shown, and what is said where there is none."""
        return self.search(question, language), self.quote(question, language)

    def search(self, question: str, language: Language) -> list[Passage]:
        """The passages that fit the question best, those in its language first; none for an unrelated one."""
        with self._lock:
            try:
                return self._index.search(question, language, PASSAGES, MIN_SCORE)
            except sqlite3.Error as error:
                self._lose_database(error)
                return []

    def quote(self, question: str, language: Language) -> Quote | None:
        """The sentence or two of a page in this language that answer the question; None: none do."""
        with self._lock:
            try:
                return self._index.quote(question, language)
            except sqlite3.Error as error:
                self._lose_database(error)
                return None

    def page_count(self) -> int:
        """How many files are indexed. Never waits."""
        return self._page_count

    def _take_over(self, present: dict[str, Stamp]) -> bool:
        with self._lock:
            known = self._index.known()
        self._skipped = {source: stamp for source, stamp in self._skipped.items() if source in present}
        gone = known.keys() - present.keys()
        changed = False
        for source, stamp in present.items():
            if self._skipped.get(source) == stamp or (source in known and known[source].stamp == stamp):
                continue
            try:
                page = files.read(self._folder, source, stamp)
                same = source in known and known[source].sha256 == page.sha256
                language = self._language_of(page)
                entries = [] if same else entries_of(page, language)  # no question waits for this
            except UnusablePage as reason:
                log.warning("knowledge: %s skipped: %s", one_line(source), reason)
                self._skipped[source] = stamp
                gone |= known.keys() & {source}
                continue
            if same:
                with self._lock:
                    self._index.touch(source, stamp)
                continue
            with self._lock:
                self._index.put(page, language, entries)
            changed = True
        with self._lock:
            self._index.remove(gone)
            self._page_count = len(self._index.known())
        return changed or bool(gone)

    def _open(self, database: Path | None) -> Index:
        try:
            return Index(database)
        except (sqlite3.Error, OSError) as error:
            log.warning(
                "knowledge: the index is kept in memory: %s cannot be used (%s)", database, reason_of(error)
            )
            return Index(None)

    def _lose_database(self, error: sqlite3.Error) -> None:
        log.warning("knowledge: the index failed (%s); it is made anew in memory", reason_of(error))
        self._index = Index(None)
        self._page_count = 0

    def _language_of(self, page: Page) -> Language:
        path = PurePosixPath(page.source)
        names = {*path.parts[:-1], *path.name.split(".")[1:-1]}
        named = [language for language in LANGUAGES if language in names]
        return (
            named[0]
            if named
            else question_language(page.text[:TELLS_LANGUAGE], self._languages, self._languages[0])
        )

    def _tell_trouble(self, trouble: str | None) -> None:
        if trouble and trouble != self._folder_trouble:
            log.warning("knowledge: %s", trouble)
        self._folder_trouble = trouble
