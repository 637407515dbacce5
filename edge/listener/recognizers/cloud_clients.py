"""Builds the cloud recognizers. SDKs are imported only when they are used."""

from __future__ import annotations

from edge.clouds.clients import groq_client, is_own_server, openai_client
from edge.listener.recognizers.cloud import CloudRecognizer
from edge.listener.recognizers.options import RecognizerOptions


def groq_recognizer(options: RecognizerOptions) -> CloudRecognizer | None:
    """None without a key."""
    settings = options.groq
    if settings.api_key is None:
        return None
    key = settings.api_key.reveal()
    client = groq_client(key, settings.base_url)
    return CloudRecognizer("groq", client, options.groq_model, guards=options.guards, verbose=True)


def openai_recognizer(options: RecognizerOptions) -> CloudRecognizer | None:
    """None without a key, unless another address than OpenAI's own is set: that server may need none."""
    settings = options.openai
    if settings.api_key is None and not is_own_server(settings):
        return None
    key = settings.api_key.reveal() if settings.api_key else ""
    client = openai_client(key, settings.base_url)
    return CloudRecognizer("openai", client, options.openai_model, guards=options.guards, verbose=False)
