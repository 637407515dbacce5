"""Bundles made in a second: a guide and a dependency of one line each, with a Debian Python to run them."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from scripts.bundle_archive import pack
from scripts.bundle_name import release_name
from tests.support.fleet import ROOT

DEBIAN = Path("/usr/lib/python3.11")
WHEELS_OF_PIP = Path("/usr/share/python-wheels")
LEFT_OUT = (
    "__pycache__",
    "test",
    "idlelib",
    "tkinter",
    "dist-packages",
    "config-3.11-*",
    "EXTERNALLY-MANAGED",
)


def missing_python() -> str | None:
    """Why no interpreter can be made here, in one line."""
    if (DEBIAN / "ensurepip").is_dir() and any(WHEELS_OF_PIP.glob("pip-*")):
        return None
    return "needs Debian's Python 3.11: apt-get install python3.11-venv (Debian 12)"


def make_interpreter(output: Path, mark: str) -> dict[str, Any]:
    """``python-DIGEST.tar`` of this machine's Debian Python, as ``--interpreter`` brings one.

    Args:
        mark: what its module ``which_one`` says, so that one interpreter can be told from another.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "bin").mkdir()
        shutil.copy("/usr/bin/python3.11", folder / "bin" / "python3.11")
        (folder / "bin" / "python3").symlink_to("python3.11")
        shutil.copytree(DEBIAN, folder / "lib/python3.11", ignore=shutil.ignore_patterns(*LEFT_OUT))
        (folder / "lib/python3.11/which_one.py").write_text(f'NAME = "{mark}"\n')
        return pack(folder, output, "python")


def make_light_bundle(output: Path, said: str, interpreter: dict[str, Any] | None) -> str:
    """A bundle whose guide has the module ``shuttle_guide`` with ``SAID``. Returns the release's name."""
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        guide, wheels = Path(name, "guide"), Path(name, "wheels")
        guide.mkdir()
        wheels.mkdir()
        dependency = _make_wheel(wheels, "shuttle_dependency", "WHOLE = True\n")
        _make_wheel(guide, "shuttle_guide", f'SAID = "{said}"\n')
        sha256 = hashlib.sha256(dependency.read_bytes()).hexdigest()
        (guide / "requirements.txt").write_text(f"shuttle-dependency==1.0 --hash=sha256:{sha256}\n")
        files = {"guide": pack(guide, output, "guide"), "wheels": pack(wheels, output, "wheels")}
    if interpreter is not None:
        files["interpreter"] = interpreter
    needed: dict[str, Any] = {"python": "3.11", "arch": "x86_64", "build_packages": []}
    release = release_name(ROOT, files, **needed)
    manifest = {"release": release, **needed, "files": files, "debs": {}, "models": {}}
    (output / "manifest.json").write_text(json.dumps(manifest))
    return release


def _make_wheel(folder: Path, name: str, content: str) -> Path:
    about = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": content,
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in (*files, f"{about}/RECORD"))
    wheel = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in (files | {f"{about}/RECORD": record}).items():
            archive.writestr(zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0)), text)
    return wheel
