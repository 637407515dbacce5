"""The console by itself, before a broker; the test stands in for all other processes."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx

from edge.bus import FeedPublisher
from edge.bus.topology import GUIDING
from edge.messages import (
    Control,
    Feed,
    Kind,
    Playback,
    Priority,
    ProcessName,
    ProcessState,
    RungTry,
    StageTime,
    Turn,
)
from tests.support.ports import free_port
from tests.support.process_alone import ProcessAlone

TOKEN = "a token of the tests, long enough"


class ConsoleAlone(ProcessAlone):
    """``shuttle-guide run console`` with pages on a loopback port; ready means that they are served."""

    def __init__(self, folder: Path, broker_port: int, environment: Mapping[str, str] | None = None) -> None:
        self.port = free_port()
        ours = {
            "SHUTTLE_GUIDE_CONSOLE__ENABLED": "true",
            "SHUTTLE_GUIDE_CONSOLE__PORT": str(self.port),
            "SHUTTLE_GUIDE_MQTT__PORT": str(broker_port),
        }
        super().__init__("console", folder, ours | dict(environment or {}))
        self.feeds = {name: FeedPublisher(self.runtime_dir, name) for name in GUIDING}

    def _is_ready(self) -> bool:
        """Served, and the news that a test tells once reach it."""
        watches = all(feed.is_watched(ProcessState) for feed in self.feeds.values())
        return super()._is_ready() and watches and self.feeds["commentator"].is_watched(Turn)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def tell(self, process: ProcessName, message: Feed) -> None:
        """A process's news, once."""
        self.feeds[process].publish(message)

    def all_ready(self, facts: Mapping[str, str] | None = None) -> None:
        """Every other process says that it is well; ``facts`` are the commentator's."""
        for name in GUIDING:
            told = dict(facts or {}) if name == "commentator" else {}
            self.feeds[name].keep(
                ProcessState(process=name, instance="i", ready=True, status="well", facts=told)
            )

    def play(self, text: str | None, heard: str = "", *, muted: bool = False) -> None:
        """The speaker says what sounds."""
        self.feeds["speaker"].keep(
            Playback(
                instance="i",
                started_mono=0.0,
                turn_id="sounding" if text else None,
                text=text,
                heard=heard,
                output="open",
                voice="espeak",
                muted=muted,
                volume=0.5,
            )
        )

    def obey(self, **control: Any) -> None:
        self.feeds["ingest"].keep(Control(**control))

    def client(self, **more: Any) -> httpx.AsyncClient:
        """A client of its pages and API."""
        return httpx.AsyncClient(base_url=self.address, timeout=20.0, trust_env=False, **more)

    @contextlib.asynccontextmanager
    async def events(self, page: str) -> AsyncIterator[AsyncIterator[dict[str, str]]]:
        """What a page is told: id of a part → its content."""
        async with self.client() as client, client.stream("GET", f"/events/{page}") as response:
            assert response.status_code == 200, response.status_code
            yield _parts(response)

    def _connect(self) -> None:
        for feed in self.feeds.values():
            feed.start(self._context)

    async def _disconnect(self) -> None:
        for feed in self.feeds.values():
            await feed.close()


async def _parts(response: httpx.Response) -> AsyncIterator[dict[str, str]]:
    async for line in response.aiter_lines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


def ended_turn(turn_id: str = "t1", *, text: str = "Справа собака.", kind: Kind = "remark") -> Turn:
    """A turn with a timeline."""
    stages = (
        ("received", 100.0),
        ("accepted", 100.01),
        ("first_text", 100.3),
        ("first_audio", 100.5),
        ("first_sample", 100.52),
        ("first_content", 100.52),
        ("last_sample", 102.5),
    )
    return Turn(
        turn_id=turn_id,
        trigger_id=f"trigger of {turn_id}",
        kind=kind,
        priority=Priority.REMARK,
        language="ru",
        text=text,
        outcome="spoken",
        models=("groq", "phrasebook"),
        voices=("espeak",),
        received_at=1.8e9,
        stages=tuple(StageTime(*stage) for stage in stages),  # type: ignore[arg-type]  # names are literals
        tries=(
            RungTry(stage="model", rung="cerebras", fate="skipped", reason="the key is wrong"),
            RungTry(stage="model", rung="groq", fate="used", begun_mono=100.01, until_mono=100.28),
            RungTry(stage="model", rung="phrasebook", fate="lost", begun_mono=100.25, until_mono=100.28),
            RungTry(stage="voice", rung="espeak", fate="used", begun_mono=100.31, until_mono=100.5),
        ),
        spent={"groq.remark.requests": 1, "groq.remark.tokens_in": 320, "groq.remark.tokens_out": 24},
    )
