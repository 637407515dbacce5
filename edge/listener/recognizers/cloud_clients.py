"""Builds the cloud recognizers. SDKs are imported only when they are used."""

from __future__ import annotations

from edge.commentator.models.chat import CONNECT_TIMEOUT_S, REQUEST_TIMEOUT_S
from edge.commentator.models.clients import CONNECTIONS, NO_KEY
from edge.listener.recognizers.cloud import CloudRecognizer
from edge.listener.recognizers.options import RecognizerOptions


def groq_recognizer(options: RecognizerOptions) -> CloudRecognizer | None:
    """None without a key."""
    settings = options.groq
    if settings.api_key is None:
        return None
    import groq
    import httpx

    key = settings.api_key.reveal()
    client = groq.AsyncGroq(
        api_key=key,
        base_url=settings.base_url,
        max_retries=0,
        timeout=groq.Timeout(REQUEST_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
        http_client=groq.DefaultAsyncHttpxClient(limits=httpx.Limits(**CONNECTIONS)),
    )
    return CloudRecognizer(
        "groq", client, options.groq_model, guards=options.guards, secret=key, verbose=True
    )


def openai_recognizer(options: RecognizerOptions) -> CloudRecognizer | None:
    """None without a key, unless another address than OpenAI's own is set: that server may need none."""
    settings = options.openai
    custom = settings.base_url != type(settings)().base_url
    if settings.api_key is None and not custom:
        return None
    import httpx2
    import openai

    key = settings.api_key.reveal() if settings.api_key else NO_KEY
    client = openai.AsyncOpenAI(
        api_key=key,
        base_url=settings.base_url,
        max_retries=0,
        timeout=openai.Timeout(REQUEST_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
        http_client=openai.DefaultAsyncHttpxClient(limits=httpx2.Limits(**CONNECTIONS)),
    )
    return CloudRecognizer(
        "openai", client, options.openai_model, guards=options.guards, secret=key, verbose=False
    )
