"""What speaking needs: keys, the voices of this machine, a sound card."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial

from edge.config import ConfigError, Settings
from edge.config.orders import services_of
from edge.config.tree import KEY_SUFFIX
from edge.doctor.check import Check, CheckVerdict, optional
from edge.messages import ProcessName
from edge.model_files.rhvoice_voices import InstalledVoice, rhvoice_voices
from edge.model_files.voices import piper_voices
from edge.site.lexicon_file import LexiconFile


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
    verdict: CheckVerdict = "ok" if espeak else "missing" if needed else "absent"
    advice = "" if espeak else "apt-get install espeak-ng"
    yield Check("espeak-ng", verdict, "the voice that cannot fail", espeak or "not found", advice)
    for language, path in piper_voices(settings).items():
        there = path.is_file()
        told = "there" if there else "no such file"
        advice = f"`shuttle-guide models fetch piper/{path.stem}`, or correct piper.voices"
        yield optional(f"piper voice {language}", str(path), told, advice, unless=there)
    if "rhvoice" in settings.speaker.voices:
        yield from map(partial(_rhvoice, settings.rhvoice.allowed), rhvoice_voices(settings))
    if settings.shuttle.site_dir:
        yield _lexicon(settings.shuttle.site_dir)


def _rhvoice(allowed: bool, voice: InstalledVoice) -> Check:
    there = f"{'there' if voice.there else 'not installed'}, its licence: {voice.licence}"
    if voice.there:
        told = there if allowed else f"{there}; not used"
        advice = "" if allowed else "if the site may use it: rhvoice.allowed = true"
    else:
        told = there if allowed else "not installed, and not allowed"
        package = f"librhvoice5 {voice.package}".strip()
        advice = f"optional: apt-get install {package} (non-free, multiverse)"
    return optional(f"rhvoice voice {voice.language}", voice.name, told, advice)


def _lexicon(site_dir: str) -> Check:
    try:
        file = LexiconFile(site_dir)
    except ConfigError:
        return optional("lexicon", site_dir, "no such folder", "make it, or correct shuttle.site_dir")
    names = sum(len(table) for table in file.lexicon.aliases.values())
    advice = "correct lexicon.toml (docs/spoken_form.md)" if file.trouble else ""
    return optional("lexicon", site_dir, file.trouble or f"{names} names have an alias", advice)


def check_sound_card(settings: Settings) -> Check:
    """Look for a sound card. Call it only while no speaker runs, which would hold the device."""
    from edge.speaker.sound_card import has_sound_card

    requested = settings.speaker.output
    if requested == "null" or requested.startswith("wav:"):
        return Check("sound", "ok", requested, requested)
    if has_sound_card():
        return Check("sound", "ok", requested, "a sound card is there")
    advice = "no sound card: SHUTTLE_GUIDE_SPEAKER__OUTPUT=wav:out/guide.wav writes a file instead"
    return Check("sound", "missing", requested, "no output device", advice)
