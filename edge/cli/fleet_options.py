"""Reads the options of ``shuttle-guide fleet``: who is expected, texts by language, a moment."""

from __future__ import annotations

import argparse
import contextlib
from datetime import datetime
from pathlib import Path

from edge.config.fleet import is_fleet_word
from edge.fleet.commands import NOT_BEFORE_MAX_S
from edge.fleet.desired_folder import DesiredFolder
from edge.foreign_numbers import decimal_number
from edge.operator_error import OperatorError


def expected_of(text: str | None) -> list[str]:
    """Shuttles that are to answer, of ids or of a folder that has a file for each. Raises OperatorError."""
    if text is None:
        return []
    with contextlib.suppress(OSError):  # a list of ids may be longer than a path can be
        if text and Path(text).is_dir():
            return DesiredFolder(Path(text)).shuttles
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names or [text]:
        if not name.strip(" ,") or not is_fleet_word(name):
            raise OperatorError(f"--expect: expected ids of shuttles or a folder, got {name!r}")
    return sorted(set(names))


def texts_of(options: argparse.Namespace) -> dict[str, str] | None:
    """Language → text, where they were given instead of one text. Raises OperatorError."""
    if (options.text is None) == (options.texts is None):
        raise OperatorError("expected either a text or --texts")
    if options.texts is None:
        return None
    pairs = [text.partition("=") for text in options.texts]
    if not all(language and sign and words for language, sign, words in pairs) or options.language:
        raise OperatorError("--texts: expected LANGUAGE=TEXT for each, and no --language")
    return {language: words for language, _, words in pairs}


def moment(text: str | None, now_at: float) -> float | None:
    """Unix seconds of what is so many seconds ahead, or a time by ISO 8601. Raises OperatorError."""
    if text is None:
        return None
    try:
        ahead_s = decimal_number(text)
        at = datetime.fromisoformat(text).timestamp() if ahead_s is None else now_at + ahead_s
        if at - now_at > NOT_BEFORE_MAX_S:
            raise ValueError
    except (ValueError, OverflowError, OSError) as error:
        wanted = "seconds from now on, or a time like 2026-12-01T08:00, within 7 days"
        raise OperatorError(f"--not-before: expected {wanted}, got {text!r}") from error
    return at
