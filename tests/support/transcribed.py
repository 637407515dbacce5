"""What pocketsphinx understands, whatever it heard before."""

from __future__ import annotations

import threading

from edge.listener.recognizers.pocketsphinx import PocketsphinxEngine
from edge.listener.segment import RecognitionRequest, Segment


def transcribed(segment: Segment) -> str:
    """By a decoder of its own: one that has heard others is used to their levels."""
    engine = PocketsphinxEngine()
    engine.load()
    return engine.transcribe(RecognitionRequest(segment.samples, "en"), threading.Event()).text
