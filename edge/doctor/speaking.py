"""What speaking needs: keys, the voices of this machine, a sound card."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from edge.config import Settings
from edge.config.orders import services_of
from edge.config.tree import KEY_SUFFIX
from edge.doctor.check import Check, Verdict, optional
from edge.messages import ProcessName
from edge.models.voices import piper_voices


def check_keys(settings: Settings) -> Iterator[Check]:
    """Whether each is set, never what it is."""
    processes: tuple[ProcessName, ...] = ("commentator", "speaker", "listener")
    for name in dict.fromkeys(name for process in processes for name in services_of(settings, process)):
        service = settings.services[name]
        if not service.local:
            key, advice = service.api_key, "optional: without it the next rung of the ladder is used"
            variable = (name + KEY_SUFFIX).upper()
            yield optional(variable, "set", "set" if key else "not set", advice, unless=key)


def check_speaking(settings: Settings) -> Iterator[Check]:
    espeak = shutil.which("espeak-ng")
    needed = "espeak" in settings.speaker.voices
    verdict: Verdict = "ok" if espeak else "missing" if needed else "absent"
    advice = "" if espeak else "apt-get install espeak-ng"
    yield Check("espeak-ng", verdict, "the voice that cannot fail", espeak or "not found", advice)
    for language, path in piper_voices(settings).items():
        there = path.is_file()
        told = "there" if there else "no such file"
        advice = f"`shuttle-guide models fetch piper/{path.stem}`, or correct piper.voices"
        yield optional(f"piper voice {language}", str(path), told, advice, unless=there)


def check_sound_card(settings: Settings) -> Check:
    """Only while no speaker runs: it would hold the device."""
    from edge.speaker.sound_card import has_sound_card

    requested = settings.speaker.output
    if requested == "null" or requested.startswith("wav:"):
        return Check("sound", "ok", requested, requested)
    if has_sound_card():
        return Check("sound", "ok", requested, "a sound card is there")
    advice = "no sound card: SHUTTLE_GUIDE_SPEAKER__OUTPUT=wav:out/guide.wav writes a file instead"
    return Check("sound", "missing", requested, "no output device", advice)
