"""What was tested is what a shuttle gets."""

from __future__ import annotations

import re
from pathlib import Path

from scripts.bundle import BUILD_PACKAGES

ROOT = Path(__file__).parents[2]


def versions(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([A-Za-z0-9_.-]+)==([^ ;]+)", (ROOT / lock).read_text(), re.MULTILINE))


def test_a_shuttle_gets_the_versions_that_the_tests_ran_with() -> None:
    tested, installed = versions("requirements-dev.lock"), versions("requirements-device.lock")
    assert installed.keys() - tested.keys() <= {"systemd-python", "wheel"}
    differing = {name for name, version in installed.items() if tested.get(name, version) != version}
    assert not differing


def test_a_shuttle_never_gets_both_onnxruntimes() -> None:
    installed = versions("requirements-device.lock")
    assert "onnxruntime" in installed
    assert "onnxruntime-gpu" not in installed


def test_the_set_up_for_a_bundle_brings_what_a_shuttle_compiles_with() -> None:
    brought = re.search(
        r"^readonly BUNDLE_PACKAGES=\((.*)\)$", (ROOT / "scripts/setup.sh").read_text(), re.MULTILINE
    )
    assert brought
    assert brought[1].split() == list(BUILD_PACKAGES)
