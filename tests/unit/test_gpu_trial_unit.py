"""The trial of the roll-out is the listener's unit: what stands beside it leaves the sandbox as it is."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from tests.unit.test_units import UNITS

ROLE = Path(__file__).parents[2] / "deploy" / "ansible" / "roles" / "gpu"
TRIAL = (ROLE / "templates" / "trial.conf.j2").read_text()


def test_it_is_made_of_the_listeners_own_files() -> None:
    (outer,) = yaml.safe_load((ROLE / "tasks" / "trial.yml").read_text())
    (made,) = (task for task in outer["block"] if task["name"] == "Make its unit of the listener's")
    copied = [item["src"] for item in made["loop"]]
    assert copied == [
        "system/shuttle-guide-listener.service",
        "system/shuttle-guide-.service.d/10-common.conf",
        "optional/shuttle-guide-listener.service.d/gpu.conf",
    ]
    for path in copied:
        assert (UNITS / path.removeprefix("system/")).is_file(), "as scripts/bundle.py lays them out"


def test_beside_them_it_says_how_it_runs_and_nothing_of_what_it_may() -> None:
    said = re.findall(r"(?m)^(\w+)=(.*)$", TRIAL)
    assert {key for key, _ in said} == {
        *("Description", "Type", "Restart", "WatchdogSec", "TimeoutStartSec", "ExecStart", "StandardOutput"),
        *("CPUWeight", "Nice", "OOMScoreAdjust"),
        *("Environment", "ReadWritePaths"),
    }
    assert [value for key, value in said if key == "ReadWritePaths"] == ["", "-/run/shuttle-guide"], (
        "the same folder, which a machine does not have before its first release"
    )
    assert [value for key, value in said if key == "Environment"] == [
        "LD_LIBRARY_PATH={{ gpu_release_dir }}/gpu-libraries"
    ]
    assert {"Restart": "no", "Type": "oneshot", "WatchdogSec": "0"}.items() <= dict(said).items()
