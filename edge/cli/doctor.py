"""``shuttle-guide doctor``: is everything there that is needed, and is what was asked for really used?

What is used is asked of the running processes (their ``state`` feed); what they are not there to tell is
looked up directly.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import platform
import shutil
import sys
from collections.abc import Iterator
from typing import Literal, NamedTuple

import zmq.asyncio
from rich.table import Table

from edge.bus import FeedSubscriber
from edge.bus.topology import PROCESSES, feed_path
from edge.cli.doctor_clouds import cloud_reports
from edge.cli.doctor_listener import listening_needs
from edge.cli.show import console
from edge.config import Settings
from edge.messages import ProcessState, new_id
from edge.models.voices import piper_voices
from edge.mqtt import MqttSession, SessionOptions
from edge.telemetry.payloads import RUNG_PREFIXES

LISTEN_S = 2.5
"""Longer than two heartbeats: who is silent for so long is not running."""
BROKER_TIMEOUT_S = 3.0


class Check(NamedTuple):
    """One line of the report. ``missing`` makes the doctor's exit code 1."""

    name: str
    verdict: Literal["ok", "absent", "missing"]
    requested: str
    actual: str
    advice: str = ""


def doctor(options: argparse.Namespace, settings: Settings) -> int:
    """0 when nothing that is needed is missing; optional things may be absent."""
    checks = asyncio.run(_examine(settings))
    if options.as_json:
        print(json.dumps([check._asdict() for check in checks], ensure_ascii=False, indent=2))
    else:
        _show(checks)
    return 1 if any(check.verdict == "missing" for check in checks) else 0


async def _examine(settings: Settings) -> list[Check]:
    broker, states, clouds = await asyncio.gather(
        _broker(settings), _running(settings), cloud_reports(settings)
    )
    checks = [
        Check("python", "ok", ">= 3.11", f"{platform.python_version()} on {platform.machine()}"),
        broker,
    ]
    checks += _programs(settings)
    checks += _keys(settings)
    # A cloud that is away is no reason to be unready: the next rung of the ladder is there.
    checks += [
        Check(cloud.name, "absent" if cloud.error else "ok", cloud.requested, cloud.actual, cloud.error)
        for cloud in clouds
    ]
    checks += [
        Check(need.name, "absent" if need.advice else "ok", need.requested, need.actual, need.advice)
        for need in listening_needs(settings)
    ]
    checks += _processes(states)
    if "speaker" not in states:
        checks.append(_sound(settings))
    return checks


async def _broker(settings: Settings) -> Check:
    address = f"{settings.mqtt.host}:{settings.mqtt.port}"
    session = MqttSession(settings.mqtt, SessionOptions(client_id=f"shuttle-guide-doctor-{new_id()}"))
    session.start()
    try:
        async with asyncio.timeout(BROKER_TIMEOUT_S):
            await session.wait_connected()
        return Check("broker", "ok", address, session.state.text)
    except TimeoutError:
        advice = "start Mosquitto, or set SHUTTLE_GUIDE_MQTT__HOST and …_MQTT__PORT"
        return Check("broker", "missing", address, session.state.text, advice)
    finally:
        await session.close()


async def _running(settings: Settings) -> dict[str, ProcessState]:
    """What the running processes say of themselves, by name."""
    context = zmq.asyncio.Context()
    states: dict[str, ProcessState] = {}
    feeds = {feed_path(settings.runtime_dir, process): [ProcessState] for process in PROCESSES}
    with contextlib.suppress(TimeoutError):
        async with (
            asyncio.timeout(LISTEN_S),
            contextlib.aclosing(FeedSubscriber(feeds).messages(context)) as news,
        ):
            async for message in news:
                if isinstance(message, ProcessState):
                    states[message.process] = message
                if len(states) == len(PROCESSES):
                    break
    return states


def _programs(settings: Settings) -> Iterator[Check]:
    espeak = shutil.which("espeak-ng")
    needed = "espeak" in settings.speaker.voices
    verdict: Literal["ok", "absent", "missing"] = "ok" if espeak else "missing" if needed else "absent"
    yield Check(
        "espeak-ng",
        verdict,
        "the voice that cannot fail",
        espeak or "not found",
        "" if espeak else "apt-get install espeak-ng",
    )
    for language, path in piper_voices(settings).items():
        there = path.is_file()
        actual = "there" if there else "no such file"
        yield Check(f"piper voice {language}", "ok" if there else "absent", str(path), actual)


def _keys(settings: Settings) -> Iterator[Check]:
    for name, key in (
        ("GROQ_API_KEY", settings.groq.api_key),
        ("OPENAI_API_KEY", settings.openai.api_key),
        ("ELEVENLABS_API_KEY", settings.elevenlabs.api_key),
    ):
        advice = "" if key else "optional: without it the next rung of the ladder is used"
        yield Check(name, "ok" if key else "absent", "set", "set" if key else "not set", advice)


def _processes(states: dict[str, ProcessState]) -> Iterator[Check]:
    for process in PROCESSES:
        state = states.get(process)
        if state is None:
            yield Check(
                process,
                "absent",
                "running",
                "not running",
                "`shuttle-guide up`, or systemctl start shuttle-guide.target",
            )
            continue
        yield Check(process, "ok" if state.ready else "missing", "ready", state.status)
        for fact, value in state.facts.items():
            verdict = _verdict_of(fact, value)
            yield Check(
                f"  {fact}", verdict, "", value, "" if verdict == "ok" else "see the line; it is tried again"
            )


def _verdict_of(fact: str, value: str) -> Literal["ok", "absent", "missing"]:
    """Without an output there is no guide; a rung that is skipped is only not there at present."""
    if fact == "output":
        return "ok" if value.endswith(": open") else "missing"
    is_rung = fact.startswith(RUNG_PREFIXES)
    return "absent" if is_rung and value != "ok" else "ok"


def _sound(settings: Settings) -> Check:
    """Only while no speaker runs: it would hold the device."""
    from edge.speaker.sound_card import has_sound_card

    requested = settings.speaker.output
    if requested == "null" or requested.startswith("wav:"):
        return Check("sound", "ok", requested, requested)
    if has_sound_card():
        return Check("sound", "ok", requested, "a sound card is there")
    advice = "no sound card: SHUTTLE_GUIDE_SPEAKER__OUTPUT=wav:out/guide.wav writes a file instead"
    return Check("sound", "missing", requested, "no output device", advice)


def _show(checks: list[Check]) -> None:
    table = Table(title=f"shuttle-guide doctor, Python {sys.version.split()[0]}")
    for column in ("", "what", "requested", "actual", "what to do"):
        table.add_column(column, overflow="fold")
    signs = {"ok": "[green]ok[/green]", "absent": "[yellow]absent[/yellow]", "missing": "[red]missing[/red]"}
    for check in checks:
        table.add_row(signs[check.verdict], check.name, check.requested, check.actual, check.advice)
    console.print(table)
