"""What a command that cannot do its work tells a person."""

from __future__ import annotations


class OperatorError(Exception):
    """Something cannot be done; the text is one line for the operator."""
