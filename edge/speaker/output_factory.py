"""Which output a setting names."""

from __future__ import annotations

from edge.config import ConfigError, SpeakerSettings
from edge.speaker.output import NullOutput, Output


def make_output(spec: str, sample_rate: int, buffer_s: float) -> Output:
    """The output that the setting ``speaker.output`` names; nothing is opened yet.

    Args:
        spec: ``default``, a PortAudio device's name or part of it, ``wav:PATH`` or ``null``.
        sample_rate: of the blocks that will be written, in Hz.
        buffer_s: sound that a PortAudio device holds ahead.

    Raises:
        ValueError: ``wav:`` without a path.
    """
    if spec == "null":
        return NullOutput(sample_rate)
    if spec.startswith("wav:"):
        from edge.speaker.output_file import WavOutput

        if not (path := spec.removeprefix("wav:").strip()):
            raise ValueError(f"speaker.output = {spec!r}: expected wav:PATH with the file to write")
        return WavOutput(path, sample_rate)
    # Imported only where it is used: loading it starts PortAudio.
    from edge.speaker.output_portaudio import PortAudioOutput

    return PortAudioOutput(spec, sample_rate, buffer_s)


def configured_output(settings: SpeakerSettings) -> Output:
    """The same of the settings. Raises ConfigError."""
    try:
        return make_output(settings.output, settings.sample_rate, settings.buffer_ms / 1000)
    except ValueError as error:
        raise ConfigError(f"config: {error}") from error
