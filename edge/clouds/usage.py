"""The tokens that a service has counted for a reply."""

from __future__ import annotations

from typing import Any, NamedTuple

from edge.clouds.json_answer import field
from edge.foreign_numbers import finite

MOST_TOKENS = 10_000_000
"""A reply's limit. A service that counts more has not counted."""


class Usage(NamedTuple):
    """Tokens that a service counted; 0: it did not count, or there were none."""

    tokens_in: int = 0
    tokens_out: int = 0


def usage_of(counted: Any) -> Usage:
    """What the ``usage`` of a reply says."""
    return Usage(_tokens(counted, "prompt_tokens"), _tokens(counted, "completion_tokens"))


def _tokens(counted: Any, name: str) -> int:
    tokens = finite(field(counted, name))
    return int(tokens) if tokens is not None and 0 < tokens <= MOST_TOKENS else 0
