"""``shuttle-guide say``: hear how the guide would say a text, or see what its voices are given for it."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from collections import Counter

from edge.config import Settings
from edge.config.services import LOCAL_VOICES
from edge.ladder import LadderExhausted
from edge.messages import Language
from edge.operator_error import OperatorError
from edge.site.lexicon_file import LexiconFile
from edge.speaker.output_factory import make_output
from edge.speaker.piece_source import PieceSource
from edge.speaker.player import Player
from edge.speaker.speller import Speller
from edge.speaker.track import TrackEvent
from edge.speaker.voices import make_voice, make_voices
from edge.speaker.voices.base import Voice
from edge.speaker.voices.plain_text import plain_text
from edge.speaker.voices.rungs import VoiceRungs
from edge.tasks import wait_at_most

DEVICE_PATIENCE_S = 5.0


def say(options: argparse.Namespace, settings: Settings) -> int:
    """Exit code 0: it was played, or shown; 1: no voice works, or there is no device."""
    known = (*LOCAL_VOICES, *settings.services)
    if options.voice and options.voice not in known:
        raise OperatorError(f"no voice has the name {options.voice}; there are {', '.join(sorted(known))}")
    speller = Speller(LexiconFile(settings.shuttle.site_dir))
    if options.show:
        language = options.language or settings.shuttle.language
        spoken = plain_text(speller.form(options.text, language).text)
        local = options.voice in LOCAL_VOICES
        print(speller.pronounced(spoken, language, options.voice) if local else spoken)
        return 0
    asyncio.run(_play(options, settings, speller))
    return 0


async def _play(options: argparse.Namespace, settings: Settings, speller: Speller) -> None:
    voices = _voices(options.voice, settings, speller)
    speaker = settings.speaker
    try:
        output = make_output(speaker.output, speaker.sample_rate, speaker.buffer_ms / 1000)
    except ValueError as error:
        raise OperatorError(str(error)) from error
    player = Player(output, speaker.sample_rate, volume=speaker.volume, jitter_ms=speaker.jitter_ms)
    rungs = VoiceRungs(settings, voices, speller, Counter())
    language = options.language or settings.shuttle.language
    source = PieceSource(language, rungs.ladder, lambda *_: None, speller.form)
    source.add(options.text)
    source.close()
    player.start()
    try:
        await rungs.start()
        await _play_to_the_end(source, player, language)
    except LadderExhausted as error:
        raise OperatorError(str(error)) from error
    finally:
        await player.close()
        await rungs.close()


async def _play_to_the_end(source: PieceSource, player: Player, language: Language) -> None:
    over = asyncio.Event()

    def on_event(event: TrackEvent) -> None:
        if event.kind in ("last_sample", "cancelled"):
            over.set()

    track = player.track("say", on_event, language=language)
    player.play(track)
    async with contextlib.aclosing(source.pieces()) as pieces:
        async for piece, _, voice, content, _ in pieces:
            track.append(piece.samples, piece.sample_rate, piece.spoken_to, voice, content=content)
    track.finish()
    while not over.is_set():
        await wait_at_most(over, DEVICE_PATIENCE_S)
        if player.state.name != "open":
            raise OperatorError(
                f"the audio device cannot be used: {player.state.reason or player.state.name}"
            )


def _voices(name: str | None, settings: Settings, speller: Speller) -> list[Voice]:
    if name is None:
        return make_voices(settings, speller)
    voice = make_voice(name, settings, speller)
    if voice is None:
        needs = "rhvoice.allowed = true" if name == "rhvoice" else "its key, or its model"
        raise OperatorError(f"the voice {name} is not configured: it needs {needs}")
    return [voice]
