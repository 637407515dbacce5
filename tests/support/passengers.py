"""Passengers of the bench: sentences of ``tests/own_sentences``, by the most human voices that are here.

Nobody's recordings: the sentences would have to be spoken for us. Of espeak-ng recognizers make nonsense in
Russian, so it speaks Indonesian alone, where there is no other, and that decides nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.listener.segment import SAMPLE_RATE
from edge.messages import Language
from edge.sound.wav_file import read_wav
from tests.support.measured_rows import is_held_out, read_rows
from tests.support.real_models import FOLDER as MODELS

SENTENCES = Path(__file__).parents[1] / "own_sentences"
KEPT = Path(__file__).parents[2] / "out/passengers"
"""What was spoken once; `make clean` removes it."""
TIMEOUT_S = 300
RHVOICE_ROOT = os.environ.get("RHVOICE_ROOT", "")
"""A root file system that has RHVoice, where this machine has none: it is run in there (as root)."""
PAD_S = 0.3

Samples = NDArray[np.int16]
"""Shape (n,), mono, 16 kHz."""


class Sentence(NamedTuple):
    """What is said, and what the guide shall do about it."""

    language: Language
    text: str
    meant: str
    kind: str

    @property
    def held_out(self) -> bool:
        return is_held_out(self.text)


class Passenger(NamedTuple):
    """A voice of a program that is here."""

    engine: Literal["festival", "rhvoice", "piper", "flite", "espeak-ng"]
    voice: str


_ALL: dict[Language, tuple[Passenger, ...]] = {
    "ru": (
        Passenger("festival", "msu_ru_nsh_clunits"),
        Passenger("rhvoice", "anna"),
        Passenger("rhvoice", "aleksandr"),
        Passenger("rhvoice", "elena"),
    ),
    "en": (
        Passenger("piper", "en_US-joe-medium"),
        Passenger("rhvoice", "slt"),
        Passenger("rhvoice", "alan"),
        Passenger("flite", "rms"),
    ),
    "id": (Passenger("espeak-ng", "id"),),
}


def sentences(language: Language) -> list[Sentence]:
    rows = read_rows(SENTENCES / f"{language}.tsv")
    return [Sentence(language, row["sentence"], row["meant"], row["class"]) for row in rows]


def passengers(language: Language) -> list[Passenger]:
    """Those whose voices are here."""
    return [one for one in _ALL[language] if _is_here(one)]


def absent(language: Language) -> list[Passenger]:
    return [one for one in _ALL[language] if not _is_here(one)]


def say(passenger: Passenger, text: str) -> Samples:
    """A sentence between two short silences; kept, so that a voice says it once."""
    key = hashlib.sha256(f"{passenger.engine} {passenger.voice} {text}".encode()).hexdigest()[:20]
    kept = KEPT / f"{key}.npy"
    if not kept.is_file():
        KEPT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="passengers-", dir=_work_folder(passenger)) as folder:
            target = Path(folder) / "spoken.wav"
            _speak(passenger, text, target)
            spoken = read_wav(target, SAMPLE_RATE)
        unfinished = kept.with_suffix(f".{os.getpid()}.npy")
        np.save(unfinished, np.pad(spoken, round(PAD_S * SAMPLE_RATE)))
        unfinished.rename(kept)  # another run may want it now
    samples: Samples = np.load(kept)
    return samples


def _is_here(passenger: Passenger) -> bool:
    match passenger.engine:
        case "festival":
            return (
                shutil.which("text2wave") is not None and Path("/usr/share/festival/voices/russian").is_dir()
            )
        case "rhvoice":
            folder = Path(RHVOICE_ROOT or "/") / "usr/share/RHVoice/voices" / passenger.voice
            return folder.is_dir() and (bool(RHVOICE_ROOT) or shutil.which("RHVoice-test") is not None)
        case "piper":
            return _piper_voice(passenger).is_file()
    return shutil.which(passenger.engine) is not None


def _piper_voice(passenger: Passenger) -> Path:
    return MODELS / "piper" / passenger.voice / f"{passenger.voice}.onnx"


def _work_folder(passenger: Passenger) -> str | None:
    return f"{RHVOICE_ROOT}/tmp" if passenger.engine == "rhvoice" and RHVOICE_ROOT else None


def _speak(passenger: Passenger, text: str, target: Path) -> None:
    voice = passenger.voice
    command: Sequence[str]
    match passenger.engine:
        case "festival":
            command = ("text2wave", "-eval", f"(voice_{voice})", "-o", str(target))
        case "rhvoice" if RHVOICE_ROOT:
            inside = f"/{target.relative_to(RHVOICE_ROOT)}"
            command = ("chroot", RHVOICE_ROOT, "RHVoice-test", "-p", voice, "-o", inside)
        case "rhvoice":
            command = ("RHVoice-test", "-p", voice, "-o", str(target))
        case "piper":
            model = str(_piper_voice(passenger))
            command = (sys.executable, "-m", "piper", "-m", model, "-f", str(target))
        case "flite":
            command = ("flite", "-voice", voice, "-o", str(target), "-t", text)
        case "espeak-ng":
            command = ("espeak-ng", "-v", voice, "-w", str(target), "--stdin")
    subprocess.run(
        command, input=text.encode(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        check=True, timeout=TIMEOUT_S,
    )  # fmt: skip
