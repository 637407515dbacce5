"""Clients of the chat services that are configured. SDKs are imported only when they are used."""

from __future__ import annotations

from typing import Any

from edge.clouds.clients import groq_client, is_own_server, openai_client
from edge.commentator.forbidden import Forbidden
from edge.commentator.models.chat import ChatModel, ChatService
from edge.config import Settings

TEMPERATURE = 0.0
"""The likeliest words: what is said at once is not looked at by anybody before it is heard."""
MAX_TOKENS = 180
"""A reply's limit: three sentences in any of our languages. More would only be waited for, and paid."""


def chat_services(settings: Settings) -> list[ChatService]:
    """The configured services in the configured order; one without key or address is left out."""
    makers = {"groq": _groq, "openai": _openai, "local": _local}
    return [service for name in settings.commentator.models if (service := makers[name](settings))]


def chat_models(settings: Settings, forbidden: Forbidden) -> list[ChatModel]:
    """The same as rungs of the model ladder.

    Args:
        forbidden: what is never said.
    """
    return [ChatModel(service, forbidden) for service in chat_services(settings)]


def _groq(settings: Settings) -> ChatService | None:
    if settings.groq.api_key is None:
        return None
    key = settings.groq.api_key.reveal()
    client = groq_client(key, settings.groq.base_url)
    limit = "max_completion_tokens"
    options = _options(settings.groq.model, settings.groq.reasoning_effort, limit)
    return ChatService("groq", client, options, limit)


def _openai(settings: Settings) -> ChatService | None:
    custom = is_own_server(settings.openai)
    if settings.openai.api_key is None and not custom:
        return None
    key = settings.openai.api_key.reveal() if settings.openai.api_key else ""
    # Only OpenAI itself insists on the new name of the limit; the compatible servers all know the old one.
    limit = "max_tokens" if custom else "max_completion_tokens"
    return ChatService(
        "openai",
        openai_client(key, settings.openai.base_url),
        _options(settings.openai.model, settings.openai.reasoning_effort, limit),
        limit,
        thinks_first=settings.openai.thinks_first,
    )


def _local(settings: Settings) -> ChatService | None:
    if settings.local.base_url is None:
        return None
    return ChatService(
        "local",
        openai_client("", settings.local.base_url),
        _options(settings.local.model, None, "max_tokens"),
        "max_tokens",
        local=True,
        thinks_first=settings.local.thinks_first,
    )


def _options(model: str, reasoning_effort: str | None, limit: str) -> dict[str, Any]:
    options: dict[str, Any] = {
        "model": model,
        "temperature": TEMPERATURE,
        limit: MAX_TOKENS,
    }
    if reasoning_effort:
        options["reasoning_effort"] = reasoning_effort
    return options
