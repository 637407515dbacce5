"""Builds the cloud recognizers. SDKs are imported only when they are used."""

from __future__ import annotations

from edge.clouds.clients import groq_client, is_own_server, openai_client
from edge.config import Settings
from edge.listener.recognizers.cloud import CloudRecognizer


def groq_recognizer(settings: Settings) -> CloudRecognizer | None:
    """None without a key."""
    groq = settings.groq
    if groq.api_key is None:
        return None
    client = groq_client(groq.api_key.reveal(), groq.base_url)
    return CloudRecognizer("groq", client, settings.listener.recognizer.groq_model, verbose=True)


def openai_recognizer(settings: Settings) -> CloudRecognizer | None:
    """None without a key, unless another address than OpenAI's own is set: that server may need none."""
    cloud = settings.openai
    if cloud.api_key is None and not is_own_server(cloud):
        return None
    client = openai_client(cloud.api_key.reveal() if cloud.api_key else "", cloud.base_url)
    return CloudRecognizer("openai", client, settings.listener.recognizer.openai_model, verbose=False)
