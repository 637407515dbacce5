"""Speech over a plain HTTP response: PCM that arrives piece by piece, with the faults that can befall it."""

from __future__ import annotations

import time
from typing import NoReturn

from aiohttp import web

from bench.clouds.faults import Fault, FaultKind
from bench.clouds.listener import cut
from bench.clouds.pacing import Pacer, Weather, hang
from bench.clouds.record import ServiceOutput
from bench.clouds.tones import PcmSamples

PIECE_MS = 100.0
LARGE_BYTES = 64 * 1024


async def write_without_end(response: web.StreamResponse, part: bytes) -> NoReturn:
    """Write ``part`` again and again, as fast as the client takes it, until it leaves."""
    while True:
        await response.write(part)


async def answer_without_end(request: web.Request, begin: bytes, part: bytes) -> NoReturn:
    """Answer with JSON that begins like this and never ends."""
    response = web.StreamResponse()
    response.content_type = "application/json"
    await response.prepare(request)
    await response.write(begin)
    await write_without_end(response, part * (LARGE_BYTES // len(part)))


async def stream_pcm(
    request: web.Request,
    samples: PcmSamples,
    rate: int,
    weather: Weather,
    fault: Fault | None,
    output: ServiceOutput,
    *,
    content_type: str,
    header: bytes = b"",
) -> web.StreamResponse:
    """Answer with ``header`` and then ``samples`` (int16 mono at ``rate``), as fast as the profile says."""
    kind = fault.kind if fault else None
    latency_s = weather.latency_s(weather.profile.voice_first_byte_s)
    pacer = Pacer(output.requested_mono + latency_s, weather)
    if kind == FaultKind.ZERO_AUDIO:
        samples = samples[:0]
    strikes_at = None
    if fault and kind in (FaultKind.HANG_MID_STREAM, FaultKind.CUT_MID_STREAM, FaultKind.GARBAGE):
        strikes_at = min(round(fault.after_audio_ms / 1000 * rate), len(samples) // 2)
    speedup = fault.audio_speedup if fault and kind == FaultKind.SLOW else weather.profile.audio_speedup
    response = web.StreamResponse()
    response.content_type = content_type
    await pacer.release(0.0)
    await response.prepare(request)
    if kind == FaultKind.HANG_BEFORE_FIRST_AUDIO:
        await hang()
    if kind == FaultKind.GARBAGE and header:
        header = b"\x00" * len(header)
    await response.write(header)
    piece = round(PIECE_MS / 1000 * rate)
    end = len(samples) if strikes_at is None else strikes_at
    for start in range(0, end, piece):
        part = samples[start : min(start + piece, end)]
        await pacer.release(len(part) / rate / speedup)
        output.first_mono = output.first_mono or time.monotonic()
        await response.write(part.tobytes())
    if kind == FaultKind.HANG_MID_STREAM:
        await hang()
    if kind == FaultKind.CUT_MID_STREAM:
        await cut(request)
    if kind == FaultKind.NEVER_ENDS:
        await write_without_end(response, bytes(piece * 2))
    if kind == FaultKind.GARBAGE:
        # PCM has no form that could be broken, except that a sample has two bytes.
        await response.write(b"\x7f")
    return response
