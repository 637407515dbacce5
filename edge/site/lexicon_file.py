"""The lexicon in the site's folder, read anew when it changes."""

from __future__ import annotations

import logging
from pathlib import Path

from edge.config import ConfigError
from edge.site.lexicon import LARGEST_BYTES, Lexicon, LexiconError, parse_lexicon
from edge.text_file import read_text

log = logging.getLogger(__name__)

NAME = "lexicon.toml"


class LexiconFile:
    """What the file said when it was last good; without a folder or a file there is nothing to say.

    Args:
        site_dir: as the operator sets it. Raises ``ConfigError`` where it is no folder.
    """

    def __init__(self, site_dir: str | None) -> None:
        if site_dir and not Path(site_dir).is_dir():
            raise ConfigError(f"config: shuttle.site_dir = {site_dir!r}: expected a folder that exists")
        self._path = Path(site_dir) / NAME if site_dir else None
        self._seen: object = None
        self.lexicon = Lexicon()
        self.trouble = ""
        """Why the file as it is now cannot be used; empty: it can, or there is none."""
        self.refresh()

    def refresh(self) -> bool:
        """Read it where it has changed; returns whether anything is said otherwise now.

        What cannot be used gets one line in the journal, and the former one stays.
        """
        if self._path is None:
            return False
        former = self.lexicon
        try:
            status = self._path.lstat()
            state: object = (status.st_mtime_ns, status.st_size, status.st_ino)
        except FileNotFoundError:
            self._seen, self.lexicon, self.trouble = None, Lexicon(), ""
            return former.hash != ""
        except OSError as error:
            state = str(error)
        if state == self._seen:
            return False
        self._seen = state
        try:
            self.lexicon, self.trouble = parse_lexicon(read_text(self._path, LARGEST_BYTES)), ""
        except (LexiconError, OSError) as error:
            self.trouble = getattr(error, "strerror", None) or str(error)
            log.error("%s: %s; names are said as before, correct the file", self._path, self.trouble)
        return self.lexicon.hash != former.hash
