"""``shuttle-guide run NAME``: one process, as a systemd unit runs it."""

from __future__ import annotations

import argparse
import importlib
import os
from pathlib import Path

from edge import config, lifecycle
from edge.bus.topology import CLASSES
from edge.cli.arguments import RECOGNIZER_SERVER
from edge.config import ConfigError, Settings


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Run one process until it ends.

    Raises:
        ConfigError: a setting, or the file of variables, is of no use.
    """
    if options.name == RECOGNIZER_SERVER:
        return _run_recognizer_server(options, settings)
    if options.env_file is not None:
        raise ConfigError(f"config: --env-file is for {RECOGNIZER_SERVER} alone")
    module, _, name = CLASSES[options.name].rpartition(".")
    return lifecycle.run(options.name, getattr(importlib.import_module(module), name), settings)


def _run_recognizer_server(options: argparse.Namespace, settings: Settings) -> int:
    from edge.recognizer_server.env_file import read_env_file
    from edge.recognizer_server.main import run as serve

    if options.env_file is not None:
        settings = config.load({**read_env_file(Path(options.env_file)), **os.environ}, dotenv=None)
    return serve(settings)


def refuse(options: argparse.Namespace, error: ConfigError, settings: Settings | None) -> int:
    """Say why it does not start; ``settings`` None: none of them could be read."""
    lifecycle.refuse(options.name, error, settings)
    return os.EX_CONFIG
