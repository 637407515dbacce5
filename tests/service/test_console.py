"""The console before real feeds and a real broker: what it shows, what it says, and who may come in."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from edge.config import MqttSettings
from edge.messages import Caption, Hearing, RungTry
from edge.telemetry import payloads
from tests.support.broker import Broker
from tests.support.console_alone import TOKEN, ConsoleAlone, ended_turn
from tests.support.mqtt_watch import Watch

pytestmark = pytest.mark.timeout(120)
WITHIN_S = 30.0
JSON = {"accept": "application/json"}


@pytest.fixture
async def console(broker: Broker, tmp_path: Path) -> AsyncIterator[ConsoleAlone]:
    async with ConsoleAlone(tmp_path, broker.port) as console:
        await console.until(
            lambda: bool(console.state and "connected to" in console.state.status), "its broker"
        )
        yield console


@contextlib.asynccontextmanager
async def hearing(broker: Broker) -> AsyncIterator[Watch]:
    settings = MqttSettings(host="127.0.0.1", port=broker.port, backoff_max_s=0.5)
    async with Watch(settings, "test-hears", subscriptions=("shuttle/test/#",)) as watch:
        await watch.until_connected()
        yield watch


async def until(events: AsyncIterator[dict[str, str]], part: str, fulfilled: Callable[[str], bool]) -> str:
    """The content of a part, when it fulfils it."""
    async with asyncio.timeout(WITHIN_S):
        async for news in events:
            if part in news and fulfilled(news[part]):
                return news[part]
    raise AssertionError(f"the stream ended without {part}")


async def test_an_open_page_follows_what_the_feeds_tell(console: ConsoleAlone) -> None:
    async with console.events("driver") as events:
        console.all_ready()
        await until(events, "condition", lambda content: "good" in content)
        console.play("Справа собака, она зевает.", "Справа")
        content = await until(events, "now", lambda content: "собака" in content)
        assert '<span class="heard">Справа</span><span class="coming"> собака' in content
        console.play(None, muted=True)
        await until(events, "controls", lambda content: 'action="/do/unmute"' in content)
        console.obey(microphone_off=True, chattiness="low")
        content = await until(events, "controls", lambda content: 'value="on"' in content)
        pressed = content.partition('aria-pressed="true"')[0].rpartition('value="')[2]
        assert pressed.startswith("low")


async def test_words_from_outside_are_shown_as_words(console: ConsoleAlone) -> None:
    async with console.events("engineer") as events:
        console.tell("commentator", ended_turn(text="<script>alert(1)</script>"))
        content = await until(events, "turns", lambda content: "alert" in content)
    assert "<script>" not in content
    assert "&lt;script&gt;" in content


@pytest.mark.parametrize(
    ("form", "fields", "topic", "payload"),
    [
        ("mute", {}, "cmd/mute", b""),
        ("unmute", {}, "cmd/unmute", b""),
        ("stop", {}, "cmd/stop", b""),
        ("talk", {}, "cmd/talk", b""),
        ("volume", {"value": "0.6"}, "cmd/volume", b"0.6"),
        ("chattiness", {"value": "low"}, "cmd/chattiness", b"low"),
        ("microphone", {"value": "off"}, "cmd/microphone", b"off"),
    ],
)
async def test_a_button_publishes_its_command(
    console: ConsoleAlone, broker: Broker, form: str, fields: dict[str, str], topic: str, payload: bytes
) -> None:
    async with hearing(broker) as watch, console.client() as client:
        done = await client.post(f"/do/{form}", data=fields, headers=JSON)
        assert done.status_code == 202, done.text
        await watch.until(lambda: bool(watch.messages))
        assert [(each.topic, each.payload) for each in watch.messages] == [(f"shuttle/test/{topic}", payload)]
        assert not watch.messages[0].retain
        without_script = await client.post(f"/do/{form}", data=fields | {"page": "driver"})
        assert without_script.status_code == 303
        assert without_script.headers["location"].startswith("/driver?said=")


async def test_what_the_guide_would_refuse_is_refused_at_once(console: ConsoleAlone, broker: Broker) -> None:
    async with hearing(broker) as watch, console.client() as client:
        for path, body in (
            ("commands", {"name": "volume", "value": "40"}),
            ("commands", {"name": "safety", "value": "x"}),
            ("commands", {"name": "../safety"}),
            ("trigger", {}),
            ("announce", {"text": ""}),
            ("announce", {"text": "x" * 501}),
        ):
            answer = await client.post(f"/api/v1/{path}", json=body)
            assert answer.status_code == 422, (path, answer.text)
            assert answer.json()["error"]["message"]
        for body in (b"", b"[1]", b"{", b"\xff"):
            assert (await client.post("/api/v1/trigger", content=body)).status_code == 400
        answer = await client.post("/api/v1/announce", json={"id": "a-1", "text": "Остановка."})
        assert answer.json() == {"id": "a-1", "topic": "shuttle/test/announce"}
        await watch.until(lambda: bool(watch.messages))
        assert len(watch.messages) == 1, "nothing of what was refused went out"


async def test_a_command_is_not_kept_for_a_broker_that_is_away(console: ConsoleAlone, broker: Broker) -> None:
    broker.stop()
    await console.until(lambda: "connected to" not in _link(console), "the loss to be seen")
    async with console.client() as client:
        answer = await client.post("/api/v1/commands", json={"name": "mute"})
        assert answer.status_code == 503
        assert (await client.get("/driver")).status_code == 200, "pages are there all the same"
    broker.start()
    await console.until(lambda: "connected to" in _link(console), "its broker")
    async with hearing(broker) as watch, console.client() as client:
        await client.post("/api/v1/commands", json={"name": "unmute"})
        await watch.until(lambda: bool(watch.messages))
        assert [each.topic for each in watch.messages] == ["shuttle/test/cmd/unmute"]


def _link(console: ConsoleAlone) -> str:
    return console.state.facts.get("mqtt.console", "") if console.state else ""


async def test_alarms_and_the_machine_come_by_mqtt(console: ConsoleAlone, broker: Broker) -> None:
    async with hearing(broker) as watch, console.events("driver") as events:
        console.all_ready()
        alarm = payloads.alarm("disk", (1.8e9, "3 MiB are free"))
        await watch.session.publish("shuttle/test/alarm/disk", alarm, retain=True)
        content = await until(events, "condition", lambda content: "3 MiB" in content)
        assert "bad" in content
        await watch.session.publish("shuttle/test/alarm/disk", payloads.alarm("disk", None), retain=True)
        await until(events, "condition", lambda content: "3 MiB" not in content)
        await watch.session.publish("shuttle/test/alarm/disk", b"no json")
        await watch.session.publish("shuttle/test/state", b'{"vitals": 7}')
        await watch.session.publish("shuttle/test/alarm/disk", alarm, retain=True)
        await until(events, "condition", lambda content: "3 MiB" in content)


@pytest.mark.parametrize("allowed", [False, True])
async def test_passengers_words_are_asked_for_only_where_the_operator_allows_it(
    broker: Broker, tmp_path: Path, allowed: bool
) -> None:
    setting = {"SHUTTLE_GUIDE_CONSOLE__PASSENGERS_WORDS": str(allowed).lower()}
    async with ConsoleAlone(tmp_path, broker.port, setting) as console:
        listener = console.feeds["listener"]
        await console.until(lambda: listener.is_watched(Hearing), "the listener's feed to be watched")
        async with console.events("driver") as events:
            if allowed:
                await console.until(lambda: listener.is_watched(Caption), "captions to be asked for")
                listener.publish(Caption(segment_id="s", text="Гид, что это?", language="ru", final=True))
                await until(events, "heard", lambda content: "что это" in content)
            else:
                assert not listener.is_watched(Caption)
                await until(events, "heard", lambda content: "не показываются" in content)


async def test_what_has_ended_is_told_as_on_mqtt_also_to_a_page_that_comes_later(
    console: ConsoleAlone,
) -> None:
    turn = ended_turn()
    console.tell("commentator", turn)
    async with console.client() as client:
        async with asyncio.timeout(WITHIN_S):
            while not (body := (await client.get("/api/v1/turns")).json())["turns"]:
                await asyncio.sleep(0.02)
        page = await client.get("/engineer")
    assert body["turns"] == [_json(payloads.turn(turn, payloads.TelemetrySettings(), prices={}))]
    assert "Справа собака." in page.text


def _json(payload: bytes) -> object:
    import json

    return json.loads(payload)


async def test_who_holds_a_page_and_reads_nothing_harms_nobody(console: ConsoleAlone) -> None:
    holders = [socket.create_connection(("127.0.0.1", console.port)) for _ in range(5)]
    try:
        for holder in holders:
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            holder.sendall(b"GET /events/engineer HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        async with console.events("engineer") as events:
            for number in range(60):
                console.tell("commentator", ended_turn(f"t{number}", text=f"{number}: " + "слово " * 80))
                await until(events, "turns", lambda content: f"{number}: " in content)  # noqa: B023
        async with console.client() as client:
            assert (await client.get("/health")).status_code == 200
    finally:
        for holder in holders:
            holder.close()


async def test_a_port_that_is_taken_is_waited_for(broker: Broker, tmp_path: Path) -> None:
    console = ConsoleAlone(tmp_path, broker.port)
    with socket.create_server(("127.0.0.1", console.port)):
        console._is_ready = lambda: bool(console.state and "cannot be served" in console.state.status)  # type: ignore[method-assign]
        async with console:
            assert console.state
            assert not console.state.ready
            console._is_ready = lambda: bool(console.state and console.state.ready)  # type: ignore[method-assign]
    async with ConsoleAlone(tmp_path / "again", broker.port) as free:
        assert free.state
        assert free.state.ready


async def test_a_start_that_would_show_everybody_everything_is_refused(
    broker: Broker, tmp_path: Path
) -> None:
    console = ConsoleAlone(tmp_path, broker.port, {"SHUTTLE_GUIDE_CONSOLE__ADDRESS": "0.0.0.0"})
    process = await asyncio.create_subprocess_exec(
        *(console_python(), "-m", "edge", "run", "console"),
        env=console.environment,
        cwd=tmp_path,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(WITHIN_S):
        _, log = await process.communicate()
    assert process.returncode == 78
    (line,) = [line for line in log.decode().splitlines() if "console.address" in line]
    assert "expected a token (credential console_token) and console.cert_file" in line


def console_python() -> str:
    import sys

    return sys.executable


@pytest.fixture
async def guarded(broker: Broker, tmp_path: Path) -> AsyncIterator[ConsoleAlone]:
    async with ConsoleAlone(tmp_path, broker.port, {"CONSOLE_TOKEN": TOKEN}) as console:
        yield console


async def test_with_a_token_nobody_else_comes_in(guarded: ConsoleAlone) -> None:
    async with guarded.client() as client:
        for path in ("/api/v1/state", "/events/driver", "/driver", "/api/v1/openapi.json"):
            assert (await client.get(path)).status_code == 401, path
        assert (await client.post("/do/mute", headers=JSON)).status_code == 401
        assert (await client.get("/health")).status_code == 200
        led = await client.get("/driver", headers={"accept": "text/html"})
        assert (led.status_code, led.headers["location"]) == (303, "/login")
        assert (await client.get("/login", headers={"accept": "text/html"})).status_code == 200
        by_header = await client.get("/api/v1/state", headers={"authorization": f"Bearer {TOKEN}"})
        assert by_header.status_code == 200


async def test_who_logs_in_is_remembered_by_a_cookie_that_scripts_and_other_sites_do_not_get(
    guarded: ConsoleAlone,
) -> None:
    async with guarded.client() as client:
        wrong = await client.post("/login", data={"token": "wrong"})
        assert wrong.status_code == 401
        right = await client.post("/login", data={"token": TOKEN})
        assert right.status_code == 303
        assert {"HttpOnly", "SameSite=strict"} <= set(right.headers["set-cookie"].split("; "))
        assert (await client.get("/driver")).status_code == 200
        assert TOKEN not in (await client.get("/engineer")).text
        left = await client.post("/logout")
        assert left.status_code == 303
        assert (await client.get("/driver")).status_code == 401


async def test_who_guesses_tokens_is_not_heard_for_a_while(guarded: ConsoleAlone) -> None:
    async with guarded.client() as client:
        codes = [(await client.post("/login", data={"token": f"guess {n}"})).status_code for n in range(12)]
        assert codes == [401] * 10 + [429] * 2
        assert (await client.post("/login", data={"token": TOKEN})).status_code == 429


async def test_pages_of_other_sites_and_names_of_others_are_turned_away(console: ConsoleAlone) -> None:
    async with console.client() as client:
        for origin in ("https://evil.example", "null", "http://127.0.0.1:1"):
            answer = await client.post("/do/mute", headers={"origin": origin})
            assert answer.status_code == 403, origin
        own = await client.post("/do/mute", headers={"origin": console.address} | JSON)
        assert own.status_code == 202
        assert (await client.get("/driver", headers={"host": "evil.example"})).status_code == 421


async def test_every_answer_tells_the_browser_to_be_strict(console: ConsoleAlone) -> None:
    async with console.client() as client:
        for path in ("/driver", "/engineer", "/try", "/nowhere", "/static/console.js", "/api/v1/state"):
            headers = (await client.get(path)).headers
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert headers["x-content-type-options"] == "nosniff"
        page = (await client.get("/engineer")).text
    assert "<style" not in page
    assert " style=" not in page
    assert " onclick=" not in page
    assert page.count("<script") == 1


async def test_each_page_speaks_the_language_of_its_reader(console: ConsoleAlone) -> None:
    async with console.client() as client:
        assert 'lang="ru"' in (await client.get("/driver")).text
        assert "All is well" not in (await client.get("/driver")).text
        english = await client.get("/driver", headers={"accept-language": "en"})
        assert 'lang="en"' in english.text
        await client.post("/language", data={"language": "id", "page": "try"})
        assert '<html lang="id">' in (await client.get("/try")).text


async def test_a_drive_is_replayed_on_the_page_and_by_the_api(console: ConsoleAlone) -> None:
    drive = (Path(__file__).parents[1] / "drives" / "muted.jsonl").read_bytes()
    async with console.client() as client:
        answer = await client.post("/api/v1/drives", content=drive, timeout=60)
        assert answer.status_code == 200, answer.text
        assert sum(answer.json()["turns"].values()) > 0
        page = await client.post("/replayed", content=drive, timeout=60)
        assert page.headers["content-type"].startswith("text/html")
        assert "<svg" in page.text


async def test_a_flood_of_turns_is_shown_to_its_last_and_delays_no_other_page(console: ConsoleAlone) -> None:
    async with (
        console.events("engineer") as engineer,
        console.events("driver") as driver,
        console.client() as client,
    ):
        await anext(engineer)
        for number in range(300):
            console.tell("commentator", ended_turn(f"flood-{number}", text=f"Реплика номер {number} 🐕" * 20))
        console.play("Мы едем дальше.")
        await until(driver, "now", lambda content: "Мы едем дальше." in content)
        await until(engineer, "turns", lambda content: "turn-flood-299" in content)
        assert (await client.get("/api/v1/turns?limit=200")).json()["turns"][-1]["turn_id"] == "flood-299"


async def test_what_comes_from_outside_is_text_on_every_page(console: ConsoleAlone) -> None:
    hostile = "<img src=x onerror=alert(1)>\"'&"
    turn = msgspec.structs.replace(
        ended_turn("hostile", text=hostile),
        reason=hostile,
        outcome="failed",
        refused=(hostile,),
        sources=(hostile,),
        models=(hostile,),
        voices=(hostile,),
        tries=(
            RungTry(
                stage="model", rung=hostile, fate="failed", reason=hostile, begun_mono=1.0, until_mono=2.0
            ),
        ),
    )
    console.all_ready({f"model.{hostile}": hostile, f"fleet.{hostile}": hostile})
    console.tell("commentator", turn)
    console.play(hostile, heard=hostile[:5])
    async with console.events("engineer") as engineer, console.client() as client:
        await until(engineer, "turns", lambda content: "turn-hostile" in content)
        for page in ("driver", "engineer", "try"):
            text = (await client.get(f"/{page}", params={"said": hostile, "tried": hostile})).text
            assert "<img" not in text
            assert "&lt;img" in text


async def test_a_browser_keeps_what_its_page_names_by_version(console: ConsoleAlone) -> None:
    async with console.client() as client:
        page = (await client.get("/driver")).text
        for address in re.findall(r'"(/static/[^"]+)"', page):
            kept = await client.get(address)
            assert kept.status_code == 200
            assert "immutable" in kept.headers["cache-control"]
            other = await client.get(address.partition("?")[0], params={"v": "another"})
            assert other.headers["cache-control"] == "no-cache"
