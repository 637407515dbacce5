"""The client of a recognizer server: sound goes there, words come back, and what goes wrong is one line."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path

import numpy as np
import pytest

from edge.config import DeskSettings
from edge.dictation import dictation
from edge.dictation.dictation import DictatingMicrophone
from edge.dictation.link import RecognizerLink
from edge.dictation.protocol import ServerStage, Understood
from edge.dictation.server_address import access_of
from edge.listener.input_factory import make_input
from tests.support.cabin_microphone import CabinMicrophone
from tests.support.certificates import Authority
from tests.support.command import shuttle_guide
from tests.support.guide import clean_environment
from tests.support.ports import free_port
from tests.support.scripted_recognizer import ScriptedRecognizerServer, scripted_recognizer
from tests.support.tmux import in_tmux

pytestmark = pytest.mark.timeout(180)
SENTENCES = ("Следующая остановка — храм.", "Please hold on.")
PATIENCE_S = 60.0
TOKEN = "a-token-of-the-depot"


def speech(path: Path, sentences: int) -> Path:
    """Noise as long as a sentence, a pause, and so on."""
    noise = np.random.default_rng(1).normal(0, 4000, 16_000)
    pause = np.zeros(10_000)
    sound = np.concatenate([pause[:3000], *[noise, pause] * (sentences - 1), noise])
    with wave.open(str(path), "wb") as wav:
        wav.setparams((1, 2, 16_000, 0, "NONE", ""))
        wav.writeframes(np.clip(sound, -32768, 32767).astype("<i2").tobytes())
    return path


def environment(folder: Path, **settings: str) -> dict[str, str]:
    return clean_environment(folder, free_port()) | {
        f"SHUTTLE_GUIDE_DESK__{name.upper()}": value for name, value in settings.items()
    }


async def test_each_sentence_is_printed_also_one_that_the_end_of_the_sound_cuts(tmp_path: Path) -> None:
    recording = speech(tmp_path / "said.wav", len(SENTENCES))
    async with scripted_recognizer(*SENTENCES) as server:
        ended = await shuttle_guide(
            *("listen", "--server", f"127.0.0.1:{server.port}", "--input", f"wav:{recording}"),
            environment=environment(tmp_path),
            folder=tmp_path,
        )
    assert (ended.exit_code, ended.err) == (0, "")
    assert ended.out.splitlines() == [*SENTENCES]


async def test_a_server_with_a_certificate_and_a_token_is_spoken_to(tmp_path: Path) -> None:
    (tmp_path / "ca").mkdir()
    authority = Authority(tmp_path / "ca")
    recording = speech(tmp_path / "said.wav", 1)
    said = ("listen", "--input", f"wav:{recording}", "--server")
    async with scripted_recognizer(*SENTENCES, token=TOKEN, tls=authority.certificate("good")) as server:
        address = f"wss://127.0.0.1:{server.port}"
        good = environment(tmp_path, token=TOKEN, ca_file=str(authority.file))
        ended = await shuttle_guide(*said, address, environment=good, folder=tmp_path)
        assert (ended.exit_code, ended.out.splitlines()) == (0, [SENTENCES[0]])
        wrong = environment(tmp_path, token="another-token", ca_file=str(authority.file))
        strange = environment(tmp_path, token=TOKEN)
        for variables, told in ((wrong, "refuses the token (401)"), (strange, "whom this machine trusts")):
            ended = await shuttle_guide(*said, address, environment=variables, folder=tmp_path)
            assert ended.exit_code == 1
            (line,) = ended.err.splitlines()
            assert told in line
            assert TOKEN not in line


async def test_no_server_is_one_line(tmp_path: Path) -> None:
    port = free_port()
    ended = await shuttle_guide(
        *("listen", "--server", f"127.0.0.1:{port}", "--input", "null"),
        environment=environment(tmp_path),
        folder=tmp_path,
    )
    assert ended.exit_code == 1
    (line,) = ended.err.splitlines()
    assert (
        line
        == f"listen: ws://127.0.0.1:{port}: ConnectionRefusedError: Connection refused: nothing listens there"
    )


class Watched:
    """A link, and what it tells."""

    def __init__(self, server: ScriptedRecognizerServer) -> None:
        self.news: list[Understood | ServerStage] = []
        self.states: list[str] = []
        access = access_of(DeskSettings(server=f"127.0.0.1:{server.port}"))
        self.link = RecognizerLink(access, self._take, self._note)
        self._changed = asyncio.Event()

    async def until(self, fulfilled: object) -> None:
        assert callable(fulfilled)
        async with asyncio.timeout(PATIENCE_S):
            while not fulfilled():
                self._changed.clear()
                await self._changed.wait()

    def _take(self, news: Understood | ServerStage) -> None:
        self.news.append(news)
        self._changed.set()

    def _note(self, state: object) -> None:
        self.states.append(self.link.state.name)
        self._changed.set()


async def test_a_lost_connection_is_made_again_and_what_was_said_meanwhile_is_counted() -> None:
    server = ScriptedRecognizerServer(SENTENCES)
    await server.start()
    watched = Watched(server)
    task = asyncio.create_task(watched.link.run())
    try:
        await watched.until(lambda: watched.states == ["connected"])
        await server.stop()
        await watched.until(lambda: "away" in watched.states)
        watched.link.send(np.zeros(512, np.int16))
        assert watched.link.lost_frames == 1
        await server.start()
        await watched.until(lambda: watched.states[-1] == "connected")
        await server.tell({"type": "fullSentence", "text": "Wieder da."})
        await watched.until(lambda: watched.news == [Understood("Wieder da.", final=True)])
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await server.stop()


async def test_news_that_are_none_harm_nothing_until_there_are_too_many() -> None:
    async with scripted_recognizer() as server:
        watched = Watched(server)
        task = asyncio.create_task(watched.link.run())
        try:
            await watched.until(lambda: watched.states == ["connected"])
            await server.tell(
                "[", "{}", {"type": "wakeword_detected"}, {"type": "realtime", "text": "a\x1b[2J\nb"}
            )
            await watched.until(lambda: watched.news == [Understood("a [2J b", final=False)])
            await server.tell(*["nonsense"] * 30)
            await watched.until(lambda: "away" in watched.states)
            assert "no recognizer server" in watched.link.state.reason or watched.states[-1] == "connected"
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_at_a_terminal_a_key_chooses_the_language(tmp_path: Path) -> None:
    with CabinMicrophone(tmp_path / "microphone") as microphone:
        async with scripted_recognizer(*SENTENCES) as server:
            said = ("listen", "--server", f"127.0.0.1:{server.port}", "--input", microphone.input)
            variables = environment(tmp_path, control_port=str(server.control_port), language="id")
            async with in_tmux(*said, environment=variables, folder=tmp_path, size=(80, 24)) as terminal:
                await terminal.until_shown("language: id (L: the next)")
                await terminal.until(lambda: server.told == [("language", "id")], "the command")
                terminal.keys("l")
                await terminal.until_shown("language: de")
                await terminal.until(lambda: server.told[-1] == ("language", "de"), "the choice")
                microphone.hears(np.random.default_rng(1).normal(0, 4000, 12_800).astype(np.int16))
                await terminal.until_shown(SENTENCES[0])
                terminal.keys("C-c")
                await terminal.until(lambda: terminal.exit_code == 0, "its end")


async def test_a_language_that_is_no_choice_is_one_line(tmp_path: Path) -> None:
    ended = await shuttle_guide(
        *("listen", "--server", "127.0.0.1", "--language", "xx"),
        environment=environment(tmp_path),
        folder=tmp_path,
    )
    assert ended.exit_code == 2
    assert "choose from" in ended.err


async def test_a_file_is_heard_to_its_last_word_however_slow_the_server_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    link = RecognizerLink(access_of(DeskSettings(server="127.0.0.1")), lambda news: None)
    microphone = DictatingMicrophone(make_input(f"wav:{speech(tmp_path / 'said.wav', 1)}"), link)
    microphone.switch(True)
    for _ in range(4):
        microphone.take(ServerStage("recording_start"))
        microphone.take(ServerStage("recording_stop"))
    waits = 0

    async def wait(event: asyncio.Event, seconds: float) -> None:
        """Each sentence takes nearly as long as one is waited for."""
        nonlocal waits
        waits += 1
        microphone.take(Understood("One.", final=True))

    monkeypatch.setattr(dictation, "wait_at_most", wait)
    await microphone.run()
    assert (waits, microphone.unheard) == (4, 0)


async def test_sentences_that_never_come_are_told(tmp_path: Path) -> None:
    recording = speech(tmp_path / "said.wav", 1)
    async with scripted_recognizer() as server:
        server.silent = True
        ended = await shuttle_guide(
            *("listen", "--server", f"127.0.0.1:{server.port}", "--input", f"wav:{recording}"),
            environment=environment(tmp_path),
            folder=tmp_path,
        )
    assert ended.exit_code == 1
    assert "1 sentence has not come back" in ended.err
