"""What all tests share."""

from __future__ import annotations

import os

import pytest

PATIENT = {"service", "system"}
"""Folders of tests with real sound, processes and machines."""
TRIES_MORE = 2

os.umask(0o022)  # files that tests make are those of an ordinary machine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever shares this machine's processor may tear a hole into sound or hold a process up for a second.

    So these tests are tried again; the report names each that was.
    """
    for item in items:
        if item.path.parent.name in PATIENT:
            item.add_marker(pytest.mark.flaky(reruns=TRIES_MORE, reruns_delay=1))
