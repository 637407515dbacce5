"""A machine with the guide on it, booted once for all tests here that want one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import installed_guide
from tests.support.broker import broker
from tests.support.fleet_broker import fleet_broker
from tests.support.machine import Machine, missing

__all__ = ["broker", "fleet_broker"]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Function) -> None:
    """From one place and not from a fixture, so that the report has one line for all of them."""
    if not getattr(item.module, "NEEDS_NO_MACHINE", False) and (reason := missing()):
        pytest.skip(f"system tests: {reason}")


@pytest.fixture(scope="session")
def device() -> Iterator[Machine]:
    """The guide is installed, its broker runs, and ``shuttle-guide.target`` was started."""
    with Machine(name="guide-units", packages=installed_guide.PACKAGES, flavour="guide") as machine:
        installed_guide.install(machine)
        yield machine
