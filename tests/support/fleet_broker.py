"""A fleet's broker of the tests' own: Mosquitto with TLS and client certificates, and who watches it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import subprocess
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pytest

from edge.config import FleetSettings, MqttSettings
from edge.fleet.broker import broker_of, tls_of
from edge.fleet.reading import FleetReader
from edge.mqtt import Incoming, MqttSession, SessionOptions
from tests.support.broker import Broker, running

PATIENCE_S = 60.0
JsonObject = dict[str, Any]


class Certificates:
    """An authority in ``folder``, and what it has signed."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("openssl") is None:
            pytest.skip("needs openssl")
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.ca = folder / "ca.pem"
        self._make("ca", "-x509", "-days", "30", "-subj", "/CN=fleet authority")

    def sign(self, name: str, *, host: str | None = None) -> tuple[Path, Path]:
        """A certificate and its key; ``host``: for a server of this address."""
        self._make(name, "-subj", f"/CN={name}")
        extensions = self._folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName=IP:{host}\n" if host else "basicConstraints=CA:FALSE\n")
        given = ("-CA", self.ca, "-CAkey", self._folder / "ca.key", "-CAcreateserial", "-days", "30")
        self._openssl(
            *("x509", "-req", "-in", self._folder / f"{name}.pem", *given),
            *("-extfile", extensions, "-out", self._folder / f"{name}.crt"),
        )
        return self._folder / f"{name}.crt", self._folder / f"{name}.key"

    def _make(self, name: str, *more: str) -> None:
        kind = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        files = ("-keyout", self._folder / f"{name}.key", "-out", self._folder / f"{name}.pem")
        self._openssl("req", "-new", *kind, *files, *more)

    def _openssl(self, *arguments: str | Path) -> None:
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class FleetBroker(Broker):
    """Takes only whom the authority has signed; keeps its sessions over restarts.

    Args:
        saves_each_change: it keeps them also when it is killed; that is slow where there are many.
    """

    def __init__(self, folder: Path, *, extra: tuple[str, ...] = (), saves_each_change: bool = True) -> None:
        self.certificates = Certificates(folder / "certificates")
        certificate, key = self.certificates.sign("broker", host="127.0.0.1")
        tls = (
            f"cafile {self.certificates.ca}",
            f"certfile {certificate}",
            f"keyfile {key}",
            "require_certificate true",
        )
        saving = ("autosave_on_changes true", "autosave_interval 1") if saves_each_change else ()
        log = "all" if saves_each_change else "warning"
        super().__init__(folder, persistent=True, extra=(*tls, *saving, *extra), log=log)

    def fleet_settings(self, name: str) -> FleetSettings:
        """How somebody of this name gets in."""
        certificate, key = self.certificates.sign(name)
        return FleetSettings(
            host="127.0.0.1",
            port=self.port,
            ca_file=str(self.certificates.ca),
            cert_file=str(certificate),
            key_file=str(key),
        )

    def environment(self, name: str, *groups: str) -> dict[str, str]:
        """The same, for a process of the guide."""
        return environment_of(self.fleet_settings(name), *groups)


class Entrance(Protocol):
    """Where somebody who has a certificate gets in."""

    def fleet_settings(self, name: str) -> FleetSettings: ...


def environment_of(settings: FleetSettings, *groups: str) -> dict[str, str]:
    """The settings of a process of the guide."""
    keys = ("host", "port", "ca_file", "cert_file", "key_file")
    return {f"SHUTTLE_GUIDE_FLEET__{key.upper()}": str(getattr(settings, key)) for key in keys} | (
        {"SHUTTLE_GUIDE_FLEET__GROUPS": ",".join(groups)} if groups else {}
    )


class Operator:
    """Hears everything that the shuttles tell, and commands.

    The broker keeps for it what comes while it is away.

    Args:
        name: of its certificate.
    """

    def __init__(
        self, broker: Entrance, name: str = "operator", *, topics: tuple[str, ...] = ("guide/v1/#",)
    ) -> None:
        settings = broker.fleet_settings(name)
        self.came: list[tuple[str, JsonObject]] = []
        self._reader = FleetReader()
        self._read: dict[str, list[JsonObject]] = {}
        """Leaf → frames, each once."""
        self._session = MqttSession(
            _quick(broker_of(settings)),
            SessionOptions(client_id=f"guide-operator-{name}", subscriptions=topics, session_expiry_s=86_400),
            on_message=self._take,
            tls=tls_of(settings),
        )

    @contextlib.asynccontextmanager
    async def there(self) -> AsyncIterator[Operator]:
        async with self._session:
            async with asyncio.timeout(PATIENCE_S):
                await self._session.wait_connected()
            yield self

    async def command(self, topic: str, **body: Any) -> str:
        """Publish below ``guide/v1/``; returns the command's id."""
        command = {"id": uuid.uuid4().hex, "ts": time.time()} | body
        await self.publish(topic, json.dumps(command))
        return str(command["id"])

    async def publish(self, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await self._session.publish(f"guide/v1/{topic}", payload, retain=retain)

    def told(self, leaf: str) -> list[JsonObject]:
        """Frames on ``guide/v1/…/{leaf}``, as they came."""
        return [frame for topic, frame in self.came if topic.endswith(f"/{leaf}")]

    def read(self, leaf: str) -> list[JsonObject]:
        """The same, as ``fleet watch`` gives them out: each once."""
        return list(self._read.get(leaf, ()))

    def bodies(self, leaf: str) -> list[JsonObject]:
        return [frame["body"] for frame in self.told(leaf)]

    def receipts(self, command: str) -> list[str]:
        """The states that a command was in, one after the other."""
        bodies = [frame["body"] for frame in self.read("receipt")]
        return [body["state"] for body in bodies if body["command"] == command]

    async def until_told(self, leaf: str, log: Callable[[], str] = str, count: int = 1) -> list[JsonObject]:
        """Wait for so many frames on a leaf; returns the bodies of all that came, each once."""
        await self.until(lambda: len(self.read(leaf)) >= count, f"{count} × {leaf}", log)
        return [frame["body"] for frame in self.read(leaf)]

    async def until(self, fulfilled: Callable[[], bool], what: str, log: Callable[[], str] = str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not fulfilled():
            await asyncio.sleep(0.02)
            if time.monotonic() > deadline:
                tail = "\n".join(log().splitlines()[-25:])
                raise AssertionError(f"waited in vain for {what}; came: {self.came[-8:]}\n{tail}")

    async def until_quiet(self) -> None:
        """Wait until nobody has told anything for a while."""
        count = -1
        while count != len(self.came):
            count = len(self.came)
            await asyncio.sleep(2.0)

    def _take(self, message: Incoming) -> None:
        if not message.payload:
            return
        self.came.append((message.topic, json.loads(message.payload)))
        if read := self._reader.read(message.topic, message.payload):
            self._read.setdefault(read.leaf, []).append(msgspec.to_builtins(read.frame))


def _quick(settings: MqttSettings) -> MqttSettings:
    return msgspec.structs.replace(settings, backoff_max_s=0.5)


@pytest.fixture
def fleet_broker(tmp_path: Path) -> Iterator[FleetBroker]:
    """A running fleet's broker."""
    with running(FleetBroker(tmp_path / "fleet")) as started:
        assert isinstance(started, FleetBroker)
        yield started
