"""The command line ``shuttle-guide``."""

from edge.cli.entry import program

__all__ = ["program"]
