"""Whether the vehicle drives, as ingest tells it (and a roll-out reads it by ``doctor --json``)."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from edge.config import Settings
from edge.doctor.processes import check_processes
from edge.ingest.main import Ingest
from edge.ingest.parsed import ControlChange
from edge.messages import ProcessState
from edge.process import Life


@pytest.mark.parametrize(
    ("speed_kmh", "fact"),
    [(12.5, "driving"), (1.0, "driving"), (0.4, "standing"), (0.0, "standing"), (None, None)],
)
async def test_it_drives_stands_or_does_not_say(
    tmp_path: Path, speed_kmh: float | None, fact: str | None
) -> None:
    life = Life("ingest", Settings(runtime_dir=str(tmp_path), state_dir=str(tmp_path)))
    try:
        ingest = Ingest(life)
        assert "vehicle" not in ingest.health().facts
        ingest._control.change(ControlChange(speed_kmh=speed_kmh), when_kept=lambda: None)
        assert ingest.health().facts.get("vehicle") == fact
    finally:
        await life.close()
        life.context.destroy(linger=0)


@pytest.mark.parametrize("role", ["app", "accept"])
@pytest.mark.parametrize("fact", ["driving", "standing"])
def test_a_roll_out_finds_it_in_what_the_doctor_tells(fact: str, role: str) -> None:
    values = Path(__file__).parents[2] / "deploy" / "ansible" / "roles" / role / "vars" / "main.yml"
    sought = yaml.safe_load(values.read_text("utf-8"))[f"{role}_is_driving"]
    state = ProcessState(
        process="ingest", instance="i", ready=True, status="driving", facts={"vehicle": fact, "x": "driving"}
    )
    told = json.dumps([check._asdict() for check in check_processes({"ingest": state})], indent=2)
    assert bool(re.search(sought, told)) is (fact == "driving")
