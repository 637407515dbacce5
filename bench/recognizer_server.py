"""``python -m bench.recognizer_server``: how far the recognizer server's text is behind the voice.

Real sockets, real speech by flite, the real detector and endpointing, and an emulated engine of 0.05 × real
time, which says where in the sound the last sample lies that it was given. Lag: from when that sample was
sent until the text is there. Our share: the lag without the engine's own time. Clients and server share one
process, so what the clients cost is in the figures. ``--hours N``: one client for N hours of sound instead,
as fast as it is taken, with the memory after each.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np
import websockets
from msgspec import structs
from numpy.typing import NDArray

from bench.emulated_recognizer import REAL_TIME_FACTOR, EmulatedEngine, emulated_ladder, marked
from edge.config import Settings
from edge.listener.hearing_told import memory_mib
from edge.listener.segment import SAMPLE_RATE, RecognitionRequest, Transcript
from edge.nearest_rank import nearest_rank
from edge.recognizer_server.server import RecognizerServer
from edge.tasks import cancel_and_wait

CHUNK = 512
CLIENTS = 8
SENTENCES = (
    "Please bring the shuttle to the northern gate at ten o'clock.",
    "The road to the beach is closed today, take the other one.",
    "Passengers for the temple, your guide is waiting at the stop.",
    "Two more people are coming from the market.",
)
PAUSE_S = 1.2
HEADER = json.dumps({"sampleRate": SAMPLE_RATE}).encode()
STOPPED_WITHIN_S = 60.0


class Lags(NamedTuple):
    """How late texts came, in milliseconds."""

    total: list[float]
    ours: list[float]
    finals: list[float]
    """From the last sample that somebody spoke until the sentence is there."""


class LocatingEngine(EmulatedEngine):
    """Says where its last sample lies in the sounds that clients send, and how much it was given."""

    def __init__(self, name: str, sounds: Sequence[bytes], real_time_factor: float) -> None:
        super().__init__(name, real_time_factor)
        self._sounds = sounds

    def transcribe(self, request: RecognitionRequest, cancelled: threading.Event) -> Transcript:
        del cancelled
        began = time.monotonic()
        tail = request.samples[-CHUNK // 2 :].astype("<i2").tobytes()
        found = ((client, sound.find(tail)) for client, sound in enumerate(self._sounds))
        client, at = next(((client, at) for client, at in found if at >= 0), (-1, 0))
        given_s = len(request.samples) / SAMPLE_RATE
        time.sleep(max(0.0, self.real_time_factor * given_s - (time.monotonic() - began)))
        end = at // 2 + CHUNK // 2
        return Transcript(f"{client} {end} {len(request.samples)}", "en")


def voice(text: str) -> NDArray[np.int16]:
    """Shape (n,), 16 kHz."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        subprocess.run(["flite", "-voice", "slt", "-t", text, "-o", str(path)], check=True)
        with wave.open(str(path)) as wav:
            return np.frombuffer(wav.readframes(wav.getnframes()), "<i2").astype(np.int16)


def dictation(client: int) -> NDArray[np.int16]:
    """What one client says, with a mark of its own in the voice and noise of its own between."""
    rng = np.random.default_rng(client)
    parts = []
    for number in range(len(SENTENCES)):
        said = marked(voice(SENTENCES[(client + number) % len(SENTENCES)]), client)
        parts += [said, np.zeros(round(PAUSE_S * SAMPLE_RATE), np.int16)]
    sound = np.concatenate(parts)
    return (sound + rng.integers(-3, 4, len(sound))).astype(np.int16)


async def speak_in_real_time(
    server: RecognizerServer, client: int, sound: NDArray[np.int16], lags: Lags, wrong: list[str]
) -> None:
    """Dictate, and note how late each text is."""
    sent: dict[int, float] = {}
    heard = 0
    async with websockets.connect(f"ws://{server.data.address}/?client={client}") as socket:

        async def read() -> None:
            nonlocal heard
            async for message in socket:
                now = time.monotonic()
                told = json.loads(message)
                if told["type"] not in ("realtime", "fullSentence") or not told["text"]:
                    continue
                whose, end, given = map(int, told["text"].split())
                if whose != client:
                    wrong.append(told["text"])
                    continue
                late = (now - sent[(end - 1) // CHUNK]) * 1000
                if told["type"] == "fullSentence":
                    heard += 1
                    lags.finals.append(late)
                else:
                    lags.total.append(late)
                    lags.ours.append(late - REAL_TIME_FACTOR * given / SAMPLE_RATE * 1000)

        reading = asyncio.create_task(read())
        began = time.monotonic()
        for number, at in enumerate(range(0, len(sound) - CHUNK, CHUNK)):
            due = began + (at + CHUNK) / SAMPLE_RATE
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            sent[number] = time.monotonic()
            chunk = sound[at : at + CHUNK].astype("<i2").tobytes()
            await socket.send(struct.pack("<I", len(HEADER)) + HEADER + chunk)
        async with asyncio.timeout(30):
            while heard < len(SENTENCES):
                await asyncio.sleep(0.05)
        await cancel_and_wait(reading)


async def stop_reading(server: RecognizerServer, sound: NDArray[np.int16], dropped: list[float]) -> None:
    """A client that talks for ever, and never reads: not one byte is taken from the line."""
    reader, writer = await asyncio.open_connection(*server.data.address, limit=256)
    writer.write(
        b"GET /?client=stopped HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")
    cast("asyncio.Transport", writer.transport).pause_reading()
    began = time.monotonic()
    with contextlib.suppress(OSError):
        for at in range(0, 1 << 30, CHUNK):
            begin = at % (len(sound) - CHUNK)
            body = struct.pack("<I", len(HEADER)) + HEADER + sound[begin : begin + CHUNK].tobytes()
            mask = b"\0\0\0\0"
            writer.write(b"\x82\xfe" + struct.pack(">H", len(body)) + mask + body)
            await writer.drain()
            await asyncio.sleep(max(0.0, began + at / SAMPLE_RATE - time.monotonic()))
            if server.service.counters["let_go"]:
                break
    dropped.append(time.monotonic() - began)
    writer.transport.abort()


def settings() -> Settings:
    ours = Settings()
    recognizer = ours.listener.recognizer
    whisper = structs.replace(recognizer.whisper, interim_model="emulated")
    listener = structs.replace(ours.listener, recognizer=structs.replace(recognizer, whisper=whisper))
    server = structs.replace(
        ours.recognizer_server, control_port=0, data_port=0, max_clients=64, clients_per_address=64
    )
    return structs.replace(ours, listener=listener, recognizer_server=server)


async def round_of(clients: int, *, with_stopped: bool = False) -> tuple[Lags, str]:
    """Dictate with so many clients at once; what else there is to say of it comes as text."""
    sounds = [dictation(client) for client in range(clients)]
    raw = [sound.astype("<i2").tobytes() for sound in sounds]
    ours = settings()
    engines = [LocatingEngine(name, raw, REAL_TIME_FACTOR) for name in ("emulated", "emulated_interim")]
    server = RecognizerServer(ours, emulated_ladder(ours, *engines))
    await server.start()
    began, busy = time.monotonic(), time.process_time()
    lags, wrong, dropped = Lags([], [], []), list[str](), list[float]()
    stopped = asyncio.create_task(stop_reading(server, sounds[0], dropped)) if with_stopped else None
    try:
        speaking = (
            speak_in_real_time(server, client, sound, lags, wrong) for client, sound in enumerate(sounds)
        )
        await asyncio.gather(*speaking)
        if stopped is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(stopped), STOPPED_WITHIN_S)
            stopped.cancel()
    finally:
        share = (time.process_time() - busy) / (time.monotonic() - began)
        counters = server.service.counters
        await server.close()
    sent = sum((len(sound) - CHUNK + CHUNK - 1) // CHUNK for sound in sounds)
    lost = f"frames {counters['frames']} of {sent}, " if stopped is None else ""
    fate = f"the stopped one was let go after {dropped[0]:.0f} s, " if dropped else ""
    told = (
        f"{lost}{fate}{len(lags.finals)} sentences of {clients * len(SENTENCES)}, {len(wrong)} to another; "
    )
    told += f"{share * 100:.0f} % of a core"
    return lags, told


def line(name: str, lags: Lags, told: str) -> str:
    def shown(values: list[float]) -> str:
        ranked = sorted(values)
        return f"{statistics.median(ranked):5.0f} / {nearest_rank(ranked, 95):5.0f} / {ranked[-1]:5.0f}"

    return (
        f"{name:<28} interim {shown(lags.total)}   our share {shown(lags.ours)}   "
        f"sentence {shown(lags.finals)}   ms (median / p95 / worst); {told}"
    )


async def hours_of_sound(hours: float) -> None:
    """One client, as fast as it is taken."""
    sound = dictation(0).astype("<i2")
    ours = settings()
    server = RecognizerServer(
        ours, emulated_ladder(ours, EmulatedEngine("final", 0.0), EmulatedEngine("interim", 0.0))
    )
    await server.start()
    began, sentences, marks = time.monotonic(), 0, []
    async with websockets.connect(f"ws://{server.data.address}/") as socket:

        async def read() -> None:
            nonlocal sentences
            async for message in socket:
                sentences += json.loads(message)["type"] == "fullSentence"

        reading = asyncio.create_task(read())
        samples, step = 0, 8 * CHUNK
        head = struct.pack("<I", len(HEADER)) + HEADER
        next_mark = 0.0
        while samples < hours * 3600 * SAMPLE_RATE:
            if samples >= next_mark * 3600 * SAMPLE_RATE:
                marks.append(memory_mib())
                print(f"{next_mark:4.1f} h of sound: {marks[-1]} MiB, {sentences} sentences", flush=True)
                next_mark += 0.5
            for at in range(0, len(sound), step):
                await socket.send(head + sound[at : at + step].tobytes())
            samples += len(sound)
        said = samples // len(sound) * len(SENTENCES)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(30):
                while sentences < said:
                    await asyncio.sleep(0.1)
        await cancel_and_wait(reading)
    await server.close()
    print(
        f"{hours:g} h of sound in {time.monotonic() - began:.0f} s; {sentences} sentences of "
        f"{said}; memory {marks[1]} MiB after half an hour, "
        f"{memory_mib()} MiB at the end"
    )


async def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.recognizer_server", description=__doc__)
    parser.add_argument("--hours", type=float, help="of one client's sound, in compressed time")
    options = parser.parse_args()
    if options.hours:
        await hours_of_sound(options.hours)
        return
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", file=sys.stderr)
    for name, clients, with_stopped in (
        ("one client", 1, False),
        (f"{CLIENTS} clients", CLIENTS, False),
        (f"{CLIENTS} clients, and one stopped", CLIENTS, True),
    ):
        lags, told = await round_of(clients, with_stopped=with_stopped)
        print(line(name, lags, told), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
