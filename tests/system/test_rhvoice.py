"""RHVoice itself, from Debian 13's non-free component, in the sandbox of the speaker's unit.

The role installs it on a booted trixie; the guide's own program loads it there and is asked by the guide's
own rung from here.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.config import Espeak, RHVoice, Settings
from edge.messages import Language
from edge.model_files.rhvoice_voices import rhvoice_voices
from edge.sound.samples import from_int16
from edge.speaker.loudness import TARGET_LUFS, VoiceLevel
from edge.speaker.voices import kept_program, rhvoice_child, rhvoice_program
from edge.speaker.voices.base import VoiceRequest
from edge.speaker.voices.espeak import EspeakVoice
from edge.speaker.voices.ladder import make_voice_ladder
from edge.speaker.voices.rhvoice import RHVoiceVoice
from edge.speaker.voices.spoken_rung import SpokenRung
from tests.support.fleet import PACKAGES, PLAYBOOKS, Fleet, Played
from tests.support.machine import Machine
from tests.support.services import PATIENT_SPEAKER
from tests.support.speaking import opened, read_until, script_of, speak, speak_in_the_end
from tests.unit.test_loudness import loudness

pytestmark = pytest.mark.timeout(300)
ROOT = Path(__file__).parents[2]
CHILD = "/opt/rhvoice_child.py"
UNIT = (
    ROOT / "systemd/shuttle-guide-.service.d/10-common.conf",
    ROOT / "systemd/shuttle-guide-speaker.service",
)
SANDBOX = (
    "Protect",
    "Private",
    "Restrict",
    "SystemCall",
    "MemoryDeny",
    "NoNew",
    "LockP",
    "Capability",
    "Tasks",
)
NON_FREE = "sed -i 's/^Components: main$/Components: main non-free/; s/ main$/ main non-free/'"
SHORT_WORD = 3
"""Letters."""
RU = "Смотрите, две собаки справа, и обе бегут за нами!"
EN = "Oh look, two dogs on the right, and they are in no hurry."


class Board:
    """A booted trixie, and the role's task played on it."""

    def __init__(self, folder: Path, machine: Machine) -> None:
        self.machine = machine
        self._fleet = Fleet(folder, {"shuttle-01": machine})
        role = {"name": "app", "tasks_from": "rhvoice.yml"}
        task = {"ansible.builtin.include_role": role}
        play = {"hosts": "shuttles", "become": True, "gather_facts": False, "tasks": [task]}
        (folder / "play.yml").write_text(json.dumps([play]))
        self._play = os.path.relpath(folder / "play", PLAYBOOKS / "playbooks")

    def play(self, *, allowed: bool) -> Played:
        settings = {"guide_settings": {"rhvoice": {"allowed": allowed}}}
        return self._fleet.play(self._play, "-e", json.dumps(settings))

    @property
    def child(self) -> tuple[str, ...]:
        """The guide's program for RHVoice, as the speaker's unit would run it."""
        lines = (line for unit in UNIT for line in unit.read_text().splitlines() if line.startswith(SANDBOX))
        properties = (f"--property={line}" for line in lines)
        run = ("systemd-run", "--quiet", "--pipe", "--wait", "--collect", "--property=User=nobody")
        return (*self.machine.inside, *run, *properties, "python3", "-I", CHILD)


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    with Machine(
        "trixie", name="guide-rhv", network="10.213.101", packages=PACKAGES, flavour="board"
    ) as machine:
        board = Board(tmp_path_factory.mktemp("board"), machine)
        machine.write(CHILD, Path(rhvoice_child.__file__).read_text(), 0o644)
        yield board


@pytest.fixture(scope="module")
def with_rhvoice(board: Board) -> Board:
    """RHVoice was installed by the role."""
    board.machine.run(f"{NON_FREE} $(find /etc/apt/sources.list* -type f)")
    board.machine.run("apt-get update -q", timeout_s=180)
    played = board.play(allowed=True)
    assert played.returncode == 0, played.output
    return board


@pytest.fixture
async def voice(with_rhvoice: Board, monkeypatch: pytest.MonkeyPatch) -> RHVoiceVoice:
    monkeypatch.setattr(rhvoice_program, "COMMAND", with_rhvoice.child)
    monkeypatch.setattr(kept_program, "RESTART_FIRST_S", 0.05)
    return RHVoiceVoice(RHVoice(), speed=1.0)


def test_without_the_component_the_play_says_which_one(board: Board) -> None:
    assert board.play(allowed=False).counts("shuttle-01")["changed"] == 0
    played = board.play(allowed=True)
    assert played.returncode != 0
    assert "non-free" in " ".join(played.output.split())
    assert "multiverse" in played.output


def test_a_second_play_changes_nothing(with_rhvoice: Board) -> None:
    assert with_rhvoice.play(allowed=True).counts("shuttle-01")["changed"] == 0


def test_the_licence_of_a_voice_is_known(with_rhvoice: Board) -> None:
    named = RHVoice(voices={"ru": "anna", "en": "slt"}), RHVoice(voices={"ru": "tatiana", "en": "alan"})
    found = {
        voice.name: (voice.there, voice.licence)
        for each in named
        for voice in rhvoice_voices(
            msgspec.structs.replace(Settings(), rhvoice=each), with_rhvoice.machine.root
        )
    }
    assert found["anna"] == (True, "GPL-2+")
    assert found["slt"] == (True, "CMU")
    assert found["tatiana"] == (True, "CC-BY-NC-ND-4.0")
    assert found["alan"][0]


@pytest.mark.parametrize(("language", "text"), [("ru", RU), ("en", EN)])
async def test_it_speaks_word_by_word(voice: RHVoiceVoice, language: Language, text: str) -> None:
    try:
        await voice.probe()
        spoken = await speak(voice, script_of([text]), language=language)
        again = await speak(voice, script_of([text]), language=language)
    finally:
        await voice.close()
    assert spoken.error is None
    assert spoken.spoken_to == len(text)
    words = {match.end(): match.group() for match in re.finditer(r"\S+", text)}
    ends = [piece.spoken_to for piece in spoken.pieces]
    assert ends == sorted(set(ends) & set(words))
    # What is said within the library's 0.1 s has no piece of its own.
    assert all(len(word) <= SHORT_WORD for end, word in words.items() if end not in ends)
    assert 2000 < spoken.ms() < 6000
    assert spoken.samples.std() > 500
    assert again.ms() == spoken.ms()
    level = VoiceLevel()
    for each in (spoken, again):  # known from the first time
        pieces = [from_int16(piece.samples) for piece in each.pieces]
        said = [level.apply(piece, each.sample_rate, opening=not at) for at, piece in enumerate(pieces)]
    assert loudness(*said, rate=each.sample_rate) == pytest.approx(TARGET_LUFS, abs=1.0)


async def test_a_cancelled_clause_leaves_it_usable(voice: RHVoiceVoice) -> None:
    try:
        async with opened(voice, script_of([RU * 30])) as pieces:
            await read_until(pieces, 9)
        assert (await speak(voice, script_of([RU]))).error is None
    finally:
        await voice.close()


async def test_it_is_handed_over_in_mid_sentence_and_comes_back(
    with_rhvoice: Board, voice: RHVoiceVoice
) -> None:
    rungs = [SpokenRung(each, Counter()) for each in (voice, EspeakVoice(Espeak()))]
    ladder = make_voice_ladder(PATIENT_SPEAKER, rungs)
    script = script_of([RU * 12])
    spoke: list[str] = []
    reached = 0
    try:
        await voice.probe()
        async for rung, piece in ladder.run(VoiceRequest("ru", script)):
            assert piece.spoken_to >= reached
            reached = piece.spoken_to
            if not spoke:
                await asyncio.to_thread(with_rhvoice.machine.run, "pkill -KILL -f [r]hvoice_child.py")
            if rung not in spoke:
                spoke.append(rung)
        await speak_in_the_end(voice, RU)
    finally:
        await ladder.close()
        await voice.close()
    assert spoke == ["rhvoice", "espeak"]
    assert reached == len(script.text)
