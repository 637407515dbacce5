"""``shuttle-guide compare``: each model with each voice on the same triggers, and the setting to choose.

It needs no running guide and uses what the guide does: factories, prompt, output gate, clauses and voices.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rich.text import Text

from edge.cli.bench import STANDARD_TRIGGERS
from edge.cli.compared_turn import AskedOfServices, RungFailedError, take_turn
from edge.cli.comparison import (
    LAST_RUNGS,
    TURNS_OF_COST,
    Pair,
    PairResult,
    Results,
    as_data,
    setting_lines,
    tokens_per_s,
    winner_of,
)
from edge.cli.comparison_picture import picture
from edge.cli.new_file import open_new
from edge.cli.show import console, show_lines, show_table
from edge.commentator.forbidden import load_blocklists
from edge.commentator.models.clients import chat_models
from edge.commentator.models.phrasebook_rung import PhrasebookRung
from edge.commentator.models.request import LanguageModel, ModelRequest
from edge.commentator.prompts import describe, load_prompt
from edge.config import Settings
from edge.config.orders import SPEAK, WRITE
from edge.config.services import LOCAL_VOICES, ServiceKind
from edge.lexicon.free_text import parse
from edge.site.lexicon_file import LexiconFile
from edge.speaker.speller import Speller
from edge.speaker.voices import make_voice
from edge.speaker.voices.base import Voice

WARM_UP_S = 5.0
FAILURES_AT_MOST = 2
"""How often one model or voice may fail in a row; one that was waited for in vain is not asked again."""
INTERRUPTED = 130

LACKING_HERE = {"piper": "piper.voices names no voice", "rhvoice": "rhvoice.allowed is false"}
"""What a voice on this machine lacks that cannot be made."""


class Cast(NamedTuple):
    """The models and voices that are compared."""

    models: list[LanguageModel]
    voices: list[Voice]
    left_out: dict[str, str]
    """Name → why."""
    usage: AskedOfServices
    speller: Speller
    """How the voices say it."""


def compare(options: argparse.Namespace, settings: Settings) -> int:
    """Exit code 0: at least one pair worked; 130: interrupted, and what there was is told."""
    svg = open_new(Path(options.svg)) if options.svg else None
    cast = cast_of(settings, options.llm, options.voice)
    comparison = Comparison(settings, cast)
    asyncio.run(comparison.run(options.text or STANDARD_TRIGGERS, options.rounds))
    results = comparison.results
    best = winner_of(results, settings)
    if svg:
        with svg:
            if any(result.turns for result in results.values()):
                svg.write(picture(results, best).encode())
            else:
                Path(options.svg).unlink()
    if options.as_json:
        print(
            json.dumps(
                {
                    "pairs": as_data(results, settings),
                    "failures": comparison.failures,
                    "left_out": cast.left_out,
                    "fastest_good_enough": best._asdict() if best else None,
                    "settings": setting_lines(best, settings) if best else [],
                    "interrupted": comparison.interrupted,
                },
                ensure_ascii=False,
            )
        )
    else:
        _show(comparison, best, settings)
    if comparison.interrupted:
        return INTERRUPTED
    return 0 if any(result.turns for result in results.values()) else 1


def cast_of(settings: Settings, llm: Sequence[str] | None, voice: Sequence[str] | None) -> Cast:
    usage, left_out = AskedOfServices(), dict[str, str]()
    forbidden = load_blocklists(settings.commentator.blocklist_dir, settings.commentator.gate_classes_off)
    models: list[LanguageModel] = []
    for name in dict.fromkeys(llm or (*settings.commentator.models, *settings.answers.models)):
        if name == "phrasebook":
            models.append(PhrasebookRung(forbidden))
        elif why := _lacks(settings, name, "model", WRITE):
            left_out[name] = why
        else:
            models += chat_models(settings, [name], forbidden, usage.note)
    voices: list[Voice] = []
    speller = Speller(LexiconFile(settings.shuttle.site_dir))
    for name in dict.fromkeys(voice or [name for name in settings.speaker.voices if name not in LAST_RUNGS]):
        if name not in LOCAL_VOICES and (why := _lacks(settings, name, "speech_model", SPEAK)):
            left_out[f"{name} as a voice" if name in left_out else name] = why
        elif made := make_voice(name, settings, speller):
            voices.append(made)
        else:
            left_out[name] = LACKING_HERE.get(name, "it is not set up")
    if not models and llm is None:
        models.append(PhrasebookRung(forbidden))
    if not voices and voice is None and (last := make_voice("espeak", settings, speller)):
        voices.append(last)
    return Cast(models, voices, left_out, usage, speller)


def _lacks(settings: Settings, name: str, model: str, kinds: Sequence[ServiceKind]) -> str:
    """What a service lacks to be compared; empty: nothing."""
    service = settings.services.get(name)
    if service is None:
        return f"no service has this name; there are {', '.join(sorted(settings.services))}"
    if service.kind not in kinds:
        return f"services.{name}.kind is {service.kind}; this is done by {' and '.join(kinds)}"
    if not getattr(service, model):
        return f"services.{name}.{model} is not set"
    if not service.address:
        return f"services.{name}.base_url is not set"
    return "" if service.can_be_asked else f"its key is missing: {name.upper()}_API_KEY"


class Comparison:
    """Takes the turns; what is there when it is interrupted stands.

    Args:
        cast: who is compared.
    """

    def __init__(self, settings: Settings, cast: Cast) -> None:
        self._settings = settings
        self._cast = cast
        self.left_out = cast.left_out
        self.results: Results = {
            Pair(model.name, voice.name): PairResult() for model in cast.models for voice in cast.voices
        }
        self.failures: dict[str, str] = {}
        """``model NAME`` or ``voice NAME`` → why."""
        self.interrupted = False
        self._failed_in_row: dict[str, int] = {}

    async def run(self, triggers: Sequence[str], rounds: int) -> None:
        """All pairs on each trigger, one after the other; each trigger begins with another pair."""
        rungs: list[LanguageModel | Voice] = [*self._cast.models, *self._cast.voices]
        try:
            for rung in rungs:
                await rung.start()
            await asyncio.gather(*(_warm_up(rung) for rung in rungs))
            pairs = [(model, voice) for model in self._cast.models for voice in self._cast.voices]
            for number, trigger in enumerate(list(triggers) * max(1, rounds)):
                first = number % len(pairs) if pairs else 0
                for model, voice in pairs[first:] + pairs[:first]:
                    await self._take_turn(model, voice, trigger)
        except asyncio.CancelledError:
            self.interrupted = True
        finally:
            for rung in rungs:
                await rung.close()

    async def _take_turn(self, model: LanguageModel, voice: Voice, trigger: str) -> None:
        keys = (f"model {model.name}", f"voice {voice.name}")
        result = self.results[Pair(model.name, voice.name)]
        for key in keys:
            if self._failed_in_row.get(key, 0) >= FAILURES_AT_MOST:
                result.failures.append(f"{key}: {self.failures[key]}")
                return
        language = self._settings.shuttle.language
        sighting = parse(trigger)
        request = ModelRequest(
            language=language,
            system=load_prompt(language, self._settings.commentator.prompts_dir),
            user=describe(sighting, language),
            sighting=sighting,
        )
        try:
            spell, usage = self._cast.speller.form, self._cast.usage
            result.turns.append(await take_turn(model, voice, spell, request, trigger, usage))
            self._failed_in_row |= dict.fromkeys(keys, 0)
        except RungFailedError as error:
            key = f"{error.stage} {error.rung}"
            self.failures[key] = str(error)
            result.failures.append(f"{key}: {error}")
            failed = self._failed_in_row.get(key, 0) + 1
            self._failed_in_row[key] = FAILURES_AT_MOST if error.hung else failed


async def _warm_up(rung: LanguageModel | Voice) -> None:
    """Open the connection before the first request, as the guide does. Its turns will show if it works."""
    with contextlib.suppress(Exception):
        async with asyncio.timeout(WARM_UP_S):
            await rung.probe()


def _show(comparison: Comparison, best: Pair | None, settings: Settings) -> None:
    results = comparison.results
    told = {pair: result for pair, result in results.items() if result.turns}
    prices = {name: service.prices for name, service in settings.services.items()}
    rows = []
    for pair, result in sorted(told.items(), key=lambda item: item[1].first_sound_s(50)):
        rate = tokens_per_s(result.turns)
        tokens = sorted(turn.first_token_s for turn in result.turns)
        characters = sum(len(turn.text) for turn in result.turns) / len(result.turns)
        rows.append(
            [
                str(pair),
                *(f"{result.first_sound_s(percent) * 1000:.0f}" for percent in (50, 95)),
                f"{tokens[len(tokens) // 2] * 1000:.0f}",
                f"{rate:.0f}" if rate else "-",
                f"{characters:.0f}",
                result.cost(prices).short,
            ]
        )
    if rows:
        head = ["first sound, ms", "p50", "p95", "token", "tok/s", "chars", f"per {TURNS_OF_COST}"]
        show_table("From the trigger; the last column is the price of so many turns", head, rows)
        _show_texts(told)
    deadline_s, language = settings.commentator.remark_ttl_s, settings.shuttle.language
    lines = [
        ("failed", f"{pair}: {why}")
        for pair, result in results.items()
        for why in result.objections(deadline_s, language)
    ]
    show_lines([*lines, *(("absent", f"{name}: {why}") for name, why in comparison.left_out.items())])
    if comparison.interrupted:
        console.print("Interrupted: this is what there was.")
    if best:
        console.print(f"The fastest that is good enough is {best}:", highlight=False)
        for line in setting_lines(best, settings):
            console.print(Text(f"  {line}"), soft_wrap=True)
    else:
        console.print("None is good enough.")


def _show_texts(results: Results) -> None:
    """What each model wrote of each trigger, once where it wrote the same for several voices."""
    texts: dict[str, dict[tuple[str, str], None]] = {}
    for pair, result in results.items():
        for turn in result.turns:
            texts.setdefault(turn.trigger, {})[pair.model, turn.text] = None
    for trigger, written in texts.items():
        console.print(Text(f"\n{trigger}", "bold"))
        show_lines((model, text) for model, text in written)
    console.print()
