"""Which detector of speech a setting names."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from edge.config.hearing import VadSettings
from edge.listener.vad import Vad


def make_vad(settings: VadSettings) -> Vad:
    """The detector, loaded and ready.

    Raises:
        VadError: its package or model is absent.
    """
    if settings.engine == "webrtc":
        from edge.listener.vad_webrtc import WebrtcVad

        return WebrtcVad()
    from edge.listener.vad_silero import SileroVad

    # On a GPU a frame of 32 ms takes longer to get there than to be computed here.
    return SileroVad(device="cpu")


async def load_vad(settings: VadSettings) -> Vad:
    """Make the detector in a thread: to load its model takes long, and the event loop goes on."""
    thread = ThreadPoolExecutor(1, thread_name_prefix="loading the VAD")
    try:
        return await asyncio.get_running_loop().run_in_executor(thread, make_vad, settings)
    finally:
        thread.shutdown(wait=False)
