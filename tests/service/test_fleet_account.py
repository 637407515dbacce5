"""A shuttle with an account instead of a certificate: TLS, and a password that the broker knows."""

from __future__ import annotations

from pathlib import Path

from edge.config import FleetSettings
from edge.config.secret import Secret
from tests.support.broker import Broker, running
from tests.support.fleet_broker import Certificates, Operator
from tests.support.telemetry_alone import TelemetryAlone


class AccountBroker(Broker):
    """Takes whoever has an account; its own certificate is of an authority of its own."""

    def __init__(self, folder: Path) -> None:
        self.certificates = Certificates(folder / "certificates")
        certificate, key = self.certificates.sign("broker", host="127.0.0.1")
        tls = (f"cafile {self.certificates.ca}", f"certfile {certificate}", f"keyfile {key}")
        super().__init__(folder, accounts={"test": "right", "operator": "right"}, persistent=True, extra=tls)

    def fleet_settings(self, name: str, password: str = "right") -> FleetSettings:
        return FleetSettings(
            host="127.0.0.1",
            port=self.port,
            ca_file=str(self.certificates.ca),
            username=name,
            password=Secret(password),
        )


def environment(fleet: AccountBroker, broker: Broker, password: str) -> dict[str, str]:
    return {
        "SHUTTLE_GUIDE_MQTT__PORT": str(broker.port),
        "SHUTTLE_GUIDE_FLEET__HOST": "127.0.0.1",
        "SHUTTLE_GUIDE_FLEET__PORT": str(fleet.port),
        "SHUTTLE_GUIDE_FLEET__CA_FILE": str(fleet.certificates.ca),
        "SHUTTLE_GUIDE_FLEET__USERNAME": "test",
        "SHUTTLE_GUIDE_FLEET__PASSWORD": password,
    }


async def test_an_account_gets_in_by_its_password_alone(tmp_path: Path, broker: Broker) -> None:
    with running(AccountBroker(tmp_path / "fleet")) as fleet:
        assert isinstance(fleet, AccountBroker)
        async with Operator(fleet).there() as operator:
            async with TelemetryAlone(tmp_path / "wrong", environment(fleet, broker, "wrong")) as telemetry:
                await telemetry.until(
                    lambda: bool(telemetry.state and "refused" in telemetry.state.facts.get("fleet", "")),
                    "a refusal",
                )
                assert operator.came == []
                assert "wrong" not in telemetry.log().replace(str(tmp_path), "")
            async with TelemetryAlone(tmp_path / "right", environment(fleet, broker, "right")) as telemetry:
                telemetry.end_turn("one")
                await operator.until(lambda: bool(operator.told("turn")), "a turn", telemetry.log)
                command = await operator.command("test/cmd/report")
                await operator.until(
                    lambda: operator.receipts(command) == ["accepted", "done"], "receipts", telemetry.log
                )
