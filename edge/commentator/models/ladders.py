"""The model ladders of remarks and of answers, which may name the same services in another order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

from edge.commentator.forbidden import Forbidden
from edge.commentator.models.clients import chat_models
from edge.commentator.models.knowledge_rung import KnowledgeRung
from edge.commentator.models.ladder import ModelLadder, make_model_ladder
from edge.commentator.models.phrasebook_rung import PhrasebookRung
from edge.commentator.models.request import LanguageModel
from edge.config import Settings
from edge.config.orders import services_of
from edge.heat_news import TOO_HOT, HeatNews
from edge.process import Life
from edge.spending.lines import Note


class ModelLadders:
    """The ladder that writes remarks and the one that writes answers; the same where their order is.

    Args:
        models: all that can write, each once, those of remarks in their order.
        phrasebook: the last rung of both.
        heat: while the board is hot, the models on it rest.
        knowledge: answers before the phrasebook does; None: there is no folder.
    """

    def __init__(
        self,
        settings: Settings,
        models: Sequence[LanguageModel],
        phrasebook: PhrasebookRung,
        heat: HeatNews,
        knowledge: KnowledgeRung | None = None,
    ) -> None:
        self.phrasebook = phrasebook
        self._models: list[LanguageModel] = [*models, phrasebook]
        self._local = frozenset(model.name for model in models if model.local)
        self._heat = heat

        def ladder(stage: str, order: Sequence[str]) -> ModelLadder:
            named = {model.name: model for model in models}
            rungs: list[LanguageModel] = [named[name] for name in dict.fromkeys(order) if name in named]
            if knowledge and (stage == "answers" or not settings.answers.models):
                rungs.append(knowledge)
            return make_model_ladder(settings, [*rungs, phrasebook], stage=stage, rests=self.rests)

        answers = settings.answers.models
        remarks = settings.commentator.models if answers else [model.name for model in models]
        self.remarks = ladder("model", remarks)
        self.answers = ladder("answers", answers) if answers else self.remarks
        self._each = [self.remarks] if self.answers is self.remarks else [self.remarks, self.answers]

    async def start(self) -> None:
        for model in self._models:
            await model.start()
        self._heat.start()

    async def warm_up(self) -> None:
        """See ``Ladder.warm_up``."""
        await asyncio.gather(*(ladder.warm_up() for ladder in self._each))

    async def close(self) -> None:
        await asyncio.gather(*(ladder.close() for ladder in self._each))
        for model in self._models:
            await model.close()

    def rests(self, model: str) -> str:
        """Why a model is left out at present; empty: it is not."""
        return TOO_HOT if model in self._local and self._heat.level else ""

    @property
    def is_any_paid(self) -> bool:
        """Whether a model costs money."""
        return any(model.paid for model in self._models)

    @property
    def status(self) -> str:
        """Which model writes, and what is wrong with the others, for people."""
        told = f"writing with {_best(self.remarks)}"
        if self.answers is not self.remarks:
            told += f", answering with {_best(self.answers)}"
        states = [state for ladder in self._each for state in ladder.states().items() if state[1] != "ok"]
        troubles = dict.fromkeys(f"{name}: {reason}" for name, reason in states)
        return told + (f" ({'; '.join(troubles)})" if troubles else "")

    @property
    def facts(self) -> dict[str, str]:
        """State of each rung of each ladder."""
        return {
            f"{ladder.name}.{rung}": state for ladder in self._each for rung, state in ladder.states().items()
        }

    @property
    def levels(self) -> dict[str, float]:
        """See ``ProcessState.levels``."""
        return {
            f"budget_s.{ladder.name}.{rung}": budget_s
            for ladder in self._each
            for rung, budget_s in ladder.budgets_s().items()
        }


def make_model_ladders(
    life: Life,
    forbidden: Forbidden,
    note: Note,
    models: Sequence[LanguageModel] | None = None,
    rng: random.Random | None = None,
) -> ModelLadders:
    """The ladders of the configured models.

    Args:
        life: of the commentator.
        forbidden: what is never said.
        note: told what each reply has used, where it is paid for.
        models: in place of those that are configured.
        rng: chooses among ready texts that are equally good.
    """
    settings = life.settings
    if models is None:
        models = chat_models(settings, services_of(settings, life.name), forbidden, note)
    phrasebook = PhrasebookRung(forbidden, rng)
    phrasebook.load(settings.shuttle.language)
    knowledge = KnowledgeRung(forbidden) if settings.answers.knowledge_dir else None
    return ModelLadders(settings, models, phrasebook, HeatNews(life), knowledge)


def _best(ladder: ModelLadder) -> str:
    """The knowledge folder, which has an answer now and then, counts only where there is no other."""
    names = [name for name, state in ladder.states().items() if state == "ok" and name != KnowledgeRung.name]
    return names[0] if names else "phrasebook"
