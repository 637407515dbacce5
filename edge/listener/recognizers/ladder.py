"""The recognition ladder: a segment in, one transcript out, by the best recognizer that works."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace

from edge.ladder import Ladder, LadderExhausted, LadderLimits
from edge.listener.recognizers.language import FindLanguage
from edge.listener.recognizers.recognizer import Recognizer
from edge.listener.recognizers.rubbish import Distrusted
from edge.listener.segment import RecognitionRequest, Transcript
from edge.messages import Language


class RecognitionLadder:
    """Recognises a segment by the best recognizer that works.

    Args:
        recognizers: best first; may be empty.
        limits: how long one is waited for before the next starts beside it, and so on.
        interim: makes interim transcripts instead of these, where it works.
        rests: recognizer → why it is left out at present; empty: it is not.
        orders: language → its recognizers, best first; absent: all of them for any language.
        find_language: asked for the language of a segment, where its recognizers depend on it.
    """

    def __init__(
        self,
        recognizers: Sequence[Recognizer],
        limits: LadderLimits,
        interim: Recognizer | None = None,
        rests: Callable[[Recognizer], str] = lambda recognizer: "",
        orders: Mapping[Language, Sequence[str]] | None = None,
        find_language: FindLanguage | None = None,
    ) -> None:
        by_name = {one.name: one for one in recognizers}
        self._orders = {
            language: [name for name in order if name in by_name]
            for language, order in (orders or {}).items()
        }
        self._find_language = find_language
        last = {order[-1] for order in self._orders.values() if order} or {*[*by_name][-1:]}
        self._recognizers = [Distrusted(one, is_last=one.name in last) for one in recognizers]
        self._interim = interim
        self._ladder: Ladder[RecognitionRequest, Transcript] = Ladder(
            "recognizer",
            self._recognizers,
            limits,
            advance=lambda request, transcript: request,
            rests=lambda name: rests(by_name[name]),
        )

    async def start(self) -> None:
        """Returns when all models are loaded."""
        await asyncio.gather(*(recognizer.start() for recognizer in self._all))
        if self._find_language:
            await self._find_language.start()

    async def close(self) -> None:
        await self._ladder.close()
        await asyncio.gather(*(recognizer.close() for recognizer in self._all))
        if self._find_language:
            await self._find_language.close()

    def _acquit(self, rung: str) -> None:
        """This one understood nothing either: those before it are not to blame for their rubbish."""
        for one in self._recognizers:
            if one.name == rung:
                return
            one.acquit()

    @property
    def _all(self) -> list[Recognizer]:
        return [*self._recognizers, *([self._interim] if self._interim else [])]

    def usable(self, *, interim: bool = False) -> bool:
        """Whether there is any sense in asking. Interim requests stay on this machine."""
        if interim and self._interim and self._interim.usable:
            return True
        return any(one.usable and (one.local or not interim) for one in self._recognizers)

    def states(self) -> dict[str, str]:
        """Recognizer → "ok", or why it is not used at present."""
        states = self._ladder.states()
        return {
            one.name: (one.trouble or states[one.name]) if one.usable else one.fact
            for one in self._recognizers
        }

    def facts(self) -> dict[str, str]:
        """Recognizer → what it really runs on, or why it is not used at present."""
        states = self._ladder.states()
        facts = {
            one.name: one.fact if states[one.name] == "ok" else states[one.name] for one in self._recognizers
        }
        return facts | ({"interim": self._interim.fact} if self._interim else {})

    async def recognise(self, request: RecognitionRequest) -> Transcript:
        """Interim requests stay on this machine: asking a cloud twice a second would cost too much.

        Raises:
            LadderExhausted: there is no recognizer that works.
        """
        if request.interim and self._interim and self._interim.usable:
            async with aclosing(self._interim.open(request)) as transcripts:
                return (await anext(transcripts))._replace(recognizer=self._interim.name)
        understood: Transcript | None = None
        if not self.usable(interim=request.interim):
            raise LadderExhausted(f"no recognizer works: {self.facts()}")
        if request.language is None and self._find_language:
            request = replace(request, language=await self._find_language(request))
        order = self._orders.get(request.language) if request.language else None
        async with aclosing(self._ladder.run(request, local_only=request.interim, order=order)) as outputs:
            async for rung, transcript in outputs:
                understood = transcript._replace(recognizer=rung)
                if not (transcript.text or request.interim):
                    self._acquit(rung)
        if understood is None:
            raise LadderExhausted("no recognizer answered")
        return understood
