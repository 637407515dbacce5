"""Which input a setting names."""

from __future__ import annotations

from edge.listener.input import AudioInput, NullInput


def make_input(spec: str) -> AudioInput:
    """The input that the setting ``listener.input`` names; nothing is opened yet.

    Args:
        spec: ``default``, a PortAudio device's name or part of it, ``wav:PATH``, ``pipe:PATH`` (``-`` is
            the standard input; raw signed 16-bit little-endian mono at 16 kHz) or ``null``.

    Raises:
        ValueError: ``wav:`` or ``pipe:`` without a path.
    """
    if spec == "null":
        return NullInput()
    kind, colon, path = spec.partition(":")
    if colon and kind in ("wav", "pipe"):
        if not (path := path.strip()):
            raise ValueError(f"listener.input = {spec!r}: expected {kind}:PATH with the file to read")
        if kind == "wav":
            from edge.listener.input_file import WavInput

            return WavInput(path)
        from edge.listener.input_pipe import PipeInput

        return PipeInput(path)
    # Imported only where it is used: loading it starts PortAudio.
    from edge.listener.input_portaudio import PortAudioInput

    return PortAudioInput(spec)
