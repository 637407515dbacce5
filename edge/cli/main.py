"""Calls the command that the arguments name, and tells what stopped it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from edge import config, journal
from edge.cli.arguments import CommandFunction, make_parser
from edge.config import ConfigError, Settings
from edge.operator_error import OperatorError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (0 good, 1 failed, 2 wrong usage, 78 bad configuration)."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    name = "".join(given[:1])
    if given[:2] == ["bench", "asr"]:  # its options are of another kind than those of `bench`
        given[:2] = ["bench-asr"]
    options = make_parser().parse_args(given)
    # onnxruntime reports to its maker unless told not to; what is started from here inherits it.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    journal.be_discreet()
    command: CommandFunction = options.command
    settings: Settings | None = None
    try:
        # A unit's working directory may be anybody's.
        settings = config.load(dotenv=None) if name == "run" else config.load()
        return command(options, settings)
    except ConfigError as error:
        if name == "run":
            from edge.cli.run import refuse

            return refuse(options, error, settings)
        print(error, file=sys.stderr)
        return os.EX_CONFIG
    except (OperatorError, OSError) as error:
        if name == "run":
            raise
        print(f"{name}: {_told(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _told(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__
