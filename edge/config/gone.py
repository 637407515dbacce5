"""Settings that there are no more: each is told in one line, and stops nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from edge.messages import MAX_REPLY_CHARS

_OF_BUDGETS = {
    "grace_ms": "it is always 40 ms",
    "hedges_per_minute": "it is always 20",
    "breaker_failures": "it is always 2",
    "breaker_open_s": "it is always 5 s",
    "breaker_open_max_s": "it is always 60 s",
}
GONE: dict[str, str] = {
    "mqtt.keepalive_s": "it is always 30 s",
    "elevenlabs.sample_rate": "it is always 24000 Hz",
    "piper.port": "its servers take free ports",
    "commentator.temperature": "services.NAME.temperature is one for each service, by itself 0",
    "commentator.max_tokens": "it is always 180",
    "commentator.history": "it is always 3 remarks",
    "commentator.max_remark_chars": f"it is always {MAX_REPLY_CHARS} characters",
    "commentator.ahead.per_request": "it is always 5 remarks",
    "commentator.ahead.money_per_day": "cost.money_per_day is for all that is paid for",
    "commentator.ahead.price_per_million_in": "services.NAME.prices says what tokens cost",
    "commentator.ahead.price_per_million_out": "services.NAME.prices says what tokens cost",
    "speaker.loudness_cap_dbfs": "it is always -1 dBFS; speaker.volume makes the guide softer",
    "speaker.duck_db": "it is always -14 dB",
    "speaker.fade_ms": "it is always 30 ms",
    "pool.max_age_days": "it is always 30 days of running",
    "answers.passages": "it is always 3",
    "answers.max_chars": f"it is always {MAX_REPLY_CHARS} characters",
    "listener.vad.device": "the detector runs on the CPU, where it is fastest",
    "listener.vad.aggressiveness": "it is always 3",
    "listener.endpointing.min_speech_s": "it is always 0.25 s",
    "listener.endpointing.min_voiced_s": "it is always 0.06 s",
    "listener.endpointing.max_flatness": "it is always 0.48",
    "listener.endpointing.max_speech_s": "it is always 20 s",
    "listener.recognizer.interim_s": "it is always 0.5 s",
    "listener.recognizer.guards": "Whisper's own thresholds hold",
    "listener.recognizer.whisper.models_dir": "models lie in whisper below models_dir, or model is a path",
    "listener.recognizer.whisper.beam_size": "it is listener.recognizer.whisper.beam",
    **{
        f"{stage}.budget.{key}": instead
        for stage, least_ms, stalls_ms in (
            ("commentator", 400, 1500),
            ("speaker", 300, 1200),
            ("listener.recognizer", 600, 2000),
        )
        for key, instead in {
            "min_ms": f"it is always {least_ms} ms",
            "stall_ms": f"it is always {stalls_ms} ms",
            **_OF_BUDGETS,
        }.items()
    },
}
"""Dotted name of a setting or of a section → what is so instead."""


class Gone(NamedTuple):
    """A setting that somebody still sets."""

    name: str
    source: str
    """The file or the variable that sets it."""

    def __str__(self) -> str:
        return (
            f"config: {self.name} is no setting any more (from {self.source}): {GONE[self.name]}; remove it"
        )


def gone_setting(keys: Iterable[str]) -> str | None:
    """The entry of ``GONE`` that a setting belongs to."""
    path: list[str] = []
    for key in keys:
        path.append(key)
        if (name := ".".join(path)) in GONE:
            return name
    return None


def without_gone(tree: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The tree without settings that are gone, nor the sections that held nothing else; and their names."""
    left, names = dict(tree), []
    for name in GONE:
        without = _without(left, name.split("."))
        if without is not left:
            left = without
            names.append(name)
    return left, names


def _without(tree: dict[str, Any], path: Sequence[str]) -> dict[str, Any]:
    """The tree without this setting; the very same where it has none."""
    key, *below = path
    if key not in tree:
        return tree
    rest = {name: value for name, value in tree.items() if name != key}
    if not below:
        return rest
    section = tree[key]
    left = _without(section, below) if isinstance(section, dict) else section
    if left is section:
        return tree
    return tree | {key: left} if left else rest
