"""The catalogue of models: names, sources, checksums and licences, read from ``catalogue.toml``.

Names become paths, so they are checked here once: no entry can point outside the models folder.
"""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.messages import Language
from edge.operator_error import OperatorError
from edge.text_file import read_text

FOLDERS = ("whisper", "gigaam", "parakeet", "turn", "silero_vad", "piper", "speaker", "llm")
LARGEST_FILE = 16 * 2**30
"""Bytes. Whatever is larger is a mistake, or somebody who wants to fill the disk."""

LARGEST_BYTES = 1 << 20
"""A site's own catalogue may have so many."""

SourceAddress = Annotated[str, Meta(pattern=r"^https://[^\s?#]+/\Z")]
PlainName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\Z")]


class CatalogueError(OperatorError):
    """The catalogue cannot be used, or has no such model; the text is one line for the operator."""


class ModelFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file of a model."""

    name: PlainName
    size: Annotated[int, Meta(ge=1, le=LARGEST_FILE)] | None = None
    """Bytes; None: not known before it comes."""
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")] | None = None
    """None: unpinned. The checksum of what comes first is kept and demanded from then on."""


class Model(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model: a folder of files."""

    name: Annotated[str, Meta(pattern=rf"^({'|'.join(FOLDERS)})/[A-Za-z0-9_][A-Za-z0-9._-]{{0,127}}\Z")]
    """Folder and name, like ``whisper/base``: also the path below the models folder."""
    role: Literal["recognizer", "vad", "voice", "speaker embedding", "language model", "turn end"]
    licence: str
    languages: tuple[Language, ...] = ()
    """None named: it does not depend on the language."""
    note: str = ""
    source: SourceAddress | tuple[SourceAddress, ...] = ()
    """Address of the folder that the files come from; or several, which are tried in turn."""
    file: tuple[ModelFile, ...] = ()
    """None: it comes with a Python package."""

    @property
    def sources(self) -> tuple[str, ...]:
        """Addresses of folders, in the order in which they are tried."""
        return (self.source,) if isinstance(self.source, str) else self.source

    @property
    def pinned(self) -> bool:
        """Every file's checksum is known beforehand."""
        return all(file.sha256 for file in self.file)

    @property
    def size(self) -> int | None:
        """Bytes of all files; None: not known beforehand."""
        sizes = [file.size for file in self.file]
        return None if None in sizes else sum(size for size in sizes if size)


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    model: tuple[Model, ...]


class Catalogue:
    """Finds models by name: ``whisper/base``, ``base`` where only one is called so, a whole ``whisper``."""

    def __init__(self, models: tuple[Model, ...]) -> None:
        self.models = models

    def find(self, wanted: str) -> list[Model]:
        """Raises CatalogueError when there is none, or more than one of a short name."""
        exact = [model for model in self.models if model.name == wanted]
        folder = [model for model in self.models if model.name.startswith(f"{wanted}/")]
        short = [model for model in self.models if model.name.split("/")[1] == wanted]
        if len(short) > 1:
            raise CatalogueError(f"{wanted!r} is ambiguous: {', '.join(model.name for model in short)}")
        if not (exact or folder or short):
            raise CatalogueError(f"there is no model {wanted!r}; `shuttle-guide models list` names them")
        return exact or folder or short

    def find_one(self, wanted: str) -> Model:
        """Raises CatalogueError when it is not exactly one."""
        found = self.find(wanted)
        if len(found) > 1:
            raise CatalogueError(f"{wanted!r} are several: {', '.join(model.name for model in found)}")
        return found[0]


def load_catalogue(path: Path | None = None) -> Catalogue:
    """Read a catalogue; without a path the one that came with the guide.

    Raises:
        CatalogueError: it cannot be read, or an entry is wrong.
    """
    where = str(path or "the guide's own catalogue")
    try:
        own = resources.files(__package__) / "catalogue.toml"
        text = read_text(path, LARGEST_BYTES, follow=True) if path else own.read_text("utf-8")
        document = msgspec.convert(tomllib.loads(text), _Document)
    except OSError as error:
        raise CatalogueError(f"{where} cannot be used: {error.strerror}") from error
    except (ValueError, RecursionError) as error:  # no TOML, a number too long, another shape
        raise CatalogueError(f"{where} cannot be used: {error}") from error
    names = [model.name for model in document.model]
    if doubles := sorted({name for name in names if names.count(name) > 1}):
        raise CatalogueError(f"{where}: {', '.join(doubles)} stands there twice")
    for model in document.model:
        if model.file and not model.sources:
            raise CatalogueError(f"{where}: {model.name} has files but no source")
    return Catalogue(document.model)
