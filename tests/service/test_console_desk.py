"""The desk behind its page: sound to a recognizer server, texts to shuttles, and who may do what."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import websockets
from msgspec import structs
from numpy.typing import NDArray

from edge.config import MqttSettings
from edge.listener.framing import FRAME_SAMPLES
from edge.messages import Dropped, Progress
from tests.service.test_small_fleet import SmallFleet, telemetry
from tests.support.broker import Broker, running
from tests.support.console_alone import TOKEN, ConsoleAlone, ended_turn
from tests.support.fleet_broker import FleetBroker
from tests.support.guide import Guide
from tests.support.mqtt_watch import Watch
from tests.support.recognizer_program import RecognizerProgram
from tests.support.recognizer_server import needs_voice, sentence, served
from tests.support.scripted_recognizer import scripted_recognizer
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(180)
WITHIN_S = 60.0
ONE, TWO = "Следующая остановка — храм.", "Please hold on."
NOISE = np.random.default_rng(1).normal(0, 4000, 12_800).astype(np.int16)
"""Somebody speaks for 0.8 s."""
SILENCE = np.zeros(16_000, np.int16)
SERVER = "SHUTTLE_GUIDE_DESK__SERVER"
JsonObject = dict[str, Any]


class DeskPage:
    """What a desk's page is told."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self.socket = socket
        self.told: list[JsonObject] = []

    async def order(self, do: str, **more: Any) -> None:
        await self.socket.send(json.dumps({"do": do} | more))

    async def speak(self, samples: NDArray[np.int16]) -> None:
        """Faster than it is said: nothing of it may be lost."""
        for at in range(0, len(samples), FRAME_SAMPLES):
            await self.socket.send(samples[at : at + FRAME_SAMPLES].tobytes())

    async def until(self, fulfilled: Callable[[JsonObject], bool]) -> JsonObject:
        """The next that it is told of this kind."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                self.told.append(json.loads(await self.socket.recv()))
                if fulfilled(self.told[-1]):
                    return self.told[-1]

    async def connected(self) -> None:
        await self.until(lambda told: told.get("name") == "connected")

    async def sentence(self) -> str:
        return str((await self.until(lambda told: told["type"] == "fullSentence"))["text"])

    async def said(self) -> tuple[str, bool]:
        """What its page says of an order, and whether that is trouble."""
        told = await self.until(lambda told: told["type"] == "said")
        return told["text"], told["trouble"]

    async def part(self, name: str, *words: str) -> str:
        """A part, when it has all these words."""
        has = lambda told: all(word in told.get("parts", {}).get(name, "") for word in words)  # noqa: E731
        return str((await self.until(has))["parts"][name])


@contextlib.asynccontextmanager
async def page_of(console: ConsoleAlone, **more: Any) -> AsyncIterator[DeskPage]:
    headers = {"accept-language": "en"} | more.pop("headers", {})
    address = f"ws://127.0.0.1:{console.port}/desk/line"
    async with websockets.connect(address, additional_headers=headers, **more) as socket:
        yield DeskPage(socket)


async def published(watch: Watch, text: str) -> JsonObject:
    """What the broker was given to say this."""
    bodies: list[JsonObject] = []

    def has_come() -> bool:
        bodies[:] = [body for each in watch.payloads() if (body := json.loads(each))["text"] == text]
        return bool(bodies)

    await watch.until(has_come)
    return bodies[-1]


@contextlib.asynccontextmanager
async def console_at(folder: Path, broker: Broker, **settings: str) -> AsyncIterator[ConsoleAlone]:
    async with ConsoleAlone(folder, broker.port, settings) as console:
        await console.until(
            lambda: bool(console.state and "connected to" in console.state.status), "its broker"
        )
        yield console


# --- dictation ---


@needs_voice
async def test_what_is_dictated_is_understood_also_where_the_server_was_killed_meanwhile(
    tmp_path: Path, broker: Broker
) -> None:
    async with RecognizerProgram() as server:
        address = f"127.0.0.1:{server.port}"
        async with console_at(tmp_path, broker, **{SERVER: address}) as console, page_of(console) as page:
            await page.order("dictate", on=True, language="en")
            await page.connected()
            await page.speak(sentence(7))
            assert await page.sentence() == "sentence 7"
            await server.kill()
            away = await page.until(lambda told: told.get("name") == "away")
            assert away["told"]
            await server.start()
            await page.connected()
            await page.speak(sentence(8))
            assert await page.sentence() == "sentence 8"


async def test_who_switches_off_has_said_a_whole_sentence(tmp_path: Path, broker: Broker) -> None:
    async with scripted_recognizer(ONE, TWO) as server:
        address = f"127.0.0.1:{server.port}"
        async with console_at(tmp_path, broker, **{SERVER: address}) as console, page_of(console) as page:
            await page.order("dictate", on=False, language="")
            await page.connected()
            await page.speak(NOISE)
            await page.order("dictate", on=True, language="")
            await page.speak(NOISE)
            await page.order("dictate", on=False, language="")
            assert await page.sentence() == ONE, "silence ends it; what came before was not heard"
            interim = [told["text"] for told in page.told if told["type"] == "realtime"]
            assert interim
            assert all(ONE.startswith(words) for words in interim)
            # Nor is a sentence lost whose language is changed in its middle.
            await page.order("dictate", on=True, language="")
            await page.speak(NOISE)
            await page.order("dictate", on=True, language="de")
            assert await page.sentence() == TWO
            await until(lambda: server.clients == 2)


@needs_voice
async def test_the_language_is_that_of_the_page_and_one_that_the_server_lacks_is_told(
    tmp_path: Path, broker: Broker
) -> None:
    async with served(languages=("ru", "en")) as server:
        address = str(server.data.address)
        async with console_at(tmp_path, broker, **{SERVER: address}) as console, page_of(console) as page:
            await page.order("dictate", on=True, language="ru")
            await page.connected()
            await until(lambda: bool(server.service.dictations))
            assert [each.parameters.language for each in server.service.dictations] == ["ru"]
            await page.order("dictate", on=True, language="de")
            refused = await page.until(lambda told: told.get("name") == "refused")
            assert "expected ru, en" in refused["told"]
            await page.order("dictate", on=True, language="en")
            await page.connected()
            await until(
                lambda: "en" in [each.parameters.language for each in server.service.dictations],
            )


# --- sending ---


async def test_this_shuttle_says_it_and_the_page_follows_it(tmp_path: Path, broker: Broker) -> None:
    heard = MqttSettings(host="127.0.0.1", port=broker.port)
    async with (
        Watch(heard, "test-hears", subscriptions=("shuttle/test/announce",)) as watch,
        console_at(tmp_path, broker) as console,
        page_of(console) as page,
    ):
        await watch.until_connected()
        for text, to, why in (
            (" \n", ["/here"], "no text"),
            ("Стоп.", [], "Choose first"),
            ("x" * 501, ["/here"], "501 characters"),
            ("Стоп.", ["two"], "not known"),
        ):
            await page.order("send", text=text, to=to)
            told, is_trouble = await page.said()
            assert (why in told, is_trouble) == (True, True)
        await page.order("send", text="Стоп.", to=["/here"], safety=True)
        assert "by the fleet alone" in (await page.said())[0]
        for text, became in (("Стоп.", "played"), ("Ждём.", "refused"), ("Едем.", "failed")):
            await page.order("send", text=f" {text}\n", to=["/here"], language="ru")
            assert await page.said() == ("Sent.", False)
            part = await page.part("receipts", f"<p>{text}</p>", "nothing told yet")
            said = await published(watch, text)
            trigger_id = said["id"]
            assert (said["text"], said["language"]) == (text, "ru")
            live = Progress(
                turn_id=text, trigger_id=trigger_id, stage="accepted", mono=1.0, since_received_ms=9.0
            )
            if became == "refused":
                drop = Dropped(
                    trigger_id=trigger_id, kind="announcement", reason="stopped", received_at=1.8e9
                )
                console.tell("commentator", drop)
            else:
                console.tell("commentator", live)
                await page.part("receipts", "accepted")
                turn = structs.replace(ended_turn(text, kind="announcement"), trigger_id=trigger_id)
                outcome = "spoken" if became == "played" else "interrupted"
                console.tell("commentator", structs.replace(turn, outcome=outcome))
            part = await page.part("receipts", f">{became}")
            assert "heard at" in part


@pytest.mark.parametrize("settings", [{}, {"SHUTTLE_GUIDE_FLEET__HOST": "127.0.0.1"}])
async def test_without_a_fleet_the_page_says_what_to_set_and_is_still_an_editor(
    tmp_path: Path, broker: Broker, settings: dict[str, str]
) -> None:
    port = {"SHUTTLE_GUIDE_FLEET__PORT": "9"} if settings else {}
    async with console_at(tmp_path, broker, **settings, **port) as console:
        async with console.client() as client:
            text = (await client.get("/desk", headers={"accept-language": "en"})).text
        assert "<textarea" in text
        assert ("set fleet.host" in text) is not bool(settings)
        async with page_of(console) as page:
            await page.order("ask")
            if settings:
                part = await page.part("recipients", "The fleet cannot be reached")
                assert 'id="ask"' in part, "it can be asked again"
            await page.order("dictate", on=False, language="")
            away = await page.until(lambda told: told.get("name") == "away")
            assert "refused" in away["told"]


async def test_chosen_shuttles_say_it_and_tell_what_became_of_it(
    tmp_path: Path, broker: Broker, fleet_broker: FleetBroker
) -> None:
    environment = fleet_broker.environment("test", "beach")
    operator = fleet_broker.environment("desk") | {"SHUTTLE_GUIDE_SHUTTLE__ID": "depot"}
    async with (
        Guide(tmp_path / "g", broker.port, environment) as guide,
        console_at(tmp_path / "c", broker, **operator) as console,
        page_of(console) as page,
    ):
        await guide.until_ready()
        await page.order("ask")
        part = await page.part("recipients", "group beach (1 known)", 'value="test"')
        assert 'id="safety"' in part
        await page.order("send", text="Стоп.", to=["group/beach", "test"])
        assert await page.said() == ("Sent.", False)
        await page.part("receipts", "played", "heard at 1 of 1")
        await page.order("send", text="Держитесь.", to=["all"], safety=True)
        await page.until(lambda told: told.get("parts", {}).get("receipts", "").count("heard at 1 of 1") == 2)
        await until(lambda: len(guide.turns) == 2, within_s=WITHIN_S)
        assert [(turn["kind"], turn["text"]) for turn in guide.turns] == [
            ("announcement", "Стоп."),
            ("safety", "Держитесь."),
        ]


async def test_who_may_not_say_safety_is_told_so_and_not_offered_it_again(
    tmp_path: Path, broker: Broker
) -> None:
    small = SmallFleet(tmp_path / "fleet")
    small.let_nobody_say_safety()
    with running(small):
        async with (
            telemetry(tmp_path, broker, small, "one", "beach"),
            console_at(tmp_path / "c", broker, **small.environment("ops")) as console,
            page_of(console) as page,
        ):
            await page.order("ask")
            await page.part("recipients", 'id="safety"', 'value="one"')
            await page.order("send", text="Держитесь.", to=["all"], safety=True)
            told, is_trouble = await page.said()
            assert (told.startswith("Not sent"), "guide/v1/all/safety" in told, is_trouble) == (
                True,
                True,
                True,
            )
            part = await page.part("recipients", 'value="one"')
            assert 'id="safety"' not in part
            await page.order("send", text="Держитесь.", to=["all"])
            assert await page.said() == ("Sent.", False)
            await page.part("receipts", "accepted")


# --- who may come in, and who does not keep to it ---


async def test_a_desk_needs_the_token_and_the_consoles_own_page(tmp_path: Path, broker: Broker) -> None:
    async with console_at(tmp_path, broker, CONSOLE_TOKEN=TOKEN) as console:
        for headers, status in (
            ({}, 401),
            ({"authorization": "Bearer of nobody at all"}, 401),
            ({"authorization": f"Bearer {TOKEN}", "origin": "http://evil.example"}, 403),
        ):
            with pytest.raises(websockets.InvalidStatus) as refused:
                async with page_of(console, headers=headers):
                    pass
            assert refused.value.response.status_code == status
        cookie = SimpleCookie({"shuttle_guide_console": TOKEN}).output(header="").strip()
        own = {"cookie": cookie, "origin": console.address}
        async with page_of(console, headers=own) as page:
            await page.order("dictate", on=False, language="")
            await page.until(lambda told: told["type"] == "server")


@pytest.mark.parametrize(
    ("rubbish", "code"),
    [
        (b"\0" * 4098, 1008),
        (b"\0", 1008),
        ("{", 1008),
        ('{"do": "mute"}', 1008),
        ('{"do": "dictate", "on": true, "language": "xx"}', 1008),
        (json.dumps({"do": "send", "text": "x", "to": ["all"] * 1001}), 1008),
        ("[" * 50_000, 1008),
        (b"\0" * 100_000, 1009),
    ],
)
async def test_who_speaks_something_else_is_let_go_and_nobody_else_is(
    tmp_path: Path, broker: Broker, rubbish: str | bytes, code: int
) -> None:
    async with console_at(tmp_path, broker) as console, page_of(console) as other:
        async with page_of(console) as page:
            await page.socket.send(rubbish)
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await page.until(lambda told: False)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == code
        await other.order("send", text="Стоп.", to=["/here"])
        assert await other.said() == ("Sent.", False)


async def test_more_desks_than_there_are_places_are_told_so_and_a_place_comes_free(
    tmp_path: Path, broker: Broker
) -> None:
    async with console_at(tmp_path, broker) as console:
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(8):
                page = await stack.enter_async_context(page_of(console))
                await page.order("dictate", on=False, language="")
                await page.until(lambda told: told["type"] == "server")
            async with page_of(console) as one_more:
                with pytest.raises(websockets.ConnectionClosed) as closed:
                    await one_more.until(lambda told: False)
                assert closed.value.rcvd is not None
                assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1013, "8 desks are open")
        async with asyncio.timeout(WITHIN_S):
            while not await is_served(console):  # those that have left are still being let go
                await asyncio.sleep(0.05)


async def is_served(console: ConsoleAlone) -> bool:
    """Whether one more desk finds a place."""
    with contextlib.suppress(websockets.ConnectionClosed):
        async with page_of(console) as page:
            await page.order("dictate", on=False, language="")
            await page.until(lambda told: told["type"] == "server")
            return True
    return False


async def test_a_flood_of_sound_and_a_page_that_reads_nothing_harm_nobody(
    tmp_path: Path, broker: Broker
) -> None:
    async with (
        scripted_recognizer(ONE) as server,
        console_at(tmp_path, broker, **{SERVER: f"127.0.0.1:{server.port}"}) as console,
        page_of(console, max_queue=1) as deaf,
        page_of(console) as page,
    ):
        await deaf.order("dictate", on=True, language="")

        async def flood() -> None:
            while True:
                await deaf.socket.send(SILENCE[:2048].tobytes())

        flooding = asyncio.create_task(flood())
        await until(lambda: bool(server.heard_samples), within_s=WITHIN_S)
        news = [{"type": "fullSentence", "text": "x" * 2000}] * 400
        await server.tell(*news)
        await page.order("dictate", on=True, language="")
        await page.connected()
        await page.speak(np.concatenate([NOISE, SILENCE]))
        assert await page.sentence() == ONE
        async with console.client() as client:
            assert (await client.get("/health")).status_code in (200, 503)
        flooding.cancel()
        await asyncio.gather(flooding, return_exceptions=True)


async def test_a_desk_that_is_open_hinders_no_stop(tmp_path: Path, broker: Broker) -> None:
    async with console_at(tmp_path, broker) as console, page_of(console) as page:
        await page.order("dictate", on=True, language="")
        await page.until(lambda told: told["type"] == "server")
        assert await console.stop() == 0
