"""Where no machine can be booted, one line says why."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.support.machine import SESSION, missing


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a right to lose")
@pytest.mark.parametrize("right", ["sys_admin", "net_admin"])
def test_without_the_right_to_it_one_line_says_so(right: str) -> None:
    without = ["setpriv", f"--bounding-set=-{right}", f"--inh-caps=-{right}"]
    tried = subprocess.run([*without, SESSION], capture_output=True, text=True, timeout=30, check=False)
    assert tried.returncode != 0
    (line,) = tried.stderr.splitlines()
    assert "not permitted" in line or missing()
