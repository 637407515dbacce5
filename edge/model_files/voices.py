"""Where the Piper voices lie that the settings name."""

from __future__ import annotations

from pathlib import Path

from edge.config import Settings
from edge.messages import Language

QUALITIES = ("high", "medium", "low", "x_low")
"""What the names of Piper's voices end with, best first."""


def piper_voices(settings: Settings) -> dict[Language, Path]:
    """Language → the voice's ``.onnx`` file; whether it is there is not looked at."""
    return {
        language: _voice_path(Path(settings.models_dir), named)
        for language, named in settings.piper.voices.items()
    }


def installed_piper_voice(settings: Settings, language: Language) -> str | None:
    """Name of the best Piper voice for a language in the guide's ``models_dir``; None: there is none."""
    folder = Path(settings.models_dir) / "piper"
    found = [
        path.stem
        for path in folder.glob(f"{language}_*/*.onnx")
        if path.stem == path.parent.name and Path(f"{path}.json").is_file()
    ]
    return min(found, key=lambda name: (_rank(name), name), default=None)


def _rank(name: str) -> int:
    quality = name.rpartition("-")[2]
    return QUALITIES.index(quality) if quality in QUALITIES else len(QUALITIES)


def _voice_path(models_dir: Path, named: str) -> Path:
    """A bare name is one of the models folder; anything else is a path."""
    if named.endswith(".onnx") or "/" in named:
        return Path(named).expanduser()
    return models_dir / "piper" / named / f"{named}.onnx"
