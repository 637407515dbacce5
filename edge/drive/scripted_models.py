"""A language model that writes the same words for the same request, with the pace of a cloud."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from edge.clock import monotonic
from edge.commentator.models.request import ModelRequest, WrittenClause
from edge.drive.lines import Clouds
from edge.ladder import RungError
from edge.messages import Language

FIRST_CLAUSE_S = 0.4
NEXT_CLAUSE_S = 0.2
NAME = "scripted"
CLAUSES: dict[Language, tuple[str, str]] = {
    "ru": ("Смотрите: {}!", "Такое бывает не каждый день."),
    "en": ("Look: {}!", "That is not seen every day."),
    "id": ("Lihat: {}!", "Ini tidak terlihat setiap hari."),
}
ANSWERS: dict[Language, tuple[str, str]] = {
    "ru": ("Вы спросили: {}.", "Ответ простой."),
    "en": ("You asked: {}.", "The answer is simple."),
    "id": ("Anda bertanya: {}.", "Jawabannya mudah."),
}


class ScriptedModel:
    """The only rung in front of the phrasebook."""

    name = NAME
    paid = True
    local = False

    def __init__(self) -> None:
        self.clouds: Clouds = "ok"

    async def start(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def open(self, request: ModelRequest) -> AsyncGenerator[WrittenClause, None]:
        await self._reach()
        script = ANSWERS if request.is_answer else CLAUSES
        about = request.user.rpartition("<question>\n")[2].partition("\n")[0]
        for number, clause in enumerate(script[request.language]):
            await asyncio.sleep(NEXT_CLAUSE_S if number else FIRST_CLAUSE_S)
            await self._reach()
            text = clause.format(about.strip().rstrip(".!?"))
            if text not in request.said:
                yield WrittenClause(text, monotonic())

    async def probe(self) -> None:
        await self._reach()

    async def _reach(self) -> None:
        if self.clouds == "lost":
            raise RungError("no connection")
        if self.clouds == "hanging":
            await asyncio.Event().wait()
