"""``shuttle-guide demo``: everything the real way, once, from the camera's event to the loudspeaker."""

from __future__ import annotations

import argparse
import asyncio
from importlib.util import find_spec
from pathlib import Path

from edge.cli.client import GuideUnreachableError
from edge.cli.own_guide import own_guide
from edge.cli.show import console, show_turn
from edge.config import ENV_PREFIX, Settings
from edge.messages import Language
from edge.model_files.rhvoice_voices import rhvoice_voices
from edge.model_files.voices import installed_piper_voice

WAV = Path("out/demo.wav")
EVENT: dict[Language, str] = {
    "ru": "две собаки справа",
    "en": "two dogs on the right",
    "id": "dua anjing di kanan",
}


def demo(options: argparse.Namespace, settings: Settings) -> int:
    """Exit code 0 when the remark was spoken."""
    return asyncio.run(_demo(options, settings))


async def _demo(options: argparse.Namespace, settings: Settings) -> int:
    output = options.output or _choose_output(settings)
    text = options.text or EVENT[settings.shuttle.language]
    console.print(f"Starting a broker and the guide's processes; sound goes to [bold]{output}[/bold] …")
    environment = {
        f"{ENV_PREFIX}SPEAKER__OUTPUT": output,
        f"{ENV_PREFIX}COMMENTATOR__CHATTINESS": "unlimited",
    }
    environment |= _local_voice(settings)
    async with own_guide(environment) as (own, client):
        console.print(f"\nshuttle/{own.shuttle.id}/event ← [bold]{text}[/bold]\n")
        try:
            turn = await client.ask({"text": text}, timeout_s=30.0)
        except TimeoutError:
            raise GuideUnreachableError("no turn came of the event; the lines above tell why") from None
    console.print()
    show_turn(turn)
    if output.startswith("wav:"):
        path = Path(output.removeprefix("wav:"))
        console.print(f"\nThe remark was written to [bold]{path}[/bold]")
    return 0 if turn["outcome"] == "spoken" else 1


def _local_voice(settings: Settings) -> dict[str, str]:
    """Settings that let the best voice speak that is on this machine and that nobody has to allow."""
    language = settings.shuttle.language
    for voice in rhvoice_voices(settings):
        if voice.language == language and voice.there and not settings.rhvoice.allowed:
            allow = f"{ENV_PREFIX}RHVOICE__ALLOWED=true"
            console.print(f"RHVoice's {voice.name} is here too (licence: {voice.licence}): {allow}")
    name = installed_piper_voice(settings, language)
    if language in settings.piper.voices or not name or not find_spec("piper"):
        return {}
    console.print(f"Piper's [bold]{name}[/bold] is here, and speaks")
    return {f"{ENV_PREFIX}PIPER__VOICES__{language.upper()}": name}


def _choose_output(settings: Settings) -> str:
    """What is configured; and where that is the sound card but there is none, a WAV file."""
    from edge.speaker.sound_card import has_sound_card

    if settings.speaker.output != "default" or has_sound_card():
        return settings.speaker.output
    return f"wav:{WAV}"
