"""Which recognizers there are, and in which order."""

from __future__ import annotations

import logging
from dataclasses import replace

from edge.listener.recognizers.local import LocalRecognizer
from edge.listener.recognizers.options import CLOUD_ORDER, LOCAL_ORDER, RecognizerName, RecognizerOptions
from edge.listener.recognizers.recognizer import Recognizer

log = logging.getLogger(__name__)


def make_recognizers(options: RecognizerOptions) -> list[Recognizer]:
    """The rungs, best first. A cloud that is not allowed, or has no key, is left out."""
    order = options.order or (CLOUD_ORDER if options.cloud_allowed else LOCAL_ORDER)
    return [recognizer for name in order if (recognizer := _make(name, options))]


def make_interim_recognizer(options: RecognizerOptions) -> Recognizer | None:
    """The small model for interim transcripts; None: none is configured."""
    if not options.whisper.interim_model:
        return None
    from edge.listener.recognizers.whisper import WhisperEngine

    # One thread and one worker: the finals shall not be slower for it.
    small = replace(options.whisper, model=options.whisper.interim_model, threads_per_worker=1)
    engine = WhisperEngine(small, languages=options.languages, workers=1, guards=options.guards)
    return LocalRecognizer(engine, 1)


def _make(name: RecognizerName, options: RecognizerOptions) -> Recognizer | None:
    match name:
        case "faster_whisper":
            from edge.listener.recognizers.whisper import WhisperEngine

            engine = WhisperEngine(
                options.whisper, languages=options.languages, workers=options.workers, guards=options.guards
            )
            return LocalRecognizer(engine, options.workers)
        case "pocketsphinx":
            from edge.listener.recognizers.pocketsphinx import PocketsphinxEngine

            return LocalRecognizer(PocketsphinxEngine(options.languages), options.workers)
        case "groq" | "openai" if not options.cloud_allowed:
            log.warning("recognizer %s is left out: audio may not leave the shuttle", name)
            return None
        case "groq":
            from edge.listener.recognizers.cloud_clients import groq_recognizer

            return groq_recognizer(options)
        case "openai":
            from edge.listener.recognizers.cloud_clients import openai_recognizer

            return openai_recognizer(options)
