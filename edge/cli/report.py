"""``shuttle-guide report FILE``: what support needs, in one archive."""

from __future__ import annotations

import argparse
import asyncio
import io
import tarfile
import time
from pathlib import Path

from edge.cli.new_file import MODE, open_new
from edge.cli.show import show_lines
from edge.config import Settings
from edge.doctor.report import Part, gather
from edge.operator_error import OperatorError
from edge.vitals.tree import Tree

LISTING = "contents.txt"


def report(options: argparse.Namespace, settings: Settings) -> int:
    """Prints what is inside and what could not be had. A file that is there already is left as it is."""
    path = Path(options.file)
    file = open_new(path)  # before the work, which takes a while
    try:
        with file:
            lacking: list[str] = []
            parts = asyncio.run(gather(settings, Tree(), lacking.append))
            listing = [f"{len(part.content):>9} bytes  {part.name}" for part in parts]
            listing += [f"not had: {line}" for line in lacking]
            file.write(_packed([Part(LISTING, "\n".join([*listing, ""]).encode()), *parts], path.name))
    except OSError as error:
        path.unlink(missing_ok=True)
        raise OperatorError(f"cannot write {path}: {error.strerror or error}") from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    show_lines(
        [
            *((f"{len(part.content):>9} bytes", part.name) for part in parts),
            *(("not had", line) for line in lacking),
            ("packed", f"{path}: no keys, no passenger's words; look into it before you send it"),
        ]
    )
    return 0


def _packed(parts: list[Part], name: str) -> bytes:
    """A tar.gz with one folder, named like the file."""
    folder = name.removesuffix(".gz").removesuffix(".tgz").removesuffix(".tar")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for part in parts:
            entry = tarfile.TarInfo(f"{folder}/{part.name}")
            entry.size, entry.mode, entry.mtime = len(part.content), MODE, int(time.time())
            archive.addfile(entry, io.BytesIO(part.content))
    return packed.getvalue()
