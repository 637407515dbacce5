"""The command line ``shuttle-guide``."""

from edge.cli.entry import program
from edge.cli.main import main

__all__ = ["main", "program"]
