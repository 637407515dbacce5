"""Which detector of speech a setting names."""

from __future__ import annotations

from edge.listener.vad import Vad, VadOptions


def make_vad(options: VadOptions) -> Vad:
    """The detector, loaded and ready.

    Raises:
        VadError: its package or model is absent.
    """
    if options.engine == "webrtc":
        from edge.listener.vad_webrtc import WebrtcVad

        return WebrtcVad(options.aggressiveness)
    from edge.listener.vad_silero import SileroVad

    return SileroVad(device=options.device)
