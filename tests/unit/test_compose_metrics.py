"""The compose file of the fleet's metrics: known to compose's own schema, and of files that are there.

Images cannot be pulled everywhere, so that nothing is started here; the roles run the same files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.compose import compose_file

FLEET = Path(__file__).parents[2] / "deploy" / "fleet"
MADE_BY_THE_OPERATOR = {"./tls"}


def compose() -> dict[str, Any]:
    return compose_file(FLEET / "compose.metrics.yaml")


def test_what_is_mounted_is_there() -> None:
    mounted = {each for service in compose()["services"].values() for each in service["volumes"]}
    folders = {each.split(":")[0] for each in mounted} - MADE_BY_THE_OPERATOR
    named = {each for each in folders if not each.startswith(".")}
    assert named == compose()["volumes"].keys()
    assert [each for each in folders - named if not (FLEET / each).exists()] == []
    assert [each for each in mounted if each.startswith(".") and not each.endswith(":ro")] == []


def test_only_the_door_is_open_to_the_outside() -> None:
    services = compose()["services"]
    ports = services["metrics-door"]["ports"]
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == ["9443:9443"]
    others = {name: service for name, service in services.items() if name != "metrics-door"}
    assert all("ports" not in service for service in others.values())
    assert {service["network_mode"] for service in others.values()} == {"service:metrics-door"}
    assert "no-new-privileges:true" in services["prometheus"]["security_opt"]


def test_it_runs_as_the_roles_do() -> None:
    drop_in = FLEET.parent / "ansible/roles/monitoring/templates/prometheus.conf.j2"
    by_role = set(drop_in.read_text("utf-8").split())
    assert "--web.enable-remote-write-receiver" in by_role & set(
        compose()["services"]["prometheus"]["command"]
    )
