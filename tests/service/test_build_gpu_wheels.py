"""The recipe of the wheels for an Orin: commands, versions, and what it says where something is missing."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from pathlib import Path

import pytest

from scripts import build_gpu_wheels
from scripts.build_gpu_wheels import SOURCES, main

ROOT = Path(__file__).parents[2]
COMMITS = [f"--commit={name}={'a' * 40}" for name in SOURCES]


@pytest.mark.parametrize("engine", SOURCES)
def test_it_builds_the_version_that_the_device_s_lock_has(engine: str) -> None:
    lock = (ROOT / "requirements-device.lock").read_text()
    (version,) = re.findall(rf"(?m)^{engine}==(\S+)", lock)
    assert SOURCES[engine].tag == f"v{version}"


@pytest.mark.parametrize("jetpack", ["6", "7"])
def test_a_dry_run_prints_the_commands_and_touches_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], jetpack: str
) -> None:
    assert main(["--jetpack", jetpack, "--folder", str(tmp_path / "build"), "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "CMAKE_CUDA_ARCHITECTURES=87" in said
    assert "-DCUDA_ARCH_LIST=8.7" in said
    assert "-DWITH_CUDNN=ON" in said
    for source in SOURCES.values():
        assert f"--branch {source.tag} {source.repository}" in said
    assert "auditwheel repair --wheel-dir wheels --exclude" in said
    assert not any(tmp_path.iterdir())
    checked = subprocess.run(["sh", "-n"], input=said, text=True, capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_without_cuda_the_same_steps_are_for_the_cpu(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--jetpack", "6", "--folder", str(tmp_path), "--dry-run", "--cpu"]) == 0
    said = capsys.readouterr().out
    assert "cmake --build ctranslate2-build" in said
    assert not re.search(r"CUDA_ARCH|use_cuda|WITH_CUDA", said)


def test_each_thing_that_is_missing_has_a_line_that_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(build_gpu_wheels, "find_spec", lambda module: None)
    folder = ["--folder", str(tmp_path / "build"), "--cuda-home", str(tmp_path / "cuda")]
    assert main(["--jetpack", "6", *folder]) == 1
    lines = capsys.readouterr().err.splitlines()
    for what in ("git", "cmake", "ninja", "g++", "patchelf", *build_gpu_wheels.MODULES):
        told = [line for line in lines if re.search(rf"(^| ){re.escape(what)} is missing: .*install", line)]
        assert len(told) == 1, what
    assert len([line for line in lines if "nvidia-cuda-dev" in line]) == 1
    assert len([line for line in lines if "give --commit ctranslate2=HASH" in line]) == 1
    assert not (tmp_path / "build").exists()


def test_another_jetpack_s_cuda_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nvcc = tmp_path / "bin" / "nvcc"
    nvcc.parent.mkdir()
    nvcc.write_text("#!/bin/sh\necho 'Cuda compilation tools, release 12.6, V12.6.68'\n")
    nvcc.chmod(0o755)
    given = ["--folder", str(tmp_path / "build"), "--cuda-home", str(tmp_path), *COMMITS]
    assert main(["--jetpack", "7", *given]) == 1
    assert f"expected CUDA 13.2 of JetPack 7, {nvcc} is of 12.6" in capsys.readouterr().err


def test_a_tag_that_has_become_another_commit_is_not_built(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    origin, folder = tmp_path / "origin", tmp_path / "build"
    named = {
        f"GIT_{who}_{what}": "test@test" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    for command in (["init", "-q", "."], ["commit", "-q", "--allow-empty", "-m", "one"], ["tag", "v4.8.5"]):
        origin.mkdir(exist_ok=True)
        subprocess.run(["git", *command], cwd=origin, env=os.environ | named, check=True)
    source = SOURCES["ctranslate2"]._replace(repository=f"file://{origin}")
    monkeypatch.setitem(SOURCES, "ctranslate2", source)
    monkeypatch.setattr(build_gpu_wheels, "missing", lambda options: [])
    given = ["ctranslate2", "--jetpack", "6", "--folder", str(folder), f"--commit=ctranslate2={'b' * 40}"]
    assert main(given) == 1
    said = capsys.readouterr().err
    assert f"expected commit {'b' * 40} of ctranslate2, v4.8.5 is " in said
    assert "nothing was built" in said
    assert [path.name for path in folder.iterdir()] == ["ctranslate2"]


def test_the_inventory_s_entry_names_each_wheel_with_its_checksum(tmp_path: Path) -> None:
    wheel = tmp_path / "ctranslate2-4.8.5-cp312-cp312-linux_aarch64.whl"
    wheel.write_bytes(b"a wheel")
    entry = build_gpu_wheels.inventory_entry("7", [wheel])
    digest = hashlib.sha256(b"a wheel").hexdigest()
    assert entry == f'gpu_wheels:\n  "7":\n    - {{src: {wheel}, sha256: {digest}}}'
