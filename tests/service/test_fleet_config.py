"""A whole guide that is configured by its fleet: live, by a restart, and back where it does no good."""

from __future__ import annotations

import json
import time
import tomllib
from pathlib import Path
from typing import Any

from tests.service.test_fleet import command
from tests.support.broker import Broker
from tests.support.fleet_broker import FleetBroker, Operator
from tests.support.guide import Guide, clean_environment
from tests.support.listening_guide import process_of
from tests.support.unready_guide import BAD_SPEED, NO_VOICE, PROGRAM, TIME_IS_UP

JsonObject = dict[str, Any]


class Desk:
    """An operator who has shuttles configured, and reads what they report."""

    def __init__(self, operator: Operator, guide: Guide) -> None:
        self._operator = operator
        self._guide = guide
        self.path = guide.folder / "state" / "desired.toml"

    async def desire(
        self, version: str, settings: JsonObject, *, to: str = "test", ts: float | None = None
    ) -> None:
        body = {"version": version, "ts": ts or time.time(), "settings": settings}
        await self._operator.publish(f"{to}/config/desired", json.dumps(body))

    @property
    def reported(self) -> JsonObject:
        return self._operator.bodies("config/reported")[-1]

    async def until_reported(self, what: str, **wanted: Any) -> JsonObject:
        """Wait for a report with these values; a rejected version is ``rejected=VERSION``."""

        def is_so() -> bool:
            for body in self._operator.bodies("config/reported")[-1:]:
                rejected = body["rejected"] and body["rejected"]["version"]
                return all((body | {"rejected": rejected})[key] == value for key, value in wanted.items())
            return False

        await self._operator.until(is_so, what, self._guide.log)
        return self.reported

    def file(self) -> JsonObject:
        return tomllib.loads(self.path.read_text())


async def test_a_live_setting_is_followed_reported_and_compared(
    tmp_path: Path, broker: Broker, fleet_broker: FleetBroker
) -> None:
    desk = clean_environment(tmp_path, 1) | fleet_broker.environment("desk")
    folder = tmp_path / "desired"
    folder.mkdir()
    (folder / "all.toml").write_text("[speaker]\nvolume = 0.25\n")
    async with Guide(tmp_path / "g", broker.port, fleet_broker.environment("test")) as guide:
        await guide.until_ready()
        pids = {name: guide.pid(name) for name in ("commentator", "speaker", "telemetry")}
        code, shown = await command(desk, "config", "diff", str(folder), "--within", "5")
        assert code == 1, shown
        assert "speaker.volume: 0.25 is desired, 0.8 in force" in shown
        code, shown = await command(desk, "config", "apply", str(folder), "--json")
        (row,) = json.loads(shown)
        assert (code, row["state"], row["reported"]) == (0, "follows", row["version"]), guide.log()[-3000:]
        await guide.until_state(lambda state: state["volume"] == 0.25)
        assert {name: guide.pid(name) for name in pids} == pids, "nobody was started anew"
        desired = tomllib.loads((guide.folder / "state" / "desired.toml").read_text())
        assert desired == {"version": row["version"], "speaker": {"volume": 0.25}}
        code, shown = await command(desk, "config", "diff", str(folder), "--within", "5")
        assert code == 0, shown
        assert max(map(len, shown.splitlines())) <= 80


async def test_a_setting_that_needs_a_restart_is_followed_between_turns(
    tmp_path: Path, broker: Broker, fleet_broker: FleetBroker
) -> None:
    async with (
        Operator(fleet_broker).there() as operator,
        Guide(tmp_path / "g", broker.port, fleet_broker.environment("test")) as guide,
    ):
        desk = Desk(operator, guide)
        await guide.until_ready()
        commentator, speaker = guide.pid("commentator"), guide.pid("speaker")
        said = await guide.begin("announce", text="We wait here for a while, please stay seated.")
        await guide.until_stage(said, "first_sample")
        await desk.desire("quick", {"espeak": {"words_per_minute": 300}}, to="all")
        report = await desk.until_reported("the new version", version="quick", trying=None)
        assert report["settings"]["espeak.words_per_minute"] == 300
        turn = await guide.turn(said)
        assert turn["outcome"] == "spoken", "nobody left in the middle of it"
        assert guide.pid("speaker") not in (None, speaker)
        assert guide.pid("commentator") == commentator
        await desk.desire("none", {}, to="all")
        report = await desk.until_reported("the shuttle's own", version="none", trying=None)
        assert report["settings"]["espeak.words_per_minute"] == 165
        assert desk.file() == {"version": "none"}
        await guide.stop()
        await desk.desire("away", {"commentator": {"openers": True}}, to="all")
        await guide.start()
        report = await desk.until_reported("what came while it was away", version="away", trying=None)
        assert report["settings"]["commentator.openers"] is True


async def test_a_setting_that_there_is_no_more_is_told_in_a_line_and_the_others_are_followed(
    tmp_path: Path, broker: Broker, fleet_broker: FleetBroker
) -> None:
    desk = clean_environment(tmp_path, 1) | fleet_broker.environment("desk")
    folder = tmp_path / "desired"
    folder.mkdir()
    (folder / "all.toml").write_text("[speaker]\nvolume = 0.25\nfade_ms = 9\n")
    async with Guide(tmp_path / "g", broker.port, fleet_broker.environment("test")) as guide:
        await guide.until_ready()
        code, shown = await command(desk, "config", "apply", str(folder), "--json")
        (row,) = json.loads(shown)
        assert (code, row["state"], row["reported"]) == (0, "follows", row["version"]), guide.log()[-3000:]
        (reason,) = row["reasons"]
        assert "is no setting any more (from the fleet): it is always 30 ms; remove it" in reason
        assert f"is followed but for this: {reason}" in guide.log()
        await guide.until_state(lambda state: state["volume"] == 0.25)
        desired = tomllib.loads((guide.folder / "state" / "desired.toml").read_text())
        assert desired == {"version": row["version"], "speaker": {"volume": 0.25}}
        code, shown = await command(desk, "config", "diff", str(folder))
        assert code == 0, shown
        assert "is no setting any more" in " ".join(shown.split())
        assert max(map(len, shown.splitlines())) <= 80


async def test_a_release_that_has_a_setting_no_more_goes_on_with_what_was_in_force(
    tmp_path: Path, broker: Broker, fleet_broker: FleetBroker
) -> None:
    async with (
        Operator(fleet_broker).there() as operator,
        Guide(tmp_path / "g", broker.port, fleet_broker.environment("test")) as guide,
    ):
        desk = Desk(operator, guide)
        await guide.until_ready()
        await desk.desire("v", {"speaker": {"volume": 0.5, "fade_ms": 9}, "mqtt": {"keepalive_s": 9}})
        await desk.until_reported("what is left of it", version="v", trying=None)
        await guide.stop()
        # As the release before has left it.
        desk.path.write_text('version = "v"\n[speaker]\nvolume = 0.5\nfade_ms = 9\n')
        stopped_at = time.time()
        await guide.start()
        await guide.until_ready()
        await operator.until(
            lambda: operator.told("config/reported")[-1]["ts"] > stopped_at, "a report", guide.log
        )
        report = await desk.until_reported("the same", version="v", trying=None, rejected=None)
        assert [each["key"].partition(".")[0] for each in report["left_out"]] == ["mqtt", "speaker"]
        assert report["settings"]["speaker.volume"] == 0.5
        assert desk.file() == {"version": "v", "speaker": {"volume": 0.5}}
        await guide.until_state(lambda state: process_of(state, "speaker")["facts"].get("desired") == "v")


async def test_what_cannot_be_taken_is_refused_as_a_whole_with_a_reason_for_each_key(
    tmp_path: Path, broker: Broker, fleet_broker: FleetBroker
) -> None:
    async with (
        Operator(fleet_broker).there() as operator,
        Guide(tmp_path / "g", broker.port, fleet_broker.environment("test")) as guide,
    ):
        desk = Desk(operator, guide)
        await guide.until_ready()
        began_at = time.time()
        await desk.desire("good", {"speaker": {"volume": 0.5}}, ts=began_at)
        await desk.until_reported("a good version", version="good", trying=None)
        await desk.desire(
            "bad",
            {
                "speaker": {"volume": 3, "output": "null"},
                "commentator": {"chattiness": "low", "models": ["nobody"]},
                "mqtt": {"host": "evil.example"},
                "answers": {"openers": None},
            },
            ts=began_at + 1,
        )
        report = await desk.until_reported("a refusal", rejected="bad")
        reasons = {each["key"]: each["reason"] for each in report["rejected"]["refusals"]}
        assert reasons.keys() == {
            "speaker.volume",
            "speaker.output",
            "commentator.models",
            "mqtt",
            "answers.openers",
        }
        assert "speaker.volume = 3" in reasons["speaker.volume"]
        assert "allowed: groq, openai" in reasons["commentator.models"]
        assert (report["version"], report["settings"]["commentator.chattiness"]) == ("good", "unlimited")
        assert desk.file() == {"version": "good", "speaker": {"volume": 0.5}}
        for payload, expected in (
            (b"x" * (1 << 20), "expected at most 16384 bytes of JSON, got 65536 or more"),
            (b"x" * 40_000, "expected at most 16384 bytes"),
            (b'{"version": "a b", "ts": 1, "settings": {}}', "Expected `str` matching regex"),
            (b'{"version": "a", "ts": 1, "settings": {}, "more": 1}', "unknown field `more`"),
            (b"{", "expected a JSON object"),
            (json.dumps({"version": "a", "ts": began_at + 9e5, "settings": {}}).encode(), "in the future"),
        ):
            await operator.publish("test/config/desired", payload)
            await operator.until(
                lambda expected=expected: (
                    expected in json.dumps(desk.reported["rejected"]["refusals"], ensure_ascii=False)
                ),
                expected,
                guide.log,
            )
        await desk.desire("older", {"speaker": {"volume": 1}}, ts=began_at + 0.5)
        await desk.desire("newer", {"commentator": {"chattiness": "low"}}, ts=began_at + 2)
        report = await desk.until_reported("a newer version", version="newer", trying=None, rejected=None)
        assert report["settings"]["speaker.volume"] == 0.8, "the newest counts, whole"
        state = await guide.until_state(lambda state: state["chattiness"] == "low")
        assert state["volume"] == 0.8


async def test_a_flood_of_configurations_keeps_nobody_from_speaking_and_the_newest_counts(
    tmp_path: Path, broker: Broker, fleet_broker: FleetBroker
) -> None:
    async with (
        Operator(fleet_broker).there() as operator,
        Guide(tmp_path / "g", broker.port, fleet_broker.environment("test")) as guide,
    ):
        desk = Desk(operator, guide)
        await guide.until_ready()
        began_at = time.time()
        for number in range(300):
            settings = {"speaker": {"volume": 0.3 + number / 1000}}
            await desk.desire(f"v{number}", settings, ts=began_at + number / 1000)
            await operator.publish("all/config/desired", b"rubbish")
        said = await operator.command("test/announce", text="Остановка.")
        await operator.until(lambda: "played" in operator.receipts(said), "what is said", guide.log)
        report = await desk.until_reported("the newest version", version="v299", trying=None)
        assert report["settings"]["speaker.volume"] == 0.3 + 299 / 1000
        minutes = 1 + (time.time() - began_at) // 60
        assert guide.log().count("configuration is refused") <= 20 * minutes


async def test_what_the_guide_does_not_get_ready_with_is_taken_back(
    tmp_path: Path, broker: Broker, fleet_broker: FleetBroker
) -> None:
    async with (
        Operator(fleet_broker).there() as operator,
        Guide(tmp_path / "g", broker.port, fleet_broker.environment("test"), program=PROGRAM) as guide,
    ):
        desk = Desk(operator, guide)
        await guide.until_ready()
        await desk.desire("good", {"speaker": {"speed": 1.1, "volume": 0.5}})
        await desk.until_reported("a good version", version="good", trying=None)
        for version, telemetry_dies in (("bad", False), ("worse", True)):
            await desk.desire(version, {"speaker": {"speed": BAD_SPEED, "volume": 0.3}})
            await desk.until_reported("a trial", trying=version)
            await guide.until_state(lambda state: state["volume"] == 0.3)
            await guide.until_state(lambda state: process_of(state, "speaker").get("status") == NO_VOICE)
            if telemetry_dies:
                guide.kill("telemetry")
                await guide.until_back("telemetry")
            (guide.folder / TIME_IS_UP).touch()
            report = await desk.until_reported("the version before", trying=None, rejected=version)
            assert report["rejected"]["taken_back"]
            assert "speaker is not ready: no voice" in report["rejected"]["refusals"][0]["reason"]
            assert (report["version"], report["settings"]["speaker.speed"]) == ("good", 1.1)
            (guide.folder / TIME_IS_UP).unlink()
            await guide.until_state(lambda state: state["volume"] == 0.5)
            await guide.until_state(lambda state: process_of(state, "speaker").get("ready") is True)
            await guide.until_ready()
            assert desk.file()["version"] == "good"
