"""Remarks and answers have one ladder, or one each where the orders differ; what is told is told of both."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import msgspec

from edge.commentator.forbidden import Forbidden
from edge.commentator.models.ladders import ModelLadders
from edge.commentator.models.phrasebook_rung import PhrasebookRung
from edge.commentator.models.request import ModelRequest, WrittenClause
from edge.config import Settings
from edge.heat_news import HeatNews
from edge.ladder import RungError


class Model:
    """Writes nothing; is tried at the start."""

    paid = True
    local = False

    def __init__(self, name: str) -> None:
        self.name = name
        self.probes = 0

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def open(self, request: ModelRequest) -> AsyncGenerator[WrittenClause | None, None]:
        raise RungError("away")
        yield None

    async def probe(self) -> None:
        self.probes += 1
        if self.name == "gemini":
            raise RungError("401", permanent=True)


def ladders(models: list[Model], answers: tuple[str, ...] = ()) -> ModelLadders:
    settings = Settings()
    settings = msgspec.structs.replace(
        settings,
        commentator=msgspec.structs.replace(settings.commentator, models=("groq", "openai")),
        answers=msgspec.structs.replace(settings.answers, models=answers),
    )
    return ModelLadders(settings, models, PhrasebookRung(Forbidden()), HeatNews(None))  # type: ignore[arg-type]


async def test_one_ladder_serves_both_where_answers_name_no_order() -> None:
    models = [Model("groq"), Model("openai")]
    both = ladders(models)
    assert both.answers is both.remarks
    await both.warm_up()
    assert [model.probes for model in models] == [1, 1], "the one that would be started beside it, too"
    assert both.facts == {"model.groq": "ok", "model.openai": "ok", "model.phrasebook": "ok"}
    assert both.status == "writing with groq"
    await both.close()


async def test_a_model_that_an_order_has_twice_is_not_started_beside_itself() -> None:
    models = [Model("groq"), Model("openai")]
    both = ladders(models, answers=("openai", "openai"))
    await both.warm_up()
    assert [model.probes for model in models] == [1, 2]
    await both.close()


async def test_each_has_its_order_its_warm_up_and_its_state_where_they_differ() -> None:
    models = [Model("groq"), Model("openai"), Model("gemini")]
    both = ladders(models, ("gemini", "groq"))
    await both.warm_up()
    assert [model.probes for model in models] == [2, 1, 1], "the first two of each ladder"
    assert list(both.facts) == [
        *("model.groq", "model.openai", "model.phrasebook"),
        *("answers.gemini", "answers.groq", "answers.phrasebook"),
    ]
    assert both.facts["answers.gemini"] != "ok"
    assert both.status.startswith("writing with groq, answering with groq (gemini: ")
    assert {"budget_s.model.groq", "budget_s.answers.gemini"} <= both.levels.keys()
    await both.close()


async def test_a_name_that_stands_twice_in_an_order_is_one_rung() -> None:
    models = [Model("groq"), Model("openai")]
    both = ladders(models, ("openai", "openai", "groq"))
    await both.answers.warm_up()
    assert [model.probes for model in models] == [1, 1], "the two best rungs of answers are two services"
    await both.close()
