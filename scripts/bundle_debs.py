"""Debian packages for a bundle: fetched for the shuttle's suite and architecture, whatever machine this is."""

from __future__ import annotations

import argparse
from pathlib import Path


def fetch_debs(folder: Path, suite: str, arch: str) -> None:
    raise SystemExit(1)
