"""What all tests share."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

TRIES_MORE = 2
NAME_CHARS = 16

os.umask(0o022)  # files that tests make are those of an ordinary machine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have one worker do a file's tests, and one of them all with sound, when the others have ended.

    Whoever shares this machine's processor may tear a hole into sound, which is no fault of ours: so these
    tests are tried again, and no others. The report names each that was.
    """
    for item in items:
        if "sound_server" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.sound)
    items.sort(key=_has_sound)
    for item in items:
        item.add_marker(pytest.mark.xdist_group("sound" if _has_sound(item) else item.nodeid.split("::")[0]))
        if _has_sound(item):
            item.add_marker(pytest.mark.flaky(reruns=TRIES_MORE, reruns_delay=1))


def _has_sound(item: pytest.Item) -> bool:
    return item.get_closest_marker("sound") is not None


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As pytest's own, with a shorter name: sockets lie below it, and their paths may have 107 characters."""
    name = re.sub(r"\W", "_", request.node.name.removeprefix("test_"))
    return tmp_path_factory.mktemp(name[:NAME_CHARS])
