"""The command line ``shuttle-guide``."""

from edge.cli.main import main

__all__ = ["main"]
