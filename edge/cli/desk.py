"""``shuttle-guide desk``: dictate, correct, copy and send a text, in a terminal."""

from __future__ import annotations

import argparse
import logging
import sys

from edge.cli.listen_to_server import chosen_input, chosen_language
from edge.config import Settings
from edge.dictation.server_address import access_of
from edge.operator_error import OperatorError


def desk(options: argparse.Namespace, settings: Settings) -> int:
    """Exit code 0: it was left; its text goes to the standard output. 1: it cannot be, with the reason."""
    try:
        from edge.desk.app import DeskApp
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "textual":
            raise
        raise OperatorError("textual is not installed: pip install 'shuttle-guide[desk]'") from error
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise OperatorError("expected a terminal: over SSH, ask for one with ssh -t")
    source, access = chosen_input(options.input, settings), access_of(settings.desk, options.server)
    logging.disable()  # what is wrong stands on the status line
    app = DeskApp(
        settings, source, access, auto=options.auto, language=chosen_language(options.language, settings)
    )
    text = app.run()
    if text:
        print(text)
    return app.return_code or 0
