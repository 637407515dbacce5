"""Builds the cloud recognizers. SDKs are imported only when they are used."""

from __future__ import annotations

from edge.clouds.clients import client_of
from edge.config import Service
from edge.listener.recognizers.cloud import CloudRecognizer
from edge.spending.lines import Note, not_counted


def cloud_recognizer(name: str, service: Service, note: Note = not_counted) -> CloudRecognizer | None:
    """The recognizer of a service; None where it does not hear, or cannot be asked.

    Args:
        note: see ``CloudRecognizer``.
    """
    if not service.transcription_model or not service.can_be_asked:
        return None
    verbose = service.kind == "groq"
    client = client_of(service)
    return CloudRecognizer(name, client, service.transcription_model, verbose=verbose, note=note)
