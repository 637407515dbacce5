"""What all tests share."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

NAME_CHARS = 16
GC_THRESHOLDS = (5000, 20, 50)
"""Tests keep many objects and leave few in circles: to look for those less often saves 5 % of the time."""

# Before numpy is imported: its threads for small products wait for each other, each on a core.
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.umask(0o022)  # files that tests make are those of an ordinary machine
# Real weights may lie in this checkout's models folder; a test that wants them asks for them.
os.environ["SHUTTLE_GUIDE_MODELS_DIR"] = "/nonexistent/models"
settings.register_profile("untimed", deadline=None)  # how long an example takes is for benches
settings.load_profile("untimed")


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """What is collected stays to the end, so nothing looks again and again whether some of it is rubbish."""
    gc.disable()
    try:
        _compile_a_share(session.config)
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        gc.enable()


def _compile_a_share(config: pytest.Config) -> None:
    """Each worker compiles other files first, and takes the rest from the cache where others left them.

    All collect the same in the same order: from a clean checkout each would compile it all beside the others.
    """
    worker = getattr(config, "workerinput", None)
    if worker is None or sys.dont_write_bytecode:
        return
    top = config.rootpath
    below = [path for arg in config.args if (path := config.invocation_params.dir / arg).is_dir()]
    files = sorted(file for folder in below for file in folder.rglob("test_*.py"))
    for file in files[int(worker["workerid"].removeprefix("gw")) :: worker["workercount"]]:
        # What cannot be imported, or skips itself, says so when it is collected.
        with contextlib.suppress(Exception, pytest.skip.Exception):
            importlib.import_module(".".join(file.relative_to(top).with_suffix("").parts))


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As pytest's own, with a shorter name: sockets lie below it, and their paths may have 107 characters."""
    name = re.sub(r"\W", "_", request.node.name.removeprefix("test_"))
    return tmp_path_factory.mktemp(name[:NAME_CHARS])
