"""A running guide is scraped the way Prometheus does it: over HTTP, from the port of each process."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from edge.bus.topology import PROCESSES
from edge.messages import ProcessName
from tests.support.broker import Broker
from tests.support.guide import Guide
from tests.support.ports import free_port
from tests.support.waiting import PATIENCE_S

pytestmark = pytest.mark.timeout(120)


async def scraped(port: int) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Name and labels of every sample → value."""
    async with httpx.AsyncClient(trust_env=False) as client:
        text = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
    families = text_string_to_metric_families(text)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


async def scraped_with(port: int, *names: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """The same, when these are among it: a process learns some of what it tells after it is ready."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            samples = await scraped(port)
            if {name for name, _ in samples}.issuperset(names):
                return samples
            await asyncio.sleep(0.05)


def first_port_of_all() -> int:
    """The first of neighbouring ports, one for each process, that nobody listens on at the moment."""
    while True:
        ports = [free_port() for _ in PROCESSES]
        if ports[-1] - ports[0] == len(ports) - 1:
            return ports[0]


async def test_every_process_is_scraped_and_a_turn_is_in_the_histograms(
    broker: Broker, tmp_path: Path
) -> None:
    first = first_port_of_all()
    ports: dict[ProcessName, int] = {name: first + index for index, name in enumerate(PROCESSES)}
    settings = {"SHUTTLE_GUIDE_METRICS__ENABLED": "true", "SHUTTLE_GUIDE_METRICS__PORT": str(first)}
    async with Guide(tmp_path / "guide", broker.port, settings) as guide:
        await guide.until_ready()
        turn = await guide.say("event", label="dog", count=2)
        samples = {name: await scraped(port) for name, port in ports.items()}
        for name in PROCESSES:
            assert samples[name]["shuttle_guide_ready", ()] == 1
            assert samples[name]["shuttle_guide_process_resident_memory_bytes", ()] > 0
        assert samples["commentator"]["shuttle_guide_ahead_left", (("of", "requests"),)] > 0
        budget = ("shuttle_guide_rung_budget_seconds", (("rung", "espeak"), ("stage", "voice")))
        assert samples["speaker"][budget] > 0
        kind, rungs = turn["kind"], turn["rungs"]
        timed = (("kind", kind), ("rung", rungs["voice"]), ("stage", "first_sample"))
        commentator = samples["commentator"]
        assert commentator["shuttle_guide_turn_stage_seconds_count", timed] == 1
        told_s = turn["stages_ms"]["first_sample"] / 1000
        assert commentator["shuttle_guide_turn_stage_seconds_sum", timed] == pytest.approx(told_s, abs=0.001)
        assert commentator["shuttle_guide_rung_usable", (("rung", "phrasebook"), ("stage", "model"))] == 1
        assert samples["speaker"]["shuttle_guide_output_open", ()] == 1
        told = ("broker_connected", "microphone_off", "disk_free_bytes")
        telemetry = await scraped_with(ports["telemetry"], *(f"shuttle_guide_{name}" for name in told))
        assert telemetry["shuttle_guide_broker_connected", (("broker", "device"),)] == 1
        assert telemetry["shuttle_guide_microphone_off", ()] == 0
        assert telemetry["shuttle_guide_disk_free_bytes", ()] > 0
        assert not any(name.startswith("shuttle_guide_outbox") for name, _ in telemetry)
        assert not any(turn["turn_id"] in str(key) for one in samples.values() for key in one)


async def test_what_is_counted_is_scraped(broker: Broker, tmp_path: Path) -> None:
    first = first_port_of_all()
    settings = {"SHUTTLE_GUIDE_METRICS__ENABLED": "true", "SHUTTLE_GUIDE_METRICS__PORT": str(first)}
    async with Guide(tmp_path / "guide", broker.port, settings) as guide:
        await guide.until_ready()
        await guide.publish("event", b"\xff\xfe")
        # Who is held up for some seconds is left out of the state meanwhile.
        state = await guide.until_state(
            lambda state: bool(state["processes"].get("ingest", {}).get("counters"))
        )
        counters = state["processes"]["ingest"]["counters"]
        samples = await scraped(first)
        assert {samples["shuttle_guide_events_total", (("event", name),)] for name in counters} == {1}


async def test_a_port_that_is_taken_costs_the_metrics_alone(broker: Broker, tmp_path: Path) -> None:
    first = first_port_of_all()
    settings = {"SHUTTLE_GUIDE_METRICS__ENABLED": "true", "SHUTTLE_GUIDE_METRICS__PORT": str(first)}
    with socket.create_server(("127.0.0.1", first + PROCESSES.index("commentator"))):
        async with Guide(tmp_path / "guide", broker.port, settings) as guide:
            await guide.until_ready()
            assert (await guide.say("event", label="dog"))["outcome"] == "spoken"
            assert guide.log().count("no metrics: port") == 1
            assert await scraped(first)
