"""``shuttle-guide record``: write a drive down, to be played again by ``shuttle-guide replay``."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
from typing import BinaryIO

from edge.config import Settings
from edge.drive.lines import encoded
from edge.drive.recorder import Recorder
from edge.plain_file import open_only_plain

MODE = 0o600
CONNECT_S = 5.0


def record(options: argparse.Namespace, settings: Settings) -> int:
    """0: recorded until the time was over or Ctrl-C came; 1: it cannot be, with the reason."""
    if options.utterances and not settings.telemetry.answer_text:
        print(
            "record: --utterances keeps what passengers say, and telemetry.answer_text is off; "
            "switch that on first (docs/privacy.md says what it means), or record without",
            file=sys.stderr,
        )
        return 1
    try:
        descriptor = open_only_plain(options.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
    except OSError as error:
        print(f"record: {options.file}: {error.strerror}; expected the name of a new file", file=sys.stderr)
        return 1
    try:
        with os.fdopen(descriptor, "wb") as file, contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_record(file, options, settings))
    except OSError as error:
        print(f"record: {options.file}: {error.strerror}; what came before is in it", file=sys.stderr)
        return 1
    return 0


async def _record(file: BinaryIO, options: argparse.Namespace, settings: Settings) -> None:
    recorder = Recorder(settings, utterances=options.utterances)
    telling = asyncio.create_task(_tell_connection(recorder))
    count = 0
    try:
        async with asyncio.timeout(options.seconds), contextlib.aclosing(recorder.lines()) as lines:
            async for line in lines:
                file.write(encoded(line))
                file.flush()
                count += 1
    except TimeoutError:
        pass
    finally:
        telling.cancel()
        print(f"{count} lines in {options.file}")


async def _tell_connection(recorder: Recorder) -> None:
    try:
        async with asyncio.timeout(CONNECT_S):
            await recorder.connected.wait()
        print("recording; Ctrl-C ends it", flush=True)
    except TimeoutError:
        print(f"record: nothing comes over MQTT yet: {recorder.state}", file=sys.stderr)
