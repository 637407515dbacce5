"""What was tested is what a shuttle gets."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts.bundle import BUILD_PACKAGES

ROOT = Path(__file__).parents[2]


def versions(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([A-Za-z0-9_.-]+)==([^ ;]+)", (ROOT / lock).read_text(), re.MULTILINE))


def test_a_shuttle_gets_the_versions_that_the_tests_ran_with() -> None:
    tested, installed = versions("requirements-dev.lock"), versions("requirements-device.lock")
    assert installed.keys() - tested.keys() <= {"systemd-python", "wheel"}
    differing = {name for name, version in installed.items() if tested.get(name, version) != version}
    assert not differing


def test_a_depots_container_gets_the_versions_that_the_tests_ran_with() -> None:
    assert versions("requirements-recognizer.lock").items() <= versions("requirements-dev.lock").items()


def test_a_lock_holds_all_that_its_packages_need_but_what_nobody_calls() -> None:
    """Installing asks the locks alone, so nothing else would bring it."""
    for lock in ("requirements.lock", "requirements-dev.lock", "requirements-recognizer.lock"):
        locked = {canonicalize_name(name) for name in versions(lock)}
        missing = {
            (name, requirement.name)
            for name in versions(lock)
            for requirement in map(Requirement, _requires(name))
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            if canonicalize_name(requirement.name) not in locked
        }
        assert missing <= {("num2words", "docopt")}


def _requires(name: str) -> list[str]:
    try:
        return metadata.requires(name) or []
    except metadata.PackageNotFoundError:  # for another Python or machine
        return []


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
