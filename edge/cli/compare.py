"""``shuttle-guide compare``: the configured providers side by side on the same triggers.

Talks to the services directly, without a running guide, so that each is measured by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from edge.cli.bench import STANDARD_TRIGGERS, percentiles
from edge.cli.show import show_lines, show_table
from edge.commentator.gate import load_blocklists
from edge.commentator.models.clients import chat_models
from edge.commentator.models.phrasebook_rung import PhrasebookRung
from edge.commentator.models.request import LanguageModel, ModelRequest
from edge.commentator.prompts import load_prompt
from edge.config import Settings
from edge.ladder import RungError
from edge.lexicon.free_text import parse
from edge.messages import new_id
from edge.site.lexicon_file import LexiconFile
from edge.speaker.script import Script
from edge.speaker.speller import Speller
from edge.speaker.voices import make_voices
from edge.speaker.voices.base import Voice, VoiceRequest
from edge.speaker.voices.spoken import spoken_sound

RUNG_TIMEOUT_S = 20.0
Samples = dict[str, dict[str, list[float]]]


def compare(options: argparse.Namespace, settings: Settings) -> int:
    """Always 0 when at least one provider of each stage worked."""
    texts = options.text or list(STANDARD_TRIGGERS)
    models, voices, failures = asyncio.run(_compare(settings, texts, options.rounds))
    if options.as_json:
        print(
            json.dumps(
                {"models": _summary(models), "voices": _summary(voices), "failures": failures},
                ensure_ascii=False,
            )
        )
    else:
        _show("models (ms since the request)", models)
        _show("voices (ms since the text)", voices)
        show_lines(("failed", f"{rung}: {reason}") for rung, reason in failures.items())
    return 0 if models and voices else 1


async def _compare(
    settings: Settings, texts: Sequence[str], rounds: int
) -> tuple[Samples, Samples, dict[str, str]]:
    models: Samples = defaultdict(lambda: defaultdict(list))
    voices: Samples = defaultdict(lambda: defaultdict(list))
    failures: dict[str, str] = {}
    blocked = load_blocklists(settings.commentator.blocklist_dir)
    speller = Speller(LexiconFile(settings.shuttle.site_dir))
    model_rungs: list[LanguageModel] = [*chat_models(settings, blocked), PhrasebookRung(blocked)]
    voice_rungs = make_voices(settings, speller)
    rungs: list[LanguageModel | Voice] = [*model_rungs, *voice_rungs]
    for rung in rungs:
        await rung.start()
    await asyncio.sleep(1.0)  # connections are opened ahead, as in the guide
    try:
        for text in list(texts) * rounds:
            for model in model_rungs:
                await _timed(model.name, _write(model, text, settings), models, failures)
            for voice in voice_rungs:
                await _timed(voice.name, _speak(voice, text, settings, speller), voices, failures)
    finally:
        for rung in rungs:
            await rung.close()
    return models, voices, failures


async def _timed(name: str, work: Any, samples: Samples, failures: dict[str, str]) -> None:
    try:
        async with asyncio.timeout(RUNG_TIMEOUT_S):
            for column, value in (await work).items():
                samples[name][column].append(value)
    except (RungError, TimeoutError) as error:
        failures[name] = str(error) or f"no answer within {RUNG_TIMEOUT_S:.0f} s"


async def _write(model: LanguageModel, text: str, settings: Settings) -> dict[str, float]:
    language = settings.shuttle.language
    prompt = load_prompt(language, settings.commentator.prompts_dir)
    request = ModelRequest(language=language, system=prompt, user=text, sighting=parse(text))
    started = time.monotonic()
    marks: dict[str, float] = {}
    async for clause in model.open(request):
        if clause is None:
            continue
        marks.setdefault("first_token", (clause.first_token_mono - started) * 1000)
        marks.setdefault("first_clause", (time.monotonic() - started) * 1000)
    return marks | {"whole_text": (time.monotonic() - started) * 1000}


async def _speak(voice: Voice, text: str, settings: Settings, speller: Speller) -> dict[str, float]:
    script = Script()
    turn_id = new_id()
    voice.prepare(turn_id, settings.shuttle.language)
    script.add(text)
    script.close()
    started = time.monotonic()
    marks: dict[str, float] = {}
    request = VoiceRequest(turn_id, settings.shuttle.language, script)
    async for _ in spoken_sound(voice, request, speller.form):
        marks.setdefault("first_audio", (time.monotonic() - started) * 1000)
    return marks | {"whole_audio": (time.monotonic() - started) * 1000}


def _summary(samples: Samples) -> dict[str, dict[str, dict[str, float] | None]]:
    return {
        name: {column: percentiles(values) for column, values in row.items()} for name, row in samples.items()
    }


def _show(title: str, samples: Samples) -> None:
    columns = list(dict.fromkeys(column for row in samples.values() for column in row))
    head = ["provider", *(part for column in columns for part in (f"{column} p50", "p95"))]
    rows = (
        [name, *(f"{v[p]:.0f}" if (v := row.get(c)) else "-" for c in columns for p in ("p50", "p95"))]
        for name, row in _summary(samples).items()
    )
    show_table(title, head, rows)
