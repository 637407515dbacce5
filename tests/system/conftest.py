"""A machine with the guide on it, booted once for all tests here that want one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import installed_guide
from tests.support.machine import Machine, missing


@pytest.fixture(scope="session")
def device() -> Iterator[Machine]:
    """The guide is installed, its broker runs, and ``shuttle-guide.target`` was started."""
    if reason := missing():
        pytest.skip(f"system tests: {reason}")
    if installed_guide.SUITE is None:
        pytest.skip("system tests: no Debian or Ubuntu that they know has this Python")
    suite, packages = installed_guide.SUITE, installed_guide.PACKAGES
    with Machine(suite, name="guide-units", packages=packages, flavour="guide") as machine:
        installed_guide.install(machine)
        yield machine
