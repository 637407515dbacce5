"""The model ladders of remarks and of answers, which may name the same services in another order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from edge.commentator.models.knowledge_rung import KnowledgeRung
from edge.commentator.models.ladder import ModelLadder, make_model_ladder
from edge.commentator.models.phrasebook_rung import PhrasebookRung
from edge.commentator.models.request import LanguageModel
from edge.config import Settings


class ModelLadders:
    """The ladder that writes remarks and the one that writes answers; the same where their order is.

    Args:
        models: all that can write, each once, those of remarks in their order.
        phrasebook: the last rung of both.
        knowledge: answers before it; None: there is no folder.
        rests: see ``make_model_ladder``.
    """

    def __init__(
        self,
        settings: Settings,
        models: Sequence[LanguageModel],
        phrasebook: PhrasebookRung,
        rests: Callable[[str], str],
        knowledge: KnowledgeRung | None = None,
    ) -> None:
        def ladder(stage: str, order: Sequence[str]) -> ModelLadder:
            named = {model.name: model for model in models}
            rungs: list[LanguageModel] = [named[name] for name in dict.fromkeys(order) if name in named]
            if knowledge and (stage == "answers" or not settings.answers.models):
                rungs.append(knowledge)
            return make_model_ladder(settings, [*rungs, phrasebook], stage=stage, rests=rests)

        answers = settings.answers.models
        remarks = settings.commentator.models if answers else [model.name for model in models]
        self.remarks = ladder("model", remarks)
        self.answers = ladder("answers", answers) if answers else self.remarks
        self._each = [self.remarks] if self.answers is self.remarks else [self.remarks, self.answers]

    async def warm_up(self) -> None:
        """See ``Ladder.warm_up``."""
        await asyncio.gather(*(ladder.warm_up() for ladder in self._each))

    async def close(self) -> None:
        await asyncio.gather(*(ladder.close() for ladder in self._each))

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


def _best(ladder: ModelLadder) -> str:
    """The knowledge folder, which has an answer now and then, counts only where there is no other."""
    names = [name for name, state in ladder.states().items() if state == "ok" and name != KnowledgeRung.name]
    return names[0] if names else "phrasebook"
