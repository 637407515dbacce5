"""The doctor's look at the clouds: is each one there, does it take our key, does it have what we ask for?"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial

from edge.config import OpenAI, Secret, Settings
from edge.doctor.check import Check, optional

TIMEOUT_S = 5.0
Ask = Callable[[], str]
"""A blocking question to a service; the answer is what was found."""


async def check_clouds(settings: Settings) -> list[Check]:
    """All configured services at once, each within ``TIMEOUT_S`` and a little, with its round trip.

    One that is away is no reason to be unready: the next rung of the ladder is there.
    """
    own_server = Secret("none") if settings.openai.base_url != OpenAI().base_url else None
    services: list[tuple[str, str, Secret | None, Callable[[Settings, str], Ask]]] = [
        ("groq", settings.groq.model, settings.groq.api_key, _groq),
        ("openai", settings.openai.model, settings.openai.api_key or own_server, _openai),
        ("local", settings.local.model, Secret("none") if settings.local.base_url else None, _local),
        ("elevenlabs", settings.elevenlabs.voice_id, settings.elevenlabs.api_key, _elevenlabs),
    ]
    return await asyncio.gather(
        *(
            asyncio.to_thread(_examine, name, requested, key.reveal(), partial(connect, settings))
            for name, requested, key, connect in services
            if key is not None
        )
    )


def _examine(name: str, requested: str, key: str, connect: Callable[[str], Ask]) -> Check:
    try:
        ask = connect(key)  # imports the SDK, which is not the service's time
        started = time.monotonic()
        actual = ask()
    except Exception as error:  # whatever an SDK raises is the finding
        reason = " ".join(str(error).replace(key, "(key)").split())[:160] or type(error).__name__
        return optional(name, requested, "cannot be used", reason)
    answered_ms = (time.monotonic() - started) * 1000
    return optional(name, requested, f"{actual}, answered in {answered_ms:.0f} ms")


def _groq(settings: Settings, key: str) -> Ask:
    import groq

    client = groq.Groq(api_key=key, base_url=settings.groq.base_url, max_retries=0, timeout=TIMEOUT_S)
    return lambda: _chosen(settings.groq.model, [model.id for model in client.models.list().data])


def _openai(settings: Settings, key: str) -> Ask:
    import openai

    client = openai.OpenAI(api_key=key, base_url=settings.openai.base_url, max_retries=0, timeout=TIMEOUT_S)
    return lambda: _chosen(settings.openai.model, [model.id for model in client.models.list()])


def _local(settings: Settings, key: str) -> Ask:
    import openai

    client = openai.OpenAI(api_key=key, base_url=settings.local.base_url, max_retries=0, timeout=TIMEOUT_S)
    # llama-server answers to any name, so only that it answers counts.
    return lambda: f"{len(list(client.models.list()))} model(s)"


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
