"""``python -m bench.clouds``: the emulated clouds in a process of their own."""

from __future__ import annotations

import argparse
import asyncio
import signal

from bench.clouds.profile import PROFILES
from bench.clouds.server import CloudEmulator


async def serve(profile: str, port: int) -> None:
    """Print the environment that leads to the clouds, one KEY=value a line; serve until a signal comes."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with CloudEmulator(profile, port=port) as clouds:
        for name, value in clouds.env().items():
            print(f"{name}={value}")
        print(f"EMULATED_CLOUDS_CONTROL_URL={clouds.control_url}", flush=True)
        await stopped.wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.clouds", description=__doc__)
    parser.add_argument("--profile", choices=sorted(PROFILES), default="seed", help="latencies and faults")
    parser.add_argument("--port", type=int, default=0, help="first of four ports (default: any free ones)")
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.profile, arguments.port))


if __name__ == "__main__":
    main()
