"""Clients of the chat services that are configured. SDKs are imported only when they are used."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from edge.clouds.clients import client_of
from edge.commentator.forbidden import Forbidden
from edge.commentator.models.chat import ChatModel, ChatService
from edge.config import Service, Settings
from edge.spending.lines import Note, not_counted

NO_EFFORT = {"gpt-5.6-luna": "none"}
"""OpenAI's model → effort without which its thoughts would take all tokens, and a temperature is refused."""
MAX_TOKENS = 180
"""A reply's limit: three sentences in any of our languages. More would only be waited for, and paid."""


def chat_services(settings: Settings, names: Iterable[str]) -> list[ChatService]:
    """The named services, each with connections of its own; one that cannot write is left out."""
    named = ((name, settings.services[name]) for name in names)
    return [
        _chat_service(name, service, service.model)
        for name, service in named
        if service.model and service.can_be_asked
    ]


def chat_models(
    settings: Settings,
    names: Iterable[str],
    forbidden: Forbidden,
    note: Note = not_counted,
) -> list[ChatModel]:
    """The named services as rungs of the model ladder; one that cannot write is left out.

    Args:
        forbidden: what is never said.
        note: told what each reply has used, where it is paid for.
    """
    return [ChatModel(service, forbidden, note) for service in chat_services(settings, names)]


def _chat_service(name: str, service: Service, model: str) -> ChatService:
    # Only OpenAI and Groq insist on the new name of the limit; the compatible servers all know the old one.
    is_new = service.kind == "groq" or service.is_openai
    limit = "max_completion_tokens" if is_new else "max_tokens"
    options: dict[str, Any] = {"model": model, "temperature": service.temperature, limit: MAX_TOKENS}
    effort = service.reasoning_effort
    if effort is None and service.is_openai:
        effort = NO_EFFORT.get(model)
    if effort:
        options["reasoning_effort"] = effort
    client = client_of(service)
    return ChatService(name, client, options, limit, local=service.local, thinks_first=service.thinks_first)
