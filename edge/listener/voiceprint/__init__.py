"""Whose voice is it? Compares utterances with the enrolled voices: the guide's own and the driver's."""

from edge.listener.voiceprint.enrolled import EnrolledVoice, EnrolledVoices, Role
from edge.listener.voiceprint.known_voices import KnownVoice, KnownVoices
from edge.listener.voiceprint.model import EmbeddingModel, NoModelError, VoiceprintError, load_model
from edge.listener.voiceprint.verifier import Verifier

__all__ = [
    "EmbeddingModel",
    "EnrolledVoice",
    "EnrolledVoices",
    "KnownVoice",
    "KnownVoices",
    "NoModelError",
    "Role",
    "Verifier",
    "VoiceprintError",
    "load_model",
]
