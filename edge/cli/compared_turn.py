"""One turn of one model with one voice, as the guide does it: prompt, gate, clauses and voice, streaming."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field, replace

from edge.clock import monotonic
from edge.commentator.models.request import LanguageModel, ModelRequest
from edge.ladder.rung import RungError, as_rung_error
from edge.speaker.script import Script
from edge.speaker.voices.base import Voice, VoiceRequest, noted_characters
from edge.speaker.voices.spoken import Spell, spoken_sound
from edge.spending.lines import LedgerLine, Lines, Purpose, Unit, estimated_tokens
from edge.tasks import cancel_and_wait

PATIENCE_S = 10.0
"""For the first words, and for the first sound behind them: far beyond any budget of the guide."""
WHOLE_TURN_S = 40.0


class AskedOfServices:
    """What one turn has asked paid services for; ``note`` is for all models and voices."""

    def __init__(self) -> None:
        self.lines: Lines = {}

    def note(self, service: str, purpose: Purpose, amounts: Mapping[Unit, float]) -> None:
        asked = self.lines.setdefault(LedgerLine(service, purpose), {})
        for unit, amount in amounts.items():
            asked[unit] = asked.get(unit, 0.0) + amount


@dataclass
class ComparedTurn:
    """One turn of a model and a voice. Times are in seconds since the trigger."""

    trigger: str
    text: str = ""
    first_token_s: float = 0.0
    first_clause_s: float = 0.0
    whole_text_s: float = 0.0
    first_sound_s: float = 0.0
    lines: Lines = field(default_factory=dict)
    """What paid services were asked for."""
    stopped: str = ""
    """Why the output gate stopped the reply."""

    @property
    def tokens_per_s(self) -> float | None:
        """Tokens a second behind the first one; None: the text came in one piece."""
        counted = sum(amounts.get("tokens_out", 0.0) for amounts in self.lines.values())
        took_s = self.whole_text_s - self.first_token_s
        return (counted or estimated_tokens(len(self.text))) / took_s if took_s > 0.001 else None


class RungFailedError(Exception):
    """A model or a voice could not do its part of a turn.

    Args:
        rung: its name.
        hung: it was waited for in vain.
    """

    def __init__(self, stage: str, rung: str, reason: str, *, hung: bool = False) -> None:
        super().__init__(reason)
        self.stage = stage
        self.rung = rung
        self.hung = hung


async def take_turn(
    model: LanguageModel,
    voice: Voice,
    spell: Spell,
    request: ModelRequest,
    trigger: str,
    usage: AskedOfServices,
) -> ComparedTurn:
    """Ask the model, hand each clause to the voice as it comes, and take the sound to its end.

    Raises:
        RungFailedError: one of them failed.
    """
    usage.lines = {}
    turn, script = ComparedTurn(trigger), Script()
    voice.prepare(request.language)
    begun_mono = monotonic()
    has_words = asyncio.Event()
    writing = asyncio.create_task(_write(model, request, turn, script, has_words, begun_mono))
    try:
        waiting = asyncio.create_task(has_words.wait())
        await asyncio.wait([writing, waiting], timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
        await cancel_and_wait(waiting)
        if writing.done():
            await writing
        elif not script.text:
            raise RungFailedError("model", model.name, f"no words within {PATIENCE_S:g} s", hung=True)
        asked = VoiceRequest(request.language, script)
        if voice.paid:
            asked = replace(asked, asked=noted_characters(usage.note, voice.name, "remark"))
        await _speak(voice, spell, asked, turn, begun_mono)
        await writing
    finally:
        await cancel_and_wait(writing)
    turn.lines = usage.lines
    return turn


async def _write(
    model: LanguageModel,
    request: ModelRequest,
    turn: ComparedTurn,
    script: Script,
    has_words: asyncio.Event,
    begun_mono: float,
) -> None:
    try:
        async with asyncio.timeout(WHOLE_TURN_S), contextlib.aclosing(model.open(request)) as clauses:
            async for clause in clauses:
                if clause is None:
                    continue
                if not script.text:
                    turn.first_token_s = clause.first_token_mono - begun_mono
                    turn.first_clause_s = monotonic() - begun_mono
                script.add(clause.text)
                has_words.set()
    except TimeoutError as error:
        reason = f"its text does not end within {WHOLE_TURN_S:g} s"
        raise RungFailedError("model", model.name, reason, hung=True) from error
    except Exception as error:
        raise RungFailedError("model", model.name, str(as_rung_error(error))) from error
    finally:
        script.close()
    turn.whole_text_s = monotonic() - begun_mono
    turn.text = script.text
    turn.stopped = "; ".join(request.refused)
    if not script.text:
        reason = f"the output gate: {turn.stopped}" if turn.stopped else "nothing that can be spoken came"
        raise RungFailedError("model", model.name, reason)


async def _speak(
    voice: Voice, spell: Spell, request: VoiceRequest, turn: ComparedTurn, begun_mono: float
) -> None:
    try:
        async with contextlib.aclosing(spoken_sound(voice, request, spell)) as pieces:
            await _first_piece(pieces)
            turn.first_sound_s = monotonic() - begun_mono
            async with asyncio.timeout(WHOLE_TURN_S):
                async for _ in pieces:
                    pass
    except TimeoutError as error:
        begun = turn.first_sound_s > 0
        reason = f"its sound does not end within {WHOLE_TURN_S:g} s" if begun else _NO_SOUND
        raise RungFailedError("voice", voice.name, reason, hung=True) from error
    except Exception as error:
        raise RungFailedError("voice", voice.name, str(as_rung_error(error))) from error


async def _first_piece(pieces: AsyncGenerator[object, None]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        async for _ in pieces:
            return
    raise RungError("no sound came")


_NO_SOUND = f"no sound within {PATIENCE_S:g} s"
