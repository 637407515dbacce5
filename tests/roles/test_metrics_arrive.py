"""A guide's metrics on their way: the role's agent, the fleet's door, Prometheus, Alertmanager."""

from __future__ import annotations

import asyncio
import http.server
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from edge.bus.topology import PROCESSES
from scripts.dashboards.panel import Panel
from tests.service.test_dashboards import PANELS
from tests.service.test_metrics import first_port_of_all
from tests.support.broker import Broker
from tests.support.fleet import ANSIBLE
from tests.support.guide import Guide
from tests.support.metrics_fleet import MetricsFleet, program
from tests.support.metrics_role import MetricsRole
from tests.support.remote_write import HEADERS, request
from tests.support.served import Served, until

pytestmark = [
    pytest.mark.skipif(not ANSIBLE.exists(), reason="no Ansible in .venv-deploy; run: make setup"),
    pytest.mark.timeout(400),
]


@pytest.fixture
def fleet(tmp_path: Path) -> MetricsFleet:
    for name in ("prometheus", "prometheus-alertmanager", "nginx"):
        program(name)
    return MetricsFleet(tmp_path / "fleet")


def agent_of(folder: Path, fleet: MetricsFleet, first_port: int, **settings: Any) -> MetricsRole:
    """What the role sets up for a shuttle ``s1``; it reads once a second, so that a test need not wait."""
    role = MetricsRole(folder, program("prometheus"))
    given = {
        "metrics_url": fleet.write_url,
        "metrics_tls": fleet.tls("s1"),
        "metrics_interval_s": 5,
        "guide_settings": {"metrics": {"enabled": True, "port": first_port}},
    } | settings
    played, _ = role.play(given)
    assert played.returncode == 0, played.output
    config = role.root / "etc/shuttle-metrics/agent.yml"
    quick = {"scrape_interval: 5s": "scrape_interval: 1s", "max_backoff: 30s": "max_backoff: 1s"}
    text = config.read_text()
    for ours, theirs in quick.items():
        assert ours in text
        text = text.replace(ours, theirs)
    config.write_text(text)
    return role


async def test_what_a_guide_measures_arrives_and_an_alert_reaches_who_is_told(
    broker: Broker, tmp_path: Path, fleet: MetricsFleet
) -> None:
    first = first_port_of_all()
    role = await asyncio.to_thread(agent_of, tmp_path / "role", fleet, first)
    settings = {"SHUTTLE_GUIDE_METRICS__ENABLED": "true", "SHUTTLE_GUIDE_METRICS__PORT": str(first)}
    async with Guide(tmp_path / "guide", broker.port, settings) as guide:
        await guide.until_ready()
        with fleet.all() as (prometheus, alerts), role.agent() as agent:

            def found(query: str) -> list[dict[str, Any]]:
                return vector(prometheus, query)

            async def until_found(query: str) -> list[dict[str, Any]]:
                await asyncio.to_thread(until, lambda: found(query), query, agent.log)
                return found(query)

            up = await until_found('count(up{job="shuttle-guide"} == 1) == 6')
            assert up
            labels = {
                (each["metric"]["shuttle"], each["metric"]["process"])
                for each in found("shuttle_guide_ready")
            }
            assert labels == {("s1", process) for process in PROCESSES}
            await guide.say("event", label="dog", count=2)
            turn = await until_found("shuttle_guide_turns_total")
            assert turn[0]["metric"]["outcome"] == "spoken"
            for _ in range(200):
                await guide.publish("event", b"\xff\xfe")
            await asyncio.to_thread(until, lambda: fleet.alerts(alerts), "an alert", prometheus.log)
            (alert,) = fleet.alerts(alerts)
            empty = {panel.title for _, panel in PANELS if not shown(prometheus, panel)}
    assert alert["labels"]["alertname"] == "ShuttleMessagesRefused"
    assert alert["labels"]["shuttle"] == "s1"
    assert alert["annotations"]["summary"].startswith("s1 has refused ")
    assert empty <= NOT_ALWAYS


NOT_ALWAYS = {
    "Temperatures",
    "Power",
    "Clock",
    "Outbox",
    "What waits for the fleet's broker",
    "Rungs that are skipped",
}
"""Panels that need a board's sensors, a time server, a fleet's broker or trouble; see
``service/test_dashboards.py``."""


def shown(prometheus: Served, panel: Panel) -> bool:
    """Whether any query of it finds something of a guide that runs."""
    found = []
    for query in panel.queries:
        text = query.expr.replace("$__rate_interval", "1m").replace("$shuttle", "s1")
        found += vector(prometheus, text)
    return bool(found)


def test_nothing_is_lost_in_a_dead_zone(tmp_path: Path, fleet: MetricsFleet) -> None:
    with numbered() as (port, given):
        role = agent_of(tmp_path / "role", fleet, port)
        with role.agent() as agent:
            with fleet.all() as (prometheus, _):
                until(lambda: numbers(prometheus), "the first number", agent.log)
            before, pieces = given[-1], role.pieces()
            until(lambda: given[-1] >= before + 15, "more numbers, while nobody takes them")
            assert len(set(role.pieces()) - set(pieces)) > 2
            with fleet.all() as (prometheus, _):
                until(lambda: given[-1] - 1 in numbers(prometheus), "what waited", agent.log)
                arrived, in_vain = numbers(prometheus), read_in_vain(prometheus)
    missing = set(range(arrived[0], arrived[-1] + 1)) - set(arrived)
    assert arrived == sorted(arrived)
    assert len(missing) <= in_vain, "on a busy machine the agent itself may give a reading up"
    assert len(arrived) > 15


def test_a_shuttle_whose_certificate_does_not_count_keeps_what_it_has_to_tell(
    tmp_path: Path, fleet: MetricsFleet
) -> None:
    """Until it has another one: what is refused for good would be thrown away."""
    stranger = MetricsFleet(tmp_path / "stranger").tls("s1") | {"authority": fleet.tls("s1")["authority"]}
    with numbered() as (port, given), fleet.all() as (prometheus, _):
        role = agent_of(tmp_path / "role", fleet, port, metrics_tls=stranger)
        with role.agent() as agent:
            until(lambda: len(given) > 4, "some numbers")
            assert numbers(prometheus) == []
            for name, text in fleet.tls("s1").items():
                (role.root / "etc/shuttle-metrics/secrets" / name).write_text(text)
            until(lambda: given[-1] - 1 in numbers(prometheus), "what waited", agent.log)
        assert numbers(prometheus)[0] <= 2


@pytest.mark.parametrize("window", [True, False], ids=["as it is", "without a window for what is late"])
def test_what_is_hours_old_is_taken_although_others_have_written_since(
    tmp_path: Path, fleet: MetricsFleet, window: bool
) -> None:
    config = tmp_path / "fleet/prometheus.yml"
    if not window:
        config.write_text(config.read_text().partition("storage:")[0])
    old_at = time.time() - 3 * 3600
    with fleet.prometheus() as prometheus:
        until(lambda: vector(prometheus, 'up{job="fleet"}'), "what is new", prometheus.log)
        body = request({"__name__": "number", "shuttle": "s1"}, 7, old_at)
        answer = httpx.post(
            f"{prometheus.url}/api/v1/write", content=body, headers=HEADERS, timeout=20, trust_env=False
        )
        found = prometheus.get("/api/v1/query", query="number", time=old_at + 1)["data"]["result"]
    assert (answer.status_code, len(found)) == ((204, 1) if window else (400, 0)), answer.text


def test_a_shuttle_may_write_and_read_nothing(tmp_path: Path, fleet: MetricsFleet) -> None:
    certificate, key = fleet.certificates.sign("s1")
    with fleet.all():
        base = fleet.write_url.removesuffix("/api/v1/write")
        context = fleet.ssl_context(certificate, key)
        with httpx.Client(verify=context, trust_env=False, timeout=20) as shuttle:
            assert (
                shuttle.post(f"{base}/api/v1/write").status_code == 400
            )  # the receiver's own: an empty body
            for path in ("/api/v1/query?query=up", "/api/v1/labels", "/graph", "/metrics", "/-/quit", "/"):
                assert shuttle.get(f"{base}{path}").status_code == 404, path
            assert shuttle.get(f"{base}/api/v1/write").status_code == 503
        with httpx.Client(verify=fleet.ssl_context(), trust_env=False, timeout=20) as nobody:
            assert nobody.post(f"{base}/api/v1/write").status_code == 503


@contextmanager
def numbered() -> Iterator[tuple[int, list[int]]]:
    """A port that tells another number each time that it is read, and the numbers that it told."""
    given: list[int] = []

    class Numbers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given.append(len(given) + 1)
            body = f"# TYPE number gauge\nnumber {given[-1]}\n".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    first = first_port_of_all()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", first), Numbers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield first, given
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def numbers(prometheus: Served) -> list[int]:
    """What has arrived of them, in the order of their times."""
    found = vector(prometheus, "number[1h]")
    return [int(value) for _, value in found[0]["values"]] if found else []


def read_in_vain(prometheus: Served) -> int:
    """How often the agent has not got a number within its second, or nobody was there to give one."""
    (series,) = vector(prometheus, "number[1h]")
    found = vector(prometheus, f'up{{process="{series["metric"]["process"]}"}}[1h]')
    return sum(value == "0" for _, value in found[0]["values"])


def vector(prometheus: Served, query: str) -> list[dict[str, Any]]:
    answer = prometheus.get("/api/v1/query", query=query, time=time.time() + 1)
    result: list[dict[str, Any]] = answer["data"]["result"]
    return result
