"""The doctor's look at the clouds: is each one there, does it take our key, does it have what we ask for?"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from edge.clouds.bounded_answers import LARGEST_ANSWER_BYTES, PLAIN, bounded_answers
from edge.clouds.clients import RETRIES, client_of, straight
from edge.clouds.json_answer import field, json_answer
from edge.clouds.sdk_errors import as_rung_error, unexpected
from edge.config import Service, Settings
from edge.doctor.check import Check, optional
from edge.error_lines import one_line

TIMEOUT_S = 5.0
EXPECTED = "a list of models"
CloudQuestion = Callable[[], Coroutine[Any, Any, str]]
"""A question to a service; the answer is what was found."""


async def check_clouds(settings: Settings) -> list[Check]:
    """All configured services at once, each within ``TIMEOUT_S`` and a little, with its round trip.

    One that is away is no reason to be unready: the next rung of the ladder is there.
    """
    return await asyncio.gather(
        *(
            asyncio.to_thread(_examine, name, service)
            for name, service in settings.services.items()
            if service.can_be_asked and _requested(service)
        )
    )


def _requested(service: Service) -> str:
    models = (service.model, service.speech_model, service.transcription_model)
    return service.voice or "" if service.kind == "elevenlabs" else next(filter(None, models), "")


def _setting_of(service: Service) -> str:
    """The key of its settings that says what ``_requested`` is."""
    if service.kind == "elevenlabs":
        return "voice"
    return next(
        (key for key in ("model", "speech_model", "transcription_model") if getattr(service, key)), "model"
    )


def _examine(name: str, service: Service) -> Check:
    requested = _requested(service)
    try:
        ask = _connect(service)  # imports the SDK, which is not the service's time
        started = time.monotonic()
        actual = asyncio.run(ask())
    except _FindingError as finding:
        return optional(name, requested, "cannot be used", str(finding))
    except Exception as error:  # whatever an SDK raises is the finding
        told = as_rung_error(error, requested, _setting_of(service))
        return optional(name, requested, "cannot be used", str(told))
    answered_ms = (time.monotonic() - started) * 1000
    return optional(name, requested, f"{actual}, answered in {answered_ms:.0f} ms")


def _connect(service: Service) -> CloudQuestion:
    if service.kind == "elevenlabs":
        return _elevenlabs(service)
    client = client_of(service, timeout_s=TIMEOUT_S)
    return partial(_count, client) if service.local else partial(_choose, client, _requested(service))


async def _count(client: Any) -> str:
    # llama-server answers to any name, so only that it answers counts.
    async with client:
        return f"{len(await _offered(client))} model(s)"


def _elevenlabs(service: Service) -> CloudQuestion:
    import httpx
    from elevenlabs import AsyncElevenLabs

    base_url = service.address
    key = service.api_key.reveal() if service.api_key else ""
    base_url = "http" + base_url.removeprefix("ws") if base_url.startswith("ws") else base_url

    async def quota() -> str:
        hooks = bounded_answers(httpx, LARGEST_ANSWER_BYTES)
        bounds: dict[str, Any] = {"timeout": TIMEOUT_S, "headers": PLAIN, "event_hooks": hooks}
        async with httpx.AsyncClient(**bounds, **straight(base_url, httpx)) as http:
            client = AsyncElevenLabs(api_key=key, base_url=base_url, httpx_client=http)
            account = await client.user.subscription.get(request_options={"max_retries": RETRIES})
        left = account.character_limit - account.character_count
        if left <= 0:
            raise _FindingError(f"the quota is used up ({account.character_count} characters)")
        return f"{left} characters left"

    return quota


async def _choose(client: Any, model: str) -> str:
    async with client:
        there = await _offered(client)
    if model not in there:
        names = one_line(", ".join(sorted(there)[:12]))
        raise _FindingError(f"model {model!r} is not offered; there are: {names}")
    return "model is offered"


async def _offered(client: Any) -> list[str]:
    """Names of the models that a service has."""
    # Raw: an SDK takes a web page for a list.
    body = (await client.models.with_raw_response.list()).http_response.content
    offered = field(json_answer(body, EXPECTED, LARGEST_ANSWER_BYTES), "data")
    if not isinstance(offered, list):
        raise unexpected(EXPECTED, body)
    return [str(field(each, "id")) for each in offered]


class _FindingError(Exception):
    """The service works, and is of no use; the text says why."""
