"""The doctor names the classes that the gate stops."""

from __future__ import annotations

import msgspec

from edge.config import Settings
from edge.doctor.gate import check_gate


def test_it_names_the_classes_in_force() -> None:
    told = check_gate(Settings()).told()
    assert told == (
        "gate: stops insults, threats, sexual, personal_data, alarms, orders, keys and the prompt"
    )
    less = msgspec.convert({"commentator": {"gate_classes_off": ["orders", "insults"]}}, Settings)
    assert check_gate(less).actual == "stops threats, sexual, personal_data, alarms, keys and the prompt"
    assert check_gate(less).requested == "without orders, insults"
