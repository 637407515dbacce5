"""What a passenger's question is answered from: the conversation, what was seen, and the knowledge folder."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from edge.clock import monotonic
from edge.commentator.answer_request import answer_request
from edge.commentator.conversation import Conversation, LastWords
from edge.commentator.knowledge import Knowledge, Passage, Quote
from edge.commentator.models.request import ModelRequest
from edge.commentator.prompts import load_prompt
from edge.commentator.question_language import question_language
from edge.commentator.seen import SeenLately
from edge.config import Settings
from edge.messages import Language, Sighting, Turn

log = logging.getLogger(__name__)

REFRESH_PERIOD_S = 30.0
"""How often the knowledge folder is looked at for changes."""
SEARCH_TIMEOUT_S = 0.5
"""A question does not wait longer for its pages (a search takes some milliseconds)."""
FORGET_PERIOD_S = 5.0
"""How often it is seen to that nothing is remembered for longer than it may be."""
DATABASE = "knowledge.sqlite"


class Answers:
    """Makes the requests for answers, and remembers what was asked and seen."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings.answers
        self._languages = settings.listener.languages
        self._language: Language = settings.shuttle.language
        self._state_dir = settings.state_dir
        self._prompts_dir = settings.commentator.prompts_dir
        self._conversation = Conversation(self._settings.forget_after_s)
        self._forgot_mono = float("-inf")
        self._seen = SeenLately()
        self._knowledge: Knowledge | None = None

    @property
    def fact(self) -> str:
        """How much is known about the place, for people."""
        if self._settings.knowledge_dir is None:
            return "no folder is configured"
        if self._knowledge is None:
            return "loading"
        return f"{self._knowledge.page_count()} pages of {self._settings.knowledge_dir}"

    async def keep_up(self) -> None:
        """Open the knowledge folder and follow its changes, for ever."""
        if self._settings.knowledge_dir is None:
            return
        folder, database = Path(self._settings.knowledge_dir), Path(self._state_dir) / DATABASE
        self._knowledge = await asyncio.to_thread(Knowledge, folder, self._languages, database)
        while True:
            await asyncio.to_thread(self._knowledge.refresh)
            await asyncio.sleep(REFRESH_PERIOD_S)

    async def forget_in_time(self) -> None:
        """Forget expired exchanges periodically, also while nobody asks."""
        while True:
            await asyncio.sleep(FORGET_PERIOD_S)
            now = monotonic()
            self._conversation.forget_old(now)
            self._seen.forget_old(now)

    def close(self) -> None:
        if self._knowledge:
            self._knowledge.close()

    def saw(self, sighting: Sighting, now: float) -> None:
        """Every sighting, also one that is not remarked on: somebody may ask about it."""
        self._seen.add(sighting, now)

    def language_of(self, question: str, heard: Language | None) -> Language:
        """The language to answer in: one that a passenger asked for, or the question's if we speak it.

        Args:
            heard: the recognizer's opinion.
        """
        if wanted := self._conversation.language(monotonic()):
            return wanted
        known = heard if heard in self._languages else None
        return question_language(question, self._languages, known or self._language)

    async def request(
        self, question: str, language: Language, opener: str = "", *, may_be_aside: bool = False
    ) -> ModelRequest:
        """What to ask the models, behind this opener. Never raises for what passengers or pages hold."""
        conversation = self._conversation.exchanges(monotonic())
        passages, quote = await self._look_up(question, language)
        if not passages and conversation:
            # "And when does it close?" names no topic: it is that of the question before.
            before = conversation[-1].question
            passages, quote = await self._look_up(f"{before} {question}", language)
            if quote and quote == (await self._look_up(before, language))[1]:
                quote = None  # "Are you sure?" asks nothing that the same sentence would answer again
        now = monotonic()
        return answer_request(
            question,
            language,
            load_prompt(f"answer_{language}", self._prompts_dir),
            passages=passages,
            quote=quote,
            seen=self._seen.lines(language, now),
            conversation=conversation,
            opener=opener,
            may_be_aside=may_be_aside,
        )

    def hears(self, question: str, heard: str, asked_mono: float) -> None:
        """An answer is being spoken, and this much of it was heard so far."""
        if asked_mono >= self._forgot_mono:
            self._conversation.hears(question, heard)

    def answered(self, question: str, turn: Turn, asked_mono: float) -> None:
        """An answer was given, or as much of it as was heard."""
        if asked_mono >= self._forgot_mono:
            self._conversation.add(question, turn.text, monotonic())

    def speak(self, language: Language, asked_mono: float) -> None:
        """Answer in this language until the conversation is forgotten."""
        if asked_mono >= self._forgot_mono:
            self._conversation.speak(language, monotonic())

    def said(self, turn: Turn, received_mono: float) -> None:
        """A turn was heard, or a part of it."""
        if received_mono >= self._forgot_mono:
            self._conversation.said(turn.text, turn.language, monotonic())

    def last_words(self) -> LastWords | None:
        """The words that were said last."""
        return self._conversation.last_words(monotonic())

    def forget(self) -> None:
        """The passengers may be others now: what was said, or is being said, is not remembered."""
        self._forgot_mono = monotonic()
        self._conversation.forget()

    async def _look_up(self, question: str, language: Language) -> tuple[list[Passage], Quote | None]:
        """What the knowledge folder has to a question, and what of it answers by itself."""
        if self._knowledge is None:
            return [], None
        search = asyncio.to_thread(self._knowledge.look_up, question, language)
        try:
            async with asyncio.timeout(SEARCH_TIMEOUT_S):
                return await search
        except TimeoutError:
            log.warning("the knowledge folder was not searched within %g s", SEARCH_TIMEOUT_S)
            return [], None
