"""Recognizers: segments in, transcripts out, on the same ladder as models and voices."""

from edge.listener.recognizers.factory import make_recognition_ladder, make_recognizers
from edge.listener.recognizers.ladder import RecognitionLadder
from edge.listener.recognizers.queue import Recognition, RecognitionQueue
from edge.listener.recognizers.recognizer import Recognizer

__all__ = [
    "Recognition",
    "RecognitionLadder",
    "RecognitionQueue",
    "Recognizer",
    "make_recognition_ladder",
    "make_recognizers",
]
