"""``shuttle-guide record``: write a drive down, to be played again by ``shuttle-guide replay``."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from pathlib import Path
from typing import BinaryIO

from edge.cli.new_file import open_new
from edge.config import Settings
from edge.drive.lines import encoded
from edge.drive.recorder import Recorder
from edge.operator_error import OperatorError

CONNECT_S = 5.0


def record(options: argparse.Namespace, settings: Settings) -> int:
    """Exit code 0: recorded until the time was over or Ctrl-C came; 1: it cannot be, with the reason."""
    if options.utterances and not settings.telemetry.answer_text:
        raise OperatorError(
            "--utterances keeps what passengers say, and telemetry.answer_text is off; "
            "switch that on first (docs/privacy.md says what it means), or record without"
        )
    try:
        with open_new(Path(options.file)) as file, contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_record(file, options, settings))
    except OSError as error:
        raise OperatorError(f"{options.file}: {error.strerror}; what came before is in it") from error
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
