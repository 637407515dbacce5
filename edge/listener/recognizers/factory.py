"""Which recognizers there are, and in which order."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from edge.config import Settings
from edge.config.orders import (
    default_recognizer_order,
    recognizer_order,
    recognizer_orders,
    unfit_recognizer_orders,
)
from edge.journal_events import MessageId, event
from edge.ladder import LadderLimits
from edge.listener.recognizers.ladder import RecognitionLadder
from edge.listener.recognizers.language import FindLanguage
from edge.listener.recognizers.local import LocalRecognizer
from edge.listener.recognizers.onnx_models import MODELS
from edge.listener.recognizers.recognizer import Recognizer
from edge.messages import Language
from edge.spending.lines import Note, not_counted

if TYPE_CHECKING:
    from edge.listener.recognizers.whisper import WhisperEngine

log = logging.getLogger(__name__)

MIN_MS = 600
"""A cloud needs about so long for a short question."""
ENGLISH_ONLY = ".en"
"""What the names of such Whispers end with."""
SMALL = {"workers": 1, "threads": 1}
"""A Whisper beside the one that recognises has no more: the finals shall not be slower for it."""
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
    _tell_unfit(settings)
    engines = _Engines(settings)
    recognizers = _recognizers(settings, engines, note)
    interim, limits = _interim_recognizer(settings, engines), recognition_limits(settings)
    orders = recognizer_orders(settings)
    finder = engines.finder() if _depends_on_language(orders) else None
    return RecognitionLadder(recognizers, limits, interim, rests, orders, finder)


def _tell_unfit(settings: Settings) -> None:
    default = ", ".join(default_recognizer_order(settings))
    for language, order in unfit_recognizer_orders(settings).items():
        told = event(MessageId.FELL_BACK, part=f"recognizers of {language}")
        unfit = "none of {} knows {} and is allowed, {} is used".format(", ".join(order), language, default)
        log.warning("listener.recognizer.order: %s", unfit, extra=told)


def recognition_limits(settings: Settings) -> LadderLimits:
    """The limits of the recognition ladder."""
    return LadderLimits.of(settings.listener.recognizer.budget, min_ms=MIN_MS, stall_ms=STALL_MS)


def make_recognizers(settings: Settings) -> list[Recognizer]:
    """The rungs, best first. A cloud that is not allowed, or has no key, is left out."""
    return _recognizers(settings, _Engines(settings), not_counted)


class _Engines:
    """Makes engines. A Whisper that recognises, or makes interim transcripts, finds the language, too."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._whispers: dict[str, WhisperEngine] = {}
        """Name of its model → an engine that a recognizer loads."""

    def whisper(self, model: str, **sizes: int) -> WhisperEngine:
        from edge.listener.recognizers.whisper import WhisperEngine

        made = WhisperEngine(self._settings, model=model, **sizes)
        self._whispers.setdefault(model, made)
        return made

    def finder(self) -> FindLanguage:
        languages, model = self._settings.listener.languages, self._settings.listener.recognizer.whisper.model
        loaded = [whisper for name, whisper in self._whispers.items() if _is_multilingual(name)]
        finder = loaded[0] if loaded else self.whisper(model, **SMALL)
        return FindLanguage(finder, languages[0], loads=not loaded)


def _is_multilingual(whisper: str) -> bool:
    """Whether its name says so; of a model that hides it, the finder tells."""
    return not whisper.endswith(ENGLISH_ONLY)


def _depends_on_language(orders: Mapping[Language, Sequence[str]]) -> bool:
    """Whether languages have other orders, or an order names what does not know them all."""
    named = {name for order in orders.values() for name in order}
    return len(orders) > 1 and (len({*map(tuple, orders.values())}) > 1 or not named.isdisjoint(MODELS))


def _recognizers(settings: Settings, engines: _Engines, note: Note) -> list[Recognizer]:
    order = recognizer_order(settings)
    return [made for name in order if (made := _make(name, settings, engines, note))]


def make_interim_recognizer(settings: Settings) -> Recognizer | None:
    """The small model for interim transcripts; None: none is configured."""
    return _interim_recognizer(settings, _Engines(settings))


def _interim_recognizer(settings: Settings, engines: _Engines) -> Recognizer | None:
    model = settings.listener.recognizer.whisper.interim_model
    return LocalRecognizer(engines.whisper(model, **SMALL), 1) if model else None


def _make(name: str, settings: Settings, engines: _Engines, note: Note) -> Recognizer | None:
    chosen = settings.listener.recognizer
    match name:
        case "faster_whisper":
            return LocalRecognizer(engines.whisper(chosen.whisper.model), chosen.workers)
        case "gigaam" | "parakeet":
            from edge.listener.recognizers.onnx_engine import OnnxEngine

            return LocalRecognizer(OnnxEngine(name, settings), chosen.workers)
        case "pocketsphinx":
            from edge.listener.recognizers.pocketsphinx import PocketsphinxEngine

            return LocalRecognizer(PocketsphinxEngine(settings.listener.languages), chosen.workers)
        case _ if not chosen.cloud_allowed:
            log.warning("recognizer %s is left out: audio may not leave the shuttle", name)
            return None
        case _:
            from edge.listener.recognizers.cloud_clients import cloud_recognizer

            return cloud_recognizer(name, settings.services[name], note)
