"""The doctor's look at the clouds: is each one there, does it take our key, does it have what we ask for?"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from edge.config import Secret, Settings

TIMEOUT_S = 5.0
Ask = Callable[[], str]
"""A blocking question to a service; the answer is what was found."""


class CloudReport(NamedTuple):
    """One service. ``error`` is empty when all is well."""

    name: str
    requested: str
    actual: str
    error: str


def examine_clouds(settings: Settings) -> list[Callable[[], CloudReport]]:
    """One blocking examination for each service that has a key."""
    examinations: list[Callable[[], CloudReport]] = []
    if settings.groq.api_key:
        examinations.append(lambda: _examine("groq", settings.groq.model, lambda: _groq(settings)))
    if settings.openai.api_key:
        examinations.append(lambda: _examine("openai", settings.openai.model, lambda: _openai(settings)))
    if settings.elevenlabs.api_key:
        voice_id = settings.elevenlabs.voice_id
        examinations.append(
            lambda: _examine("elevenlabs", f"voice {voice_id}", lambda: _elevenlabs(settings))
        )
    return examinations


async def cloud_reports(settings: Settings) -> list[CloudReport]:
    """All services at once, each within ``TIMEOUT_S`` and a little."""
    return await asyncio.gather(*(asyncio.to_thread(examine) for examine in examine_clouds(settings)))


def _examine(name: str, requested: str, ask: Callable[[], str]) -> CloudReport:
    started = time.monotonic()
    try:
        actual = ask()
    except Exception as error:  # whatever an SDK raises is the finding
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        return CloudReport(name, requested, "cannot be used", reason)
    return CloudReport(
        name, requested, f"{actual}, answered in {(time.monotonic() - started) * 1000:.0f} ms", ""
    )


def _groq(settings: Settings, key: str) -> Ask:
    import groq

    client = groq.Groq(api_key=key, base_url=settings.groq.base_url, max_retries=0, timeout=TIMEOUT_S)
    return lambda: _chosen(settings.groq.model, [model.id for model in client.models.list().data])


def _openai(settings: Settings, key: str) -> Ask:
    import openai

    client = openai.OpenAI(api_key=key, base_url=settings.openai.base_url, max_retries=0, timeout=TIMEOUT_S)
    return lambda: _chosen(settings.openai.model, [model.id for model in client.models.list()])


def _elevenlabs(settings: Settings, key: str) -> Ask:
    from elevenlabs import ElevenLabs

    base_url = settings.elevenlabs.base_url
    base_url = "http" + base_url.removeprefix("ws") if base_url.startswith("ws") else base_url
    client = ElevenLabs(api_key=key, base_url=base_url, timeout=TIMEOUT_S)

    def quota() -> str:
        account = client.user.subscription.get()
        left = account.character_limit - account.character_count
        if left <= 0:
            raise RuntimeError(f"the quota is used up ({account.character_count} characters)")
        return f"{left} characters left"

    return quota


def _chosen(model: str, there: list[str]) -> str:
    if model not in there:
        raise RuntimeError(f"model {model!r} is not offered; there are: {', '.join(sorted(there)[:12])}")
    return "model is offered"
