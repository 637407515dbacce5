"""``python -m edge`` is ``shuttle-guide``."""

import sys

from edge.cli import program

if __name__ == "__main__":
    sys.exit(program())
