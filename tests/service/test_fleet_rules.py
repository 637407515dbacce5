"""The fleet's alerts: valid, each tested where it comes and where it does not, of metrics that exist."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from edge.bus.topology import PROCESSES
from edge.fleet.frame import AlarmName
from edge.metric_levels import LEVELS
from edge.metrics import Metrics
from edge.telemetry.alarms import DISK_LOW_MIB, MANY_REFUSED
from tests.support.metrics_fleet import FILES, program

RULES = sorted((FILES / "prometheus/rules").glob("*.yml"))
TESTS = sorted((FILES / "prometheus/tests").glob("*.yml"))
DOC = (Path(__file__).parents[2] / "docs/fleet.md").read_text("utf-8")


def loaded(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return content


def alerts() -> dict[str, dict[str, Any]]:
    groups = [group for path in RULES for group in loaded(path)["groups"]]
    return {rule["alert"]: rule for group in groups for rule in group["rules"] if "alert" in rule}


def test_the_rules_are_valid() -> None:
    subprocess.run([program("promtool"), "check", "rules", "--lint-fatal", *RULES], check=True)


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_the_rules_do_what_their_tests_say(path: Path) -> None:
    ended = subprocess.run(
        [program("promtool"), "test", "rules", path], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("name", sorted(alerts()))
def test_each_alert_is_tested_where_it_comes_and_where_it_does_not(name: str) -> None:
    tests = [each for path in TESTS for test in loaded(path)["tests"] for each in test["alert_rule_test"]]
    of_it = [bool(each["exp_alerts"]) for each in tests if each["alertname"] == name]
    assert {True, False} <= set(of_it)


@pytest.mark.parametrize("name", sorted(alerts()))
def test_each_alert_says_what_to_do(name: str) -> None:
    rule = alerts()[name]
    assert rule["annotations"].keys() == {"summary", "action"}
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert f"`{name}`" in DOC


def test_alerts_are_made_of_metrics_that_exist() -> None:
    assert used(*(str(rule["expr"]) for rule in alerts().values())) - exist() == set()


def test_an_alarm_of_the_shuttle_is_told_by_one_rule() -> None:
    (left_out,) = re.findall(r'alarm!~"(.+?)"', alerts()["ShuttleAlarm"]["expr"])
    assert set(left_out.split("|")) < set(get_args(AlarmName))


def test_bounds_are_those_of_the_shuttle() -> None:
    assert f"< {DISK_LOW_MIB} * 1024 * 1024" in alerts()["ShuttleDiskLow"]["expr"]
    assert alerts()["ShuttleMessagesRefused"]["expr"].endswith(f">= {MANY_REFUSED}")


def used(*expressions: str) -> set[str]:
    """Metrics of the guide in them."""
    return {name for text in expressions for name in re.findall(r"\bshuttle_guide_\w+", text)}


def exist() -> set[str]:
    """Every metric that a guide can tell."""
    found = {f"shuttle_guide_{level.metric}" + "_total" * level.only_rises for level in LEVELS.values()}
    for process in PROCESSES:
        for family in Metrics(process).registry.collect():
            match family.type:
                case "counter":
                    found.add(f"{family.name}_total")
                case "histogram":
                    found |= {family.name + end for end in ("_bucket", "_count", "_sum")}
                case "info":
                    found.add(f"{family.name}_info")
                case _:
                    found.add(family.name)
    return found
