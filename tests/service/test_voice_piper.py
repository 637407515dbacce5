"""Piper as a server of its own: started ahead, restarted, never left behind."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from edge.config import Piper, Settings
from edge.ladder.rung import RungError
from edge.speaker.voices import die_with_parent, kept_program, make_voices
from edge.speaker.voices.piper import PiperVoice
from tests.support.child_programs import children_with
from tests.support.speaking import opened, script_of, speak, speak_in_the_end, speller_without_names
from tests.support.synthetic_piper import SAMPLE_RATE, make_voice
from tests.support.waiting import until

missing = [name for name in ("piper", "flask", "onnx") if importlib.util.find_spec(name) is None]
pytestmark = pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")

REMARK = ("Смотрите, две собаки справа.", "Обе бегут за нами!", "Наверное, хотят прокатиться.")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_voice(tmp_path_factory.mktemp("piper") / "ru_RU-synthetic-on.onnx", language="ru")


@pytest.fixture
async def voice(model: Path) -> AsyncIterator[PiperVoice]:
    voice = PiperVoice(Piper(voices={"ru": str(model)}), "ru", speed=1.0)
    await voice.start()
    await voice.probe()
    yield voice
    await voice.close()


def servers() -> list[int]:
    """Process ids of the Piper servers that are children of this process."""
    return children_with("piper.http_server")


async def test_it_speaks_clause_by_clause_at_the_voices_own_rate(voice: PiperVoice) -> None:
    script = script_of(REMARK)
    spoken = await speak(voice, script)
    assert spoken.error is None
    assert spoken.spoken_to == len(script.text)
    assert {28, 47, 76} <= {piece.spoken_to for piece in spoken.pieces}
    assert spoken.sample_rate == SAMPLE_RATE
    assert spoken.ms() > 1000


async def test_brackets_are_only_text(voice: PiperVoice) -> None:
    spoken = await speak(voice, script_of(["Кошка [[ˈhɛloʊ]] мяукает."]))
    assert spoken.error is None
    server = voice._server("ru")
    last = (await server._http.get(f"{await server.ready()}/info")).json()["last"]
    assert last["text"] == "Кошка ((ˈhɛloʊ)) мяукает."
    assert "hɛlo" not in "".join(last["phonemes"])


async def test_a_server_that_dies_is_started_anew(voice: PiperVoice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_program, "RESTART_FIRST_S", 0.05)
    (old,) = servers()
    os.kill(old, signal.SIGKILL)
    await until(lambda: old not in servers())
    await speak_in_the_end(voice, REMARK[0], within_s=40)
    assert servers() != [old]


async def test_closing_ends_the_server(voice: PiperVoice) -> None:
    assert len(servers()) == 1
    await voice.close()
    assert servers() == []


async def test_a_cancelled_turn_leaves_the_server_usable(voice: PiperVoice) -> None:
    async with opened(voice, script_of(REMARK)) as pieces:
        await anext(pieces)
    assert (await speak(voice, script_of(REMARK[:1]))).error is None


async def test_it_speaks_at_the_speed_that_is_set_for_all_voices(model: Path, voice: PiperVoice) -> None:
    settings = msgspec.convert(
        {"piper": {"voices": {"ru": str(model)}}, "speaker": {"speed": 1.25, "voices": ["piper"]}}, Settings
    )
    quick, _ = make_voices(settings, speller_without_names())
    try:
        sound = await speak(quick, script_of(REMARK))
        assert sound.error is None
        assert sound.ms() / (await speak(voice, script_of(REMARK))).ms() == pytest.approx(1 / 1.25, rel=0.05)
    finally:
        await quick.close()


async def test_another_language_gets_its_own_server_when_it_is_wanted(model: Path, tmp_path: Path) -> None:
    english = make_voice(tmp_path / "en.onnx", language="en-us")
    voice = PiperVoice(Piper(voices={"ru": str(model), "en": str(english)}), "ru", speed=1.0)
    assert (await speak(voice, script_of(["Two dogs."]), language="en")).error is None
    assert len(servers()) == 1
    await voice.close()


@pytest.mark.parametrize("language", ["ru", "id"])
async def test_a_voice_that_is_not_there_is_named(tmp_path: Path, language: str) -> None:
    path = tmp_path / "missing.onnx"
    voice = PiperVoice(Piper(voices={"ru": str(path)}), "ru", speed=1.0)
    await voice.start()
    spoken = await speak(voice, script_of(REMARK), language="id" if language == "id" else "ru")
    await voice.close()
    assert spoken.error is not None
    # A missing file stays missing; a language that it was not given is no fault of the voice.
    assert spoken.error.permanent == (language == "ru")
    assert spoken.error.blameless == (language == "id")
    assert (str(path) if language == "ru" else "'id'") in str(spoken.error)


async def test_a_voice_that_cannot_be_loaded_fails_with_the_servers_last_words(tmp_path: Path) -> None:
    path = make_voice(tmp_path / "broken.onnx", language="ru")
    path.write_bytes(b"no model")
    voice = PiperVoice(Piper(voices={"ru": str(path)}), "ru", speed=1.0)
    with pytest.raises(RungError, match=r"did not start with .*broken\.onnx: .+"):
        await voice.probe()
    await voice.close()


async def test_without_the_package_it_says_how_to_install_it(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    voice = PiperVoice(Piper(voices={"ru": str(model)}), "ru", speed=1.0)
    spoken = await speak(voice, script_of(REMARK))
    await voice.close()
    assert spoken.error is not None
    assert spoken.error.permanent
    assert "pip install 'shuttle-guide[piper]'" in str(spoken.error)


@pytest.mark.skipif(sys.platform != "linux", reason="it is a wish to the Linux kernel")
async def test_a_killed_parent_takes_the_server_along(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    child = f"import os, time; open({str(pid_file)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    run = f"'-I', {die_with_parent.__file__!r}, str(os.getpid()), sys.executable, '-c', {child!r}"
    parent_code = (
        f"import os, subprocess, sys, time; subprocess.Popen([sys.executable, {run}]); time.sleep(60)"
    )
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", parent_code)
    await until(lambda: pid_file.exists() and bool(pid_file.read_text()))
    parent.kill()
    await parent.wait()
    await until(lambda: not _runs(int(pid_file.read_text())))


def _runs(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
