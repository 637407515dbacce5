"""RHVoice's voices on this machine, and the licence of each as Debian tells it."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from edge.config import Settings
from edge.messages import Language
from edge.plain_file import read_plain

VOICES = Path("usr/share/RHVoice/voices")
COPYRIGHT = Path("usr/share/doc")
PACKAGES: dict[Language, str] = {"ru": "rhvoice-russian", "en": "rhvoice-english"}
LARGEST_BYTES = 1024 * 1024
UNKNOWN = "not told"


class InstalledVoice(NamedTuple):
    """One voice that the settings name."""

    language: Language
    name: str
    there: bool
    licence: str
    """As ``CC-BY-NC-ND-4.0``; ``UNKNOWN`` where nothing tells it."""

    @property
    def package(self) -> str:
        """The Debian package that has it; empty: there is none for its language."""
        return PACKAGES.get(self.language, "")


def rhvoice_voices(settings: Settings, root: Path = Path("/")) -> Iterator[InstalledVoice]:
    """Yield the voices that the settings name, allowed or not.

    Args:
        root: of the file system.
    """
    for language, name in settings.rhvoice.voices.items():
        there = (root / VOICES / name.lower()).is_dir()
        yield InstalledVoice(language, name, there, _licence(root, language, name.lower()))


def _licence(root: Path, language: Language, name: str) -> str:
    """The licence by the package's ``copyright`` (Debian's DEP-5): the last paragraph that fits holds."""
    try:
        path = root / COPYRIGHT / PACKAGES.get(language, "") / "copyright"
        text = read_plain(path, LARGEST_BYTES).decode("utf-8", "replace")
    except OSError:
        return UNKNOWN
    licence = UNKNOWN
    for paragraph in text.split("\n\n"):
        fields = _fields(paragraph)
        patterns = fields.get("Files", "").split()
        if any(fnmatchcase(f"data/voices/{name}/voice.info", pattern) for pattern in patterns):
            licence = fields.get("License", "").split("\n")[0].strip() or licence
    return licence


def _fields(paragraph: str) -> dict[str, str]:
    """``Name: value`` of a paragraph; what is indented goes on with the field before."""
    fields: dict[str, str] = {}
    name = ""
    for line in paragraph.splitlines():
        if line.startswith((" ", "\t")):
            if name:
                fields[name] += f"\n{line.strip()}"
        elif not line.startswith("#") and ":" in line:
            name, _, value = line.partition(":")
            fields[name] = value.strip()
    return fields
