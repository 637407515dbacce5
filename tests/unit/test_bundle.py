"""What a bundle brings is in its manifest by its checksum, and the manifest is signed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from edge.models import catalogue
from edge.signature import SignatureError, check_signature
from scripts import bundle_models
from scripts.bundle import NAMESPACE, _write_manifest
from scripts.bundle_debs import cuda_packages, packages
from scripts.bundle_models import ModelsError, checksums
from tests.support.signing import allow, make_key

WEIGHTS = b"weights"
SHA256 = hashlib.sha256(WEIGHTS).hexdigest()
CATALOGUE = f"""
[[model]]
name = "piper/mine"
role = "voice"
licence = "CC0-1.0"
source = "https://host.invalid/mine/"
[[model.file]]
name = "pinned.onnx"
sha256 = "{SHA256}"
[[model.file]]
name = "unpinned.json"
"""


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "catalogue.toml").write_text(CATALOGUE)
    own = catalogue.load_catalogue(tmp_path / "catalogue.toml")
    monkeypatch.setattr(bundle_models, "load_catalogue", lambda: own)
    folder = tmp_path / "models" / "piper" / "mine"
    folder.mkdir(parents=True)
    (folder / "pinned.onnx").write_bytes(WEIGHTS)
    return tmp_path / "models"


def test_a_pinned_model_is_brought_by_its_checksum(models: Path, tmp_path: Path) -> None:
    for name in ("README.md", "cache/.lock", "cache/x.part", "models.lock.json"):
        (models / name).parent.mkdir(exist_ok=True)
        (models / name).write_text("{}")
    assert checksums(models, unpinned=False) == {"piper/mine/pinned.onnx": SHA256}
    assert checksums(tmp_path / "absent", unpinned=False) == {}


@pytest.mark.parametrize("name", ["piper/mine/unpinned.json", "whisper/own/model.bin"])
def test_what_nobody_vouches_for_is_brought_only_where_that_was_asked_for(models: Path, name: str) -> None:
    (models / name).parent.mkdir(parents=True, exist_ok=True)
    (models / name).write_bytes(b"{}")
    (models / "models.lock.json").write_bytes(b"{}")
    with pytest.raises(ModelsError, match=f"models/{name}: the catalogue names no checksum .*--unpinned"):
        checksums(models, unpinned=False)
    assert checksums(models, unpinned=True).keys() == {name, "piper/mine/pinned.onnx", "models.lock.json"}


@pytest.mark.parametrize("unpinned", [False, True])
def test_a_model_that_is_not_what_the_catalogue_names_is_not_brought(models: Path, unpinned: bool) -> None:
    (models / "piper" / "mine" / "pinned.onnx").write_bytes(b"other weights")
    with pytest.raises(ModelsError, match=r"pinned\.onnx: expected the checksum"):
        checksums(models, unpinned=unpinned)


def test_a_name_that_another_tool_would_read_otherwise_is_refused(models: Path) -> None:
    (models / "piper" / "mine" / "a\nb").write_bytes(WEIGHTS)
    with pytest.raises(ModelsError, match="expected a name of letters"):
        checksums(models, unpinned=True)


def test_the_manifest_is_signed_and_an_old_signature_does_not_stay_beside_a_new_one(tmp_path: Path) -> None:
    key = make_key(tmp_path)
    path, signature = tmp_path / "manifest.json", tmp_path / "manifest.json.sig"
    _write_manifest(path, {"release": "one"}, key)
    check_signature(path.read_bytes(), signature.read_bytes(), NAMESPACE, allow(tmp_path, key))
    _write_manifest(path, {"release": "two"}, None)
    assert json.loads(path.read_bytes()) == {"release": "two"}
    assert not signature.exists()
    with pytest.raises(SignatureError):
        _write_manifest(path, {"release": "three"}, tmp_path / "absent")
    assert not signature.exists()


def test_cuda_comes_only_where_it_was_asked_for() -> None:
    assert cuda_packages() == ["nvidia-cuda", "nvidia-cudnn"]
    assert not {*cuda_packages()} & {*packages()}
    assert not [name for name in cuda_packages() if name.endswith(("-toolkit", "-dev"))]
