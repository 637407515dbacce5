"""The orders of the jobs: which service, or what on this machine, does each, best first."""

from __future__ import annotations

from collections.abc import Iterator

from edge.config.services import LANGUAGES_OF, LOCAL_RECOGNIZERS, LOCAL_VOICES, ServiceKind
from edge.config.tree import Settings
from edge.messages import Language, ProcessName

WRITE: tuple[ServiceKind, ...] = ("groq", "openai")
SPEAK: tuple[ServiceKind, ...] = ("openai", "elevenlabs")
HEAR: tuple[ServiceKind, ...] = ("groq", "openai")
"""The kinds of services that can do each job."""
Order = tuple[str, ...]
_PAID_FOR: tuple[tuple[ProcessName, str, Order], ...] = (
    ("commentator", "model", ("per_million_tokens_in", "per_million_tokens_out")),
    ("speaker", "speech_model", ("per_million_characters",)),
    ("listener", "transcription_model", ("per_hour_of_audio",)),
)
"""Who asks services, what of a service says that it can be asked, and the prices of that."""


def models_for_answers(settings: Settings) -> Order:
    """Services that write answers."""
    return settings.answers.models or settings.commentator.models


def recognizer_orders(settings: Settings) -> dict[Language, Order]:
    """Language → as it is configured; where nothing of that can hear it, as it is by itself."""
    unfit = unfit_recognizer_orders(settings)
    default = default_recognizer_order(settings)
    return {
        language: default if language in unfit else order or default
        for language, order in _configured_recognizers(settings).items()
    }


def default_recognizer_order(settings: Settings) -> Order:
    """Whisper, and where they are allowed the clouds before it."""
    return (*(("groq", "openai") if settings.listener.recognizer.cloud_allowed else ()), "faster_whisper")


def unfit_recognizer_orders(settings: Settings) -> dict[Language, Order]:
    """Language → its configured order, where no recognizer of that knows the language and is allowed."""
    return {
        language: order
        for language, order in _configured_recognizers(settings).items()
        if order and not any(_can_hear(settings, name, language) for name in order)
    }


def _can_hear(settings: Settings, name: str, language: Language) -> bool:
    if name in LOCAL_RECOGNIZERS:
        return language in LANGUAGES_OF.get(name, (language,))
    return settings.listener.recognizer.cloud_allowed


def _configured_recognizers(settings: Settings) -> dict[Language, Order]:
    order = settings.listener.recognizer.order
    return {
        language: tuple(dict.fromkeys(order.get(language, ()) if isinstance(order, dict) else order))
        for language in settings.listener.languages
    }


def recognizer_order(settings: Settings) -> Order:
    """All that are in an order of some language, each once."""
    return tuple(dict.fromkeys(name for order in recognizer_orders(settings).values() for name in order))


def services_of(settings: Settings, process: ProcessName) -> list[str]:
    """Names of the services that a process asks, each once."""
    names: Order = ()
    match process:
        case "commentator":
            names = settings.commentator.models + models_for_answers(settings)
        case "speaker":
            names = settings.speaker.voices
        case "listener" if settings.listener.recognizer.cloud_allowed:
            names = recognizer_order(settings)
    return [name for name in dict.fromkeys(names) if name in settings.services]


def unfit_names(settings: Settings) -> Iterator[tuple[tuple[str, ...], str, list[str]]]:
    """Names that cannot stand where they do: the setting and its place, the name, and those that can."""
    orders: list[tuple[tuple[str, ...], Order, tuple[ServiceKind, ...], Order]] = [
        (("commentator", "models"), settings.commentator.models, WRITE, ()),
        (("answers", "models"), settings.answers.models, WRITE, ()),
        (("speaker", "voices"), settings.speaker.voices, SPEAK, LOCAL_VOICES),
    ]
    hears = settings.listener.recognizer.order
    tables = hears.items() if isinstance(hears, dict) else [("", hears)]
    hear = ("listener", "recognizer", "order")
    orders += [((*hear, *filter(None, [key])), order, HEAR, LOCAL_RECOGNIZERS) for key, order in tables]
    for path, order, kinds, local in orders:
        fit = [name for name, service in settings.services.items() if service.kind in kinds]
        for place, name in enumerate(order):
            if name not in (*fit, *local):
                yield (*path, f"[{place}]"), name, [*fit, *local]


def paid_services_of(settings: Settings, process: ProcessName) -> list[str]:
    """Names of the services that a process may ask and that are paid for it; it knows its own keys only."""
    does = next(does for paying, does, _ in _PAID_FOR if paying == process)
    named = ((name, settings.services[name]) for name in services_of(settings, process))
    return [
        name
        for name, service in named
        if getattr(service, does) and service.can_be_asked and not service.local
    ]


def unpriced(settings: Settings) -> Iterator[tuple[str, str]]:
    """Services that are paid for what they are asked and have no price for it: each with the price."""
    for process, _, prices in _PAID_FOR:
        for name in paid_services_of(settings, process):
            given = settings.services[name].prices
            yield from ((name, price) for price in prices if getattr(given, price) is None)
