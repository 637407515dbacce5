"""Builds the cloud recognizers. SDKs are imported only when they are used."""

from __future__ import annotations

from edge.clouds.clients import client_of
from edge.config import Service
from edge.listener.recognizers.cloud import CloudRecognizer


def cloud_recognizer(name: str, service: Service) -> CloudRecognizer | None:
    """None where the service does not hear, or cannot be asked."""
    if not service.transcription_model or not service.can_be_asked:
        return None
    verbose = service.kind == "groq"
    return CloudRecognizer(name, client_of(service), service.transcription_model, verbose=verbose)
