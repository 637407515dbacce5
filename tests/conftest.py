"""What all tests share."""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

NAME_CHARS = 16

# Before numpy is imported: its threads for small products wait for each other, each on a core.
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.umask(0o022)  # files that tests make are those of an ordinary machine
# Real weights may lie in this checkout's models folder; a test that wants them asks for them.
os.environ["SHUTTLE_GUIDE_MODELS_DIR"] = "/nonexistent/models"
settings.register_profile("untimed", deadline=None)  # how long an example takes is for benches
settings.load_profile("untimed")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What is collected stays to the end, so nothing looks again and again whether some of it is rubbish."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As pytest's own, with a shorter name: sockets lie below it, and their paths may have 107 characters."""
    name = re.sub(r"\W", "_", request.node.name.removeprefix("test_"))
    return tmp_path_factory.mktemp(name[:NAME_CHARS])
