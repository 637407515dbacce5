"""The two dashboards: current, known to Grafana's schema, and each query finds something."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from scripts import dashboards
from scripts.dashboards.__main__ import FOLDER, texts
from scripts.dashboards.fleet import FLEET
from scripts.dashboards.panel import Panel
from scripts.dashboards.shuttle import SHUTTLE
from tests.service.test_fleet_rules import exist, used
from tests.support.metrics_fleet import FILES, MetricsFleet, program
from tests.support.recorded_drive import HOURS, openmetrics
from tests.support.served import Served, until

PANELS = [
    (name, panel)
    for name, rows in (("fleet", FLEET), ("shuttle", SHUTTLE))
    for row in rows.values()
    for panel in row
]
FIRING = 'ALERTS{alertstate="firing",shuttle="s2"}'
OF_THE_CLIENT = {"shuttle_guide_process_resident_memory_bytes"}


def test_they_are_current() -> None:
    written = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.json")}
    assert written == texts(), f"run `python -m {dashboards.__name__}`"


@pytest.mark.parametrize("name", ["fleet.json", "shuttle.json"])
def test_grafanas_schema_knows_all_that_is_in_them(name: str) -> None:
    """What it does not know is gone when it is written again."""
    content = json.loads((FOLDER / name).read_text("utf-8"))
    again = json.loads(json.dumps(Dashboard.from_json(content), cls=JSONEncoder))
    assert again == content


@pytest.mark.parametrize("name", ["fleet.json", "shuttle.json"])
def test_what_they_are_read_from_is_provisioned(name: str) -> None:
    source = yaml.safe_load((FILES / "grafana/provisioning/datasources/fleet.yml").read_text("utf-8"))
    (provisioned,) = source["datasources"]
    content = json.loads((FOLDER / name).read_text("utf-8"))
    asked = {
        json.dumps(each["datasource"], sort_keys=True)
        for panel in content["panels"]
        for each in (panel, *panel.get("targets", ()))
        if "datasource" in each
    }
    assert asked == {json.dumps({"type": provisioned["type"], "uid": provisioned["uid"]}, sort_keys=True)}


def test_each_query_is_made_of_metrics_that_exist() -> None:
    queries = [query.expr for _, panel in PANELS for query in panel.queries]
    assert used(*queries) - exist() - OF_THE_CLIENT == set()


def test_whoever_is_told_of_something_can_look_at_it() -> None:
    shown = used(*(query.expr for _, panel in PANELS for query in panel.queries))
    rules = [path.read_text("utf-8") for path in (FILES / "prometheus/rules").glob("*.yml")]
    ends = re.compile("_(bucket|count)$")
    assert {ends.sub("", name) for name in used(*rules)} - {ends.sub("", name) for name in shown} == set()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, float]]:
    """A Prometheus with hours of three shuttles, whose alerts have been evaluated; and when the hours end."""
    program("prometheus")
    folder = tmp_path_factory.mktemp("recorded")
    fleet = MetricsFleet(folder / "fleet")
    end_at = float(int(time.time()))
    text = folder / "drive.om"
    text.write_text("\n".join(openmetrics(end_at)) + "\n")
    blocks = (program("promtool"), "tsdb", "create-blocks-from", "openmetrics", text, folder / "fleet/tsdb")
    subprocess.run(blocks, check=True, capture_output=True)
    with fleet.prometheus() as prometheus:
        until(lambda: asked(prometheus, FIRING, time.time()), "alerts", prometheus.log)
        yield prometheus, end_at


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("board", "panel"), PANELS, ids=lambda part: part if isinstance(part, str) else part.title
)
def test_each_query_finds_something(recorded: tuple[Served, float], board: str, panel: Panel) -> None:
    prometheus, end_at = recorded
    for query in panel.queries:
        text = query.expr.replace("$__rate_interval", "2m").replace("$shuttle", "s2")
        if panel.kind in ("stat", "table"):
            found = asked(prometheus, text, time.time() if "ALERTS" in text else end_at)
        else:
            found = over_time(prometheus, text, end_at)
        assert found, f"{panel.title}: {text}"
        labels = set(re.findall(r"{{(\w+)}}", query.legend))
        assert all(labels <= each["metric"].keys() for each in found), f"{query.legend}: {found[0]['metric']}"
        if panel.kind == "table":
            assert all(each["metric"].keys() == {"shuttle"} for each in found), text


def test_who_is_silent_and_who_is_not_is_told_apart(recorded: tuple[Served, float]) -> None:
    prometheus, end_at = recorded
    silent = next(panel for _, panel in PANELS if panel.title == "Shuttles silent").queries[0].expr
    assert [each["value"][1] for each in asked(prometheus, silent, end_at)] == ["1"]


def asked(prometheus: Served, query: str, at: float) -> list[dict[str, Any]]:
    return result(prometheus.get("/api/v1/query", query=query, time=at))


def over_time(prometheus: Served, query: str, end_at: float) -> list[dict[str, Any]]:
    """The last step is the end: alerts are evaluated now, and only since a moment."""
    end = time.time() if "ALERTS" in query else end_at
    span = {"start": end - HOURS * 3600, "end": end, "step": 60}
    return result(prometheus.get("/api/v1/query_range", query=query, **span))


def result(answer: dict[str, Any]) -> list[dict[str, Any]]:
    assert answer["status"] == "success", answer
    found: list[dict[str, Any]] = answer["data"]["result"]
    return found
