"""Which detector of speech a setting names."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

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


async def load_vad(options: VadOptions) -> Vad:
    """The same, in a thread: CUDA takes long to start, or hangs, and the event loop goes on."""
    thread = ThreadPoolExecutor(1, thread_name_prefix="loading the VAD")
    try:
        return await asyncio.get_running_loop().run_in_executor(thread, make_vad, options)
    finally:
        thread.shutdown(wait=False)
