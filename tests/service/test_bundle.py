"""What a bundle brings is in its manifest by its checksum, and the manifest is signed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from edge.model_files import catalogue
from edge.signature import SignatureError, check_signature
from scripts import bundle, bundle_models
from scripts.bundle import NAMESPACE, _write_manifest
from scripts.bundle_archive import forget_older, pack
from scripts.bundle_debs import cuda_packages, packages, rhvoice_packages
from scripts.bundle_models import ModelsError, checksums
from scripts.bundle_name import commit, release_name
from tests.support.signing import allow, make_key

ROOT = Path(__file__).parents[2]
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


def test_rhvoice_comes_only_where_it_was_asked_for() -> None:
    assert rhvoice_packages() == ["librhvoice5", "rhvoice-russian", "rhvoice-english"]
    assert not {*rhvoice_packages()} & {*packages()}


def test_cuda_comes_only_where_it_was_asked_for() -> None:
    assert cuda_packages() == ["nvidia-cuda", "nvidia-cudnn"]
    assert not {*cuda_packages()} & {*packages()}
    assert not [name for name in cuda_packages() if name.endswith(("-toolkit", "-dev"))]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A work tree with what the guide is built from, and one more module."""
    tree = tmp_path / "tree"
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("edge", "systemd"):
        shutil.copytree(ROOT / name, tree / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, tree)
    (tree / "edge" / "tried.py").write_text("ANSWER = 1\n")
    monkeypatch.setattr(bundle, "ROOT", tree)
    return tree


def name_of(tree: Path, output: Path, **told: object) -> str:
    """The release that a bundle would be made of it, with these wheels."""
    guide = output / "guide"
    shutil.rmtree(output, ignore_errors=True)
    guide.mkdir(parents=True)
    bundle._add_guide(guide)
    files = {"guide": pack(guide, output, "guide"), "wheels": {"sha256": "5"}}
    return release_name(tree, files, **{"python": "3.12", **told})


def test_work_trees_that_differ_make_releases_that_differ_and_equal_ones_one(
    tree: Path, tmp_path: Path
) -> None:
    """Whatever git says of them: both may have changes that are in no commit."""
    output = tmp_path / "out"
    first = name_of(tree, output)
    assert first.startswith("0."), "its version stands in front"
    changed = tree / "edge" / "tried.py"
    changed.write_text("ANSWER = 2\n")
    assert name_of(tree, output) != first
    changed.write_text("ANSWER = 1\n")
    changed.chmod(0o660)
    os.utime(changed, (1, 1))
    (tree / "notes.txt").write_text("is in no release\n")
    assert name_of(tree, output) == first
    unit = tree / "systemd" / "shuttle-guide-speaker.service"
    unit.write_text(unit.read_text() + "# other\n")
    assert name_of(tree, output) != first


def test_what_else_a_release_is_installed_from_is_in_its_name(tree: Path) -> None:
    def named(**other: object) -> str:
        files = {"guide": {"sha256": "1"}, "wheels": {"sha256": "2"}, "interpreter": {"sha256": "3"}}
        told = {"python": "3.12", "arch": "aarch64", "build_packages": ["gcc"]}
        for name, value in other.items():
            (files if name in files else told)[name] = value  # type: ignore[index]
        return release_name(tree, files, **told)

    others = [{"interpreter": {"sha256": "4"}}, {"wheels": {"sha256": "4"}}, {"python": "3.11"}]
    names = {named(), *(named(**other) for other in [*others, {"arch": "x86_64"}, {"build_packages": []}])}
    assert len(names) == 6
    assert named() == named(interpreter={"sha256": "3", "name": "elsewhere.tar"})


def test_a_bundle_says_which_commit_it_was_made_from(tmp_path: Path) -> None:
    assert commit(tmp_path) == "none"
    assert len(commit(ROOT).removesuffix("-changed")) in (4, 12)


def test_an_archive_is_named_by_its_content_and_tells_its_sizes(tmp_path: Path) -> None:
    folder, output = tmp_path / "folder", tmp_path / "out"
    folder.mkdir()
    output.mkdir()
    (folder / "file").write_bytes(b"x" * 1000)
    first = pack(folder, output, "python")
    os.utime(folder / "file", (1, 1))
    assert pack(folder, output, "python") == first
    path = output / str(first["name"])
    assert first["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (first["bytes"], first["unpacked_bytes"]) == (path.stat().st_size, 1000)
    (folder / "file").write_bytes(b"y" * 1000)
    second = pack(folder, output, "python")
    assert second["name"] != first["name"]
    forget_older(output, {second["name"]})
    assert [path.name for path in output.iterdir()] == [second["name"]]
