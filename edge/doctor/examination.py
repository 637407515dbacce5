"""All checks, in the order in which they are shown."""

from __future__ import annotations

import asyncio
from datetime import date

from edge.config import Settings
from edge.config.notes import notes_on
from edge.doctor.broker import check_broker
from edge.doctor.check import Check
from edge.doctor.clouds import check_clouds
from edge.doctor.engines import check_engines
from edge.doctor.gate import check_gate
from edge.doctor.listening import check_listening, check_microphone
from edge.doctor.machine import check_machine
from edge.doctor.processes import ask_processes, check_processes
from edge.doctor.recognizer_server import check_recognizer_server
from edge.doctor.sound_cards import check_sound_cards
from edge.doctor.speaking import check_keys, check_sound_card, check_speaking
from edge.masking import masked
from edge.vitals.tree import Tree


async def examine(settings: Settings) -> list[Check]:
    """Takes as long as the slowest cloud, and as the loading of a model."""
    machine, broker, states, clouds = await asyncio.gather(
        asyncio.to_thread(lambda: list(check_machine(Tree(), settings))),
        check_broker(settings),
        ask_processes(settings),
        check_clouds(settings),
    )
    # On its own: it would make the clouds look slow.
    engines = await check_engines(settings, listener_runs="listener" in states)
    checks = [
        *machine,
        *check_sound_cards(Tree(), settings),
        *engines,
        broker,
        *check_keys(settings),
        *clouds,
        check_gate(settings),
        *(Check("setting", "absent", "", note) for note in notes_on(settings, date.today())),
        *check_speaking(settings),
        *([] if "speaker" in states else [check_sound_card(settings)]),  # it would hold the device
        *([] if "listener" in states else check_microphone(settings)),
        *check_listening(settings),
        *check_processes(states),
        *await check_recognizer_server(settings),
    ]
    return [check.cleaned(masked) for check in checks]
