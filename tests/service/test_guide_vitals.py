"""What machine the guide runs on is told in its state, and once in its journal."""

from __future__ import annotations

from pathlib import Path

from tests.support.broker import Broker
from tests.support.guide import Guide


async def test_the_machine_is_in_the_state_and_once_in_the_journal(broker: Broker, tmp_path: Path) -> None:
    async with Guide(tmp_path / "guide", broker.port) as guide:
        await guide.until_ready()
        state = await guide.until_state(lambda state: state["vitals"] is not None)
        vitals = state["vitals"]
        assert 0 < vitals["memory_available_mib"] <= vitals["memory_total_mib"]
        assert vitals["disk_free_mib"] > 0
        # Vitals change all the time, and are told with each state all the same.
        await guide.until_state(lambda later: later["ts"] >= state["ts"] + 2)
        assert guide.log().count("running on ") == 1
