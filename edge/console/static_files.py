"""Scripts, styles and the icon of the pages, in memory: no page waits for a disk or a thread."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

from starlette.responses import Response

FOLDER = Path(__file__).parent / "static"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOR_GOOD = "max-age=31536000, immutable"


class StaticFile(NamedTuple):
    """One file, and the version that its address names."""

    content: bytes
    media_type: str
    version: str

    def response(self, version: str | None) -> Response:
        """A browser keeps what it has asked for by this version: another content has another address."""
        kept = FOR_GOOD if version == self.version else "no-cache"
        return Response(self.content, media_type=self.media_type, headers={"cache-control": kept})


def _read(path: Path) -> StaticFile:
    content = path.read_bytes()
    return StaticFile(content, TYPES[path.suffix], hashlib.sha256(content).hexdigest()[:12])


STATIC = {path.name: _read(path) for path in sorted(FOLDER.iterdir()) if path.suffix in TYPES}
"""Name → file."""


def address_of(name: str) -> str:
    """Where pages find it."""
    return f"/static/{name}?v={STATIC[name].version}"
