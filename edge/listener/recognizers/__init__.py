"""Recognizers: segments in, transcripts out, on the same ladder as models and voices."""

from edge.listener.recognizers.factory import make_interim_recognizer, make_recognizers
from edge.listener.recognizers.ladder import RecognitionLadder
from edge.listener.recognizers.options import GuardLimits, RecognizerOptions, WhisperOptions
from edge.listener.recognizers.queue import Recognition, RecognitionQueue
from edge.listener.recognizers.recognizer import Recognizer

__all__ = [
    "GuardLimits",
    "Recognition",
    "RecognitionLadder",
    "RecognitionQueue",
    "Recognizer",
    "RecognizerOptions",
    "WhisperOptions",
    "make_interim_recognizer",
    "make_recognizers",
]
