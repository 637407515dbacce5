"""``shuttle-guide voices enroll|list|forget``: whom the listener knows by the voice."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.cli.rights import give_up_rights
from edge.cli.show import show_lines
from edge.config import Settings, state_dir_of
from edge.listener.input import InputEnded
from edge.listener.input_factory import make_input
from edge.listener.segment import SAMPLE_RATE
from edge.listener.vad_factory import make_vad
from edge.listener.voiceprint import (
    EmbeddingModel,
    EnrolledVoice,
    EnrolledVoices,
    VoiceprintError,
    load_model,
)
from edge.listener.voiceprint.enrolment import embedding_of, only_speech
from edge.operator_error import OperatorError
from edge.sound.samples import to_int16
from edge.sound.wav_file import read_wav, resampled

SOUND_GROUPS = ("audio",)
"""As the listener's unit is in: for the microphone, and for what voices are heard through."""
PATIENCE_S = 5.0
"""Longer than asked for, a microphone is not waited for."""
Embeddings = dict[str, list[float]]


def voices(options: argparse.Namespace, settings: Settings) -> int:
    """Exit code 0: done; 1: it could not be done, with the reason."""
    folder = state_dir_of(settings, "listener")
    enrolled = EnrolledVoices(folder)
    try:
        # Recordings are the caller's own; whatever comes after them is done with the listener's rights.
        wav = options.wav if options.action == "enroll" else None
        recordings = {path: read_wav(Path(path), SAMPLE_RATE) for path in wav or ()}
        give_up_rights(folder, SOUND_GROUPS)
        match options.action:
            case "enroll":
                return _enroll(options, settings, enrolled, recordings)
            case "forget":
                return _forget(options.name, enrolled)
            case _:
                return _list(settings, enrolled)
    except ValueError as error:
        raise OperatorError(str(error)) from error


def _enroll(
    options: argparse.Namespace,
    settings: Settings,
    enrolled: EnrolledVoices,
    recordings: dict[str, NDArray[np.int16]],
) -> int:
    enrolled.path_of(options.name)  # before anything is paid for
    model = load_model(settings)
    if options.guide:
        embeddings = asyncio.run(_guide_embeddings(settings, model))
    elif recordings:
        embeddings = {path: _embedding(model, sound, settings) for path, sound in recordings.items()}
    else:
        embeddings = {"microphone": _embedding(model, _record(settings, options.record), settings)}
    if not embeddings:
        raise OperatorError("no voice of the guide could be heard")
    path = enrolled.save(
        EnrolledVoice(
            name=options.name,
            role="guide" if options.guide else "driver",
            model=model.fingerprint,
            embeddings=embeddings,
        )
    )
    print(
        f"{options.name}: enrolled by {', '.join(embeddings)} ({path}); a running listener knows it at once"
    )
    return 0


async def _guide_embeddings(settings: Settings, model: EmbeddingModel) -> Embeddings:
    """Embeddings of each voice that can be heard now; the others are named."""
    from edge.cli.guide_voices import guide_samples

    embeddings: Embeddings = {}
    async for sample in guide_samples(settings, SAMPLE_RATE):
        try:
            if sample.error:
                raise VoiceprintError(sample.error)
            embeddings[sample.source] = embedding_of(model, sample.samples).tolist()
        except VoiceprintError as error:
            print(f"voices: without {sample.source}: {error}", file=sys.stderr)
    return embeddings


def _embedding(model: EmbeddingModel, samples: NDArray[np.int16], settings: Settings) -> list[float]:
    speech = only_speech(samples, make_vad(settings.listener.vad))
    embedding: list[float] = embedding_of(model, speech).tolist()
    return embedding


def _record(settings: Settings, seconds: float) -> NDArray[np.int16]:
    """Record from the listener's microphone, or from the default one where none is configured."""
    spec = settings.listener.input
    source = make_input("default" if spec == "null" else spec)
    source.open()
    blocks = [np.zeros(0, np.float32)]
    heard = 0
    try:
        print(f"voices: speak for {seconds:g} s …", file=sys.stderr)
        deadline = time.monotonic() + seconds + PATIENCE_S
        while heard < seconds * source.sample_rate and time.monotonic() < deadline:
            blocks.append(source.read())
            heard += len(blocks[-1])
    except InputEnded:
        pass
    finally:
        source.close()
    return resampled(to_int16(np.concatenate(blocks)), source.sample_rate, SAMPLE_RATE)


def _list(settings: Settings, enrolled: EnrolledVoices) -> int:
    known, troubles = enrolled.load()
    for trouble in troubles:
        print(f"voices: {trouble}", file=sys.stderr)
    try:
        fingerprint = load_model(settings).fingerprint
    except VoiceprintError as error:
        print(f"voices: nobody is told apart: {error}", file=sys.stderr)
        fingerprint = None
    print(f"{len(known)} enrolled voice(s)")
    show_lines(_told(voice, is_void=fingerprint not in (None, voice.model)) for voice in known)
    return 0


def _told(voice: EnrolledVoice, *, is_void: bool) -> tuple[str, str]:
    since = time.strftime("%Y-%m-%d %H:%M", time.localtime(voice.enrolled_at))
    told = f"{voice.name}: {voice.role} since {since}, heard from {', '.join(voice.embeddings)}"
    again = "\n→ another model is used now: enrol it anew" if is_void else ""
    return "void" if is_void else "known", f"{told}; model {voice.model}{again}"


def _forget(name: str, enrolled: EnrolledVoices) -> int:
    if not enrolled.forget(name):
        raise OperatorError(f"nobody is enrolled as {name!r}")
    print(f"{name}: forgotten")
    return 0
