"""Builds the model rungs that the configuration asks for. SDKs are imported only when they are used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge.clouds.clients import groq_client, is_own_server, openai_client
from edge.commentator.models.chat import ChatModel
from edge.config import Settings
from edge.messages import Language


def chat_models(settings: Settings, blocked: Mapping[Language, frozenset[str]]) -> list[ChatModel]:
    """The configured rungs in the configured order; one without key or address is left out.

    Args:
        blocked: words of each language that are never said.
    """
    makers = {"groq": _groq, "openai": _openai, "local": _local}
    return [rung for name in settings.commentator.models if (rung := makers[name](settings, blocked))]


def _groq(settings: Settings, blocked: Mapping[Language, frozenset[str]]) -> ChatModel | None:
    if settings.groq.api_key is None:
        return None
    key = settings.groq.api_key.reveal()
    client = groq_client(key, settings.groq.base_url)
    limit = "max_completion_tokens"
    options = _options(settings, settings.groq.model, settings.groq.reasoning_effort, limit)
    return ChatModel("groq", client, options, limit=limit, blocked=blocked, secret=key)


def _openai(settings: Settings, blocked: Mapping[Language, frozenset[str]]) -> ChatModel | None:
    custom = is_own_server(settings.openai)
    if settings.openai.api_key is None and not custom:
        return None
    key = settings.openai.api_key.reveal() if settings.openai.api_key else ""
    # Only OpenAI itself insists on the new name of the limit; the compatible servers all know the old one.
    limit = "max_tokens" if custom else "max_completion_tokens"
    return ChatModel(
        "openai",
        openai_client(key, settings.openai.base_url),
        _options(settings, settings.openai.model, settings.openai.reasoning_effort, limit),
        limit=limit,
        blocked=blocked,
        secret=key,
        thinks_first=settings.openai.thinks_first,
    )


def _local(settings: Settings, blocked: Mapping[Language, frozenset[str]]) -> ChatModel | None:
    if settings.local.base_url is None:
        return None
    return ChatModel(
        "local",
        openai_client("", settings.local.base_url),
        _options(settings, settings.local.model, None, "max_tokens"),
        blocked=blocked,
        paid=False,
        local=True,
        thinks_first=settings.local.thinks_first,
    )


def _options(settings: Settings, model: str, reasoning_effort: str | None, limit: str) -> dict[str, Any]:
    options: dict[str, Any] = {
        "model": model,
        "temperature": settings.commentator.temperature,
        limit: settings.commentator.max_tokens,
    }
    if reasoning_effort:
        options["reasoning_effort"] = reasoning_effort
    return options
