"""Which recognizers there are, and in which order."""

from __future__ import annotations

import logging
from collections.abc import Callable

from edge.config import Settings
from edge.config.orders import recognizer_order
from edge.ladder import LadderLimits
from edge.listener.recognizers.ladder import RecognitionLadder
from edge.listener.recognizers.local import LocalRecognizer
from edge.listener.recognizers.recognizer import Recognizer
from edge.spending.lines import Note, not_counted

log = logging.getLogger(__name__)

MIN_MS = 600
"""A cloud needs about so long for a short question."""
STALL_MS = 2000
"""There is one output: what comes behind it is the end of the stream."""


def make_recognition_ladder(
    settings: Settings,
    note: Note = not_counted,
    rests: Callable[[Recognizer], str] = lambda recognizer: "",
) -> RecognitionLadder:
    """What an utterance becomes text by.

    Args:
        note: told what a service was asked to hear, where it is paid for.
        rests: see ``RecognitionLadder``.
    """
    recognizers, interim = make_recognizers(settings, note), make_interim_recognizer(settings)
    return RecognitionLadder(recognizers, recognition_limits(settings), interim, rests)


def recognition_limits(settings: Settings) -> LadderLimits:
    """The limits of the recognition ladder."""
    return LadderLimits.of(settings.listener.recognizer.budget, min_ms=MIN_MS, stall_ms=STALL_MS)


def make_recognizers(settings: Settings, note: Note = not_counted) -> list[Recognizer]:
    """The rungs, best first. A cloud that is not allowed, or has no key, is left out."""
    order = dict.fromkeys(recognizer_order(settings))
    return [made for name in order if (made := _make(name, settings, note))]


def make_interim_recognizer(settings: Settings) -> Recognizer | None:
    """The small model for interim transcripts; None: none is configured."""
    model = settings.listener.recognizer.whisper.interim_model
    if not model:
        return None
    from edge.listener.recognizers.whisper import WhisperEngine

    # One thread and one worker: the finals shall not be slower for it.
    return LocalRecognizer(WhisperEngine(settings, model=model, workers=1, threads=1), 1)


def _make(name: str, settings: Settings, note: Note) -> Recognizer | None:
    chosen = settings.listener.recognizer
    match name:
        case "faster_whisper":
            from edge.listener.recognizers.whisper import WhisperEngine

            return LocalRecognizer(WhisperEngine(settings), chosen.workers)
        case "pocketsphinx":
            from edge.listener.recognizers.pocketsphinx import PocketsphinxEngine

            return LocalRecognizer(PocketsphinxEngine(settings.listener.languages), chosen.workers)
        case _ if not chosen.cloud_allowed:
            log.warning("recognizer %s is left out: audio may not leave the shuttle", name)
            return None
        case _:
            from edge.listener.recognizers.cloud_clients import cloud_recognizer

            return cloud_recognizer(name, settings.services[name], note)
