"""Where the Piper voices lie that the settings name."""

from __future__ import annotations

from pathlib import Path

from edge.config import Settings
from edge.messages import Language


def piper_voices(settings: Settings) -> dict[Language, Path]:
    """Language → the voice's ``.onnx`` file; whether it is there is not looked at."""
    return {
        language: _voice_path(Path(settings.models_dir), named)
        for language, named in settings.piper.voices.items()
    }


def _voice_path(models_dir: Path, named: str) -> Path:
    """A bare name is one of the models folder; anything else is a path."""
    if named.endswith(".onnx") or "/" in named:
        return Path(named).expanduser()
    return models_dir / "piper" / named / f"{named}.onnx"
