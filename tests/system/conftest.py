"""A machine with the guide on it, booted once for all tests here that want one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import installed_guide
from tests.support.machine import Machine, need_machine


@pytest.fixture(scope="session")
def device() -> Iterator[Machine]:
    """The guide is installed, its broker runs, and ``shuttle-guide.target`` was started."""
    suite, packages = need_machine(), installed_guide.PACKAGES
    with Machine(suite, name="guide-units", packages=packages, flavour="guide") as machine:
        installed_guide.install(machine)
        yield machine
