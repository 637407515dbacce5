"""Whether there is room for a bundle is asked before anything comes; what is there already needs none."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

ROLE = Path(__file__).parents[2] / "deploy" / "ansible" / "roles" / "bundle"
DIGESTS = {"guide": "1" * 64, "wheels": "2" * 64, "interpreter": "3" * 64}
MANIFEST: dict[str, Any] = {
    "release": "1.0-abc",
    "files": {
        kind: {"name": f"{kind}.tar", "sha256": sha256, "bytes": 10_000_000, "unpacked_bytes": 30_000_000}
        for kind, sha256 in DIGESTS.items()
    },
    "models_bytes": {"whisper/base/model.bin": 140_000_000},
    "debs": {"name": "debs.tar", "bytes": 5_000_000, "unpacked_bytes": 20_000_000, "packages": ["espeak-ng"]},
}


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module's own functions; Ansible itself is not on every machine."""
    monkeypatch.setitem(sys.modules, "ansible", SimpleNamespace())
    for name in ("ansible.module_utils", "ansible.module_utils.basic"):
        monkeypatch.setitem(sys.modules, name, SimpleNamespace(AnsibleModule=None))
    spec = importlib.util.spec_from_file_location("room", ROLE / "library" / "room_for_bundle.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def size_of(module: ModuleType, folder: Path, manifest: dict[str, Any] = MANIFEST) -> int:
    found = module.coming(manifest, folder / "app", folder / "models", folder / "dpkg")
    return sum(each.size for each in found) // 1_000_000


def touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def test_what_is_there_needs_no_room(module: ModuleType, tmp_path: Path) -> None:
    assert size_of(module, tmp_path) == 3 * 40 + 140 + 25
    touch(tmp_path / "app/cache/wheels.tar")
    assert size_of(module, tmp_path) == 110 + 140 + 25
    touch(tmp_path / f"app/cache/venv-{'2' * 12}-python-3.12/.complete")
    assert size_of(module, tmp_path) == 80 + 140 + 25
    touch(tmp_path / f"app/python-3.12-{'3' * 12}/.complete")
    assert size_of(module, tmp_path) == 50 + 140 + 25
    touch(tmp_path / "models/whisper/base/model.bin")
    assert size_of(module, tmp_path) == 50 + 25
    touch(tmp_path / "dpkg/espeak-ng:arm64.list")
    assert size_of(module, tmp_path) == 50
    touch(tmp_path / "app/releases/1.0-abc/.complete")
    assert size_of(module, tmp_path) == 0


def test_a_bundle_that_tells_no_sizes_is_no_reason_to_refuse(module: ModuleType, tmp_path: Path) -> None:
    files = {"guide": {"name": "guide.tar", "sha256": "1" * 64}}
    assert size_of(module, tmp_path, {"release": "old", "files": files}) == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Any:
    """A file system of 16 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a file system of its own takes root's rights")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_is_too_small_is_told_with_how_much_is_needed(
    module: ModuleType, small_disk: Path, tmp_path: Path
) -> None:
    wanted = [
        module.Coming(small_disk / "cache" / "a.tar", 9_000_000),
        module.Coming(small_disk / "cache" / "b.tar", 4_000_000),
        module.Coming(tmp_path / "models" / "c.bin", 1_000),
    ]
    assert module.missing_room(wanted, 1_000_000) == []
    (line,) = module.missing_room(wanted, 5_000_000)
    assert line == (
        f"The disk of {small_disk} is too full: expected 18 MB free (13 MB for what comes, 5 MB to spare), "
        "found 17 MB."
    )
    assert not (small_disk / "cache").exists()
    (small_disk / "cache").mkdir()
    (small_disk / "cache" / f"a.tar.{'1' * 12}.part").write_bytes(b"x" * 8_000_000)
    assert module.missing_room(wanted, 3_000_000) == [], "what came before the cut is not needed again"
