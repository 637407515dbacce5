"""The doctor names the cards that play and record, and who holds them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from edge.config import Settings
from edge.doctor.check import Check
from edge.doctor.sound_cards import check_sound_cards
from edge.vitals.sound_cards import NAMED_IN
from edge.vitals.tree import Tree

EXAMPLE = Path(__file__).parents[2] / "examples" / "asound.conf"
CARDS = {"Loud": "USB-Audio - Loudspeaker", "Mic": "USB-Audio - Microphone"}
GUIDE = {"playback": "shuttle-guide-speaker.service", "capture": "shuttle-guide-listener.service"}


class Machine:
    """Two cards in a folder. The kernel's formats: sound/core/pcm.c (substream status, hw_params)."""

    def __init__(self, root: Path) -> None:
        self.root = root
        lines = [f" {at} [{card:<15}]: {kind}\n" for at, (card, kind) in enumerate(CARDS.items())]
        self._write("/proc/asound/cards", "".join(lines))
        for at, card in enumerate(CARDS):
            self._write(f"/proc/asound/card{at}/id", f"{card}\n")
            for pcm in ("pcm0p", "pcm0c"):
                self._write(f"/proc/asound/card{at}/{pcm}/sub0/status", "closed\n")
                self._write(f"/proc/asound/card{at}/{pcm}/sub0/hw_params", "closed\n")
        text = EXAMPLE.read_text().replace('card "Device"', 'card "Loud"', 1)
        self._write(NAMED_IN, text.replace('card "Device"', 'card "Mic"', 1))

    def opens(self, at: int, direction: str, rate: int, pid: int, command: str, unit: str) -> None:
        folder = f"/proc/asound/card{at}/pcm0{direction[0]}/sub0"
        self._write(f"{folder}/status", f"state: RUNNING\nowner_pid   : {pid}\ntrigger_time: 1.000000000\n")
        self._write(
            f"{folder}/hw_params", f"access: MMAP_INTERLEAVED\nchannels: 2\nrate: {rate} ({rate}/1)\n"
        )
        self._write(f"/proc/{pid}/comm", f"{command}\n")
        self._write(f"/proc/{pid}/cgroup", f"0::/shuttle.slice/{unit}\n")

    def checks(self, output: str = "shuttle_speaker", source: str = "shuttle_microphone") -> dict[str, Check]:
        tree = {"speaker": {"output": output}, "listener": {"input": source}}
        found = check_sound_cards(Tree(self.root), msgspec.convert(tree, Settings))
        return {check.name: check for check in found}

    def _write(self, path: str, text: str) -> None:
        there = self.root / path.lstrip("/")
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_text(text)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_each_direction_has_its_card_and_its_rate(machine: Machine) -> None:
    machine.opens(0, "playback", 48_000, 812, "shuttle-guide", GUIDE["playback"])
    machine.opens(1, "capture", 16_000, 814, "shuttle-guide", GUIDE["capture"])
    found = machine.checks()
    assert list(found) == ["card for playback", "card for capture"]
    assert {check.verdict for check in found.values()} == {"ok"}
    assert (
        found["card for playback"].actual == "Loud (USB-Audio - Loudspeaker) at 48000 Hz, held by the guide"
    )
    assert found["card for capture"].actual == "Mic (USB-Audio - Microphone) at 16000 Hz, held by the guide"


def test_who_holds_a_busy_card_is_named_with_what_to_do(machine: Machine) -> None:
    machine.opens(0, "playback", 44_100, 950, "pulseaudio", "pulseaudio.service")
    found = machine.checks()
    busy = found["card for playback"]
    assert busy.verdict == "absent"
    assert "Loud at 44100 Hz by pid 950 (pulseaudio, pulseaudio.service)" in busy.actual
    assert "audio_headless" in busy.advice
    assert found["card for capture"].actual == "Mic (USB-Audio - Microphone), held by nobody"


def test_another_card_that_is_busy_is_nobodys_business(machine: Machine) -> None:
    machine.opens(1, "playback", 48_000, 950, "pulseaudio", "pulseaudio.service")
    assert machine.checks()["card for playback"].actual.endswith("held by nobody")


def test_a_card_that_is_named_and_not_there_is_told(machine: Machine) -> None:
    (machine.root / "proc/asound/cards").write_text(f" 0 [{'Loud':<15}]: {CARDS['Loud']}\n")
    gone = machine.checks()["card for capture"]
    assert gone.verdict == "absent"
    assert "Mic is not there (there: Loud)" in gone.actual


def test_a_device_of_portaudio_names_its_card(machine: Machine) -> None:
    found = machine.checks("Loudspeaker", "default")
    assert found["card for playback"].actual == "Loud (USB-Audio - Loudspeaker), held by nobody"
    assert found["card for capture"].actual == "the system's choice, held by nobody"
    machine.opens(1, "capture", 48_000, 77, "arecord", "session-3.scope")
    other = machine.checks("null", "default")
    assert list(other) == ["card for capture"]
    assert "Mic at 48000 Hz by pid 77" in other["card for capture"].actual


def test_files_are_no_cards(machine: Machine) -> None:
    assert machine.checks("wav:out.wav", "pipe:-") == {}
