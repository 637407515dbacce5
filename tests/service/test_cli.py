"""The commands that need no guide, or bring one of their own."""

from __future__ import annotations

import asyncio
import json
import wave
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from bench.clouds import CloudEmulator, Profile
from bench.clouds.server import ELEVENLABS_KEY, GROQ_KEY
from edge.cli import client
from edge.cli.client import GuideClient, GuideUnreachableError
from edge.config import MqttSettings, Settings
from tests.support.broker import Broker, running
from tests.support.command import Ended, in_terminal, shuttle_guide
from tests.support.guide import clean_environment
from tests.support.heard import Heard
from tests.support.ports import free_port
from tests.support.synthetic_piper import make_voice
from tests.support.synthetic_voiceprint import make_model

Run = Callable[..., Awaitable[Ended]]
QUICK = Profile(name="quick", first_token_s=0.05, voice_first_byte_s=0.03, connection_setup_s=0.01)
COMMANDS = (
    *("up", "run", "demo", "trigger", "talk", "bench", "compare"),
    *("config", "doctor", "report", "accept", "models", "voices"),
    *("listen", "desk", "devices"),
)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a command with a broker's address at which nobody listens, and further settings by keyword."""

    async def run_command(*arguments: str, **settings: str) -> Ended:
        environment = clean_environment(tmp_path, free_port()) | settings
        return await shuttle_guide(*arguments, environment=environment, folder=tmp_path)

    return run_command


async def test_help_names_every_command(run: Run) -> None:
    ended = await run("--help")
    assert ended.exit_code == 0
    assert all(f"\n    {command} " in ended.out for command in COMMANDS)


async def test_an_unknown_command_is_wrong_usage(run: Run) -> None:
    ended = await run("dance")
    assert ended.exit_code == 2
    assert "dance" in ended.err


async def test_the_configuration_is_shown_without_its_secrets(run: Run) -> None:
    ended = await run("config", "show", "--json", GROQ_API_KEY=GROQ_KEY, SHUTTLE_GUIDE_MQTT__PORT="1884")
    assert ended.exit_code == 0
    tree = json.loads(ended.out)
    assert tree["mqtt"]["port"] == 1884
    keys = {name: service["api_key"] for name, service in tree["services"].items()}
    assert (keys["groq"], keys["openai"]) == ("(set)", "(not set)")
    assert GROQ_KEY not in ended.out + ended.err


async def test_a_good_configuration_is_called_good(run: Run) -> None:
    ended = await run("config", "check", "--json")
    assert (ended.exit_code, json.loads(ended.out)) == (0, {"ok": True})


@pytest.mark.parametrize(
    "command", [("config", "check"), ("run", "speaker"), ("trigger", "собака")], ids=" ".join
)
async def test_a_bad_setting_is_one_line_that_says_what_is_allowed(
    run: Run, command: tuple[str, ...]
) -> None:
    ended = await run(*command, SHUTTLE_GUIDE_SHUTTLE__LANGUAGE="fr", ELEVENLABS_API_KEY=ELEVENLABS_KEY)
    assert ended.exit_code == 78
    (line,) = ended.err.splitlines()
    assert all(part in line for part in ("shuttle.language", "fr", "ru, en, id"))
    assert ELEVENLABS_KEY not in ended.out + ended.err


async def test_a_runtime_dir_that_cannot_be_made_is_one_line(run: Run) -> None:
    ended = await run("run", "telemetry", SHUTTLE_GUIDE_RUNTIME_DIR="/dev/null/guide")
    assert ended.exit_code == 78
    (line,) = ended.err.splitlines()
    assert all(part in line for part in ("runtime_dir", "/dev/null/guide", "Not a directory"))


async def test_up_gives_up_when_a_process_cannot_use_its_settings(run: Run) -> None:
    ended = await run("up", SHUTTLE_GUIDE_SPEAKER__OUTPUT="wav:")
    assert ended.exit_code == 78
    assert "speaker.output" in ended.err


async def test_the_doctor_finds_the_broker_missing(run: Run) -> None:
    ended = await run("doctor", "--json")
    assert ended.exit_code == 1
    checks = {check["name"]: check for check in json.loads(ended.out)}
    assert checks["broker"]["verdict"] == "missing"
    assert checks["broker"]["advice"]
    assert checks["ingest"]["verdict"] == "absent"
    assert checks["GROQ_API_KEY"]["verdict"] == "absent"


async def test_the_doctor_and_the_check_of_settings_tell_of_retired_models(run: Run) -> None:
    retired = {"GROQ_API_KEY": GROQ_KEY, "SHUTTLE_GUIDE_GROQ__MODEL": "llama-3.1-8b-instant"}
    examined = await run("doctor", "--json", **retired)
    (note,) = [check["actual"] for check in json.loads(examined.out) if check["name"] == "setting"]
    assert note.startswith("services.groq.model = 'llama-3.1-8b-instant' ")
    assert note.endswith(" retired by its service on 2026-08-16; set another")
    checked = await run("config", "check", "--json", **retired)
    assert (checked.exit_code, json.loads(checked.out)) == (0, {"ok": True, "notes": [note]})
    ended = await run("run", "commentator", SHUTTLE_GUIDE_RUNTIME_DIR="/dev/null/guide", **retired)
    assert ended.err.count(note) == 1, "a process tells what concerns it"


async def test_the_doctor_tears_no_address_apart_on_an_ordinary_terminal(run: Run) -> None:
    ended = await run("doctor", COLUMNS="80", SHUTTLE_GUIDE_MQTT__PORT="18883")
    first, *rest = ended.out.splitlines()
    assert first.startswith("missing  broker: no broker at 127.0.0.1:18883: connection refused")
    assert "absent   GROQ_API_KEY, OPENAI_API_KEY, ELEVENLABS_API_KEY: not set (asked for:" in rest
    assert ended.err == ""


async def test_without_a_broker_a_command_says_so(run: Run) -> None:
    ended = await run("trigger", "две собаки справа")
    assert ended.exit_code == 1
    assert "no broker" in ended.err


async def test_a_broker_that_is_not_there_or_refuses_is_told_at_the_first_attempt(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "CONNECT_TIMEOUT_S", 3600.0)
    with pytest.raises(GuideUnreachableError, match="no broker"):
        await asyncio.wait_for(connect(free_port()), 90)
    with (
        running(Broker(tmp_path / "broker", accounts={"guide": "secret"})) as broker,
        pytest.raises(GuideUnreachableError, match=f"{broker.port}: refused: bad user name or password"),
    ):
        await asyncio.wait_for(connect(broker.port), 90)


async def connect(port: int) -> None:
    async with GuideClient(Settings(mqtt=MqttSettings(port=port))):
        pass


async def test_an_empty_text_is_not_sent_anywhere(run: Run) -> None:
    ended = await run("trigger", " ")
    assert ended.exit_code == 1
    assert ended.err.splitlines() == ["trigger: expected what the camera sees, got an empty text"]


async def test_voices_are_learnt_listed_and_forgotten(run: Run, tmp_path: Path) -> None:
    make_model(tmp_path / "model.onnx")
    settings = {
        "SHUTTLE_GUIDE_LISTENER__VOICEPRINT__MODEL": "model.onnx",
        "SHUTTLE_GUIDE_LISTENER__LANGUAGES": "id",
        "SHUTTLE_GUIDE_SPEAKER__VOICES": "espeak",
    }
    learnt = await run("voices", "enroll", "guide", "--guide", **settings)
    assert learnt.exit_code == 0
    assert "enrolled by espeak ru, espeak id" in learnt.out
    assert "guide" in (await run("voices", "list", **settings)).out
    assert (await run("voices", "forget", "guide", **settings)).exit_code == 0
    assert list((tmp_path / "state" / "voices").iterdir()) == []
    assert "nobody is enrolled as 'guide'" in (await run("voices", "forget", "guide", **settings)).err


async def test_the_guide_is_learnt_by_each_of_its_voices_that_can_be_heard(run: Run, tmp_path: Path) -> None:
    make_model(tmp_path / "model.onnx")
    settings = {
        "SHUTTLE_GUIDE_LISTENER__VOICEPRINT__MODEL": "model.onnx",
        "SHUTTLE_GUIDE_LISTENER__LANGUAGES": "ru",
    }
    async with CloudEmulator(QUICK) as clouds:
        await clouds.set_fault("speech", "error_401")
        learnt = await run("voices", "enroll", "guide", "--guide", **settings, **clouds.env())
    assert learnt.exit_code == 0
    assert "enrolled by elevenlabs ru, espeak ru" in learnt.out
    assert "voices: without openai ru: " in learnt.err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("enroll", "wayan", "--wav", "gone.wav"), "cannot read gone.wav as a WAV file: No such file"),
        (("enroll", "wayan", "--wav", "short.wav"), "expected at least 3 s of speech, found 0.0 s"),
        (("enroll", "../wayan", "--guide"), "expected a name of letters, digits"),
    ],
    ids=["no file", "no speech", "no name"],
)
async def test_a_voice_that_cannot_be_learnt_is_one_line(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    make_model(tmp_path / "model.onnx")
    with wave.open(str(tmp_path / "short.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 16_000))
    ended = await run("voices", *arguments, SHUTTLE_GUIDE_LISTENER__VOICEPRINT__MODEL="model.onnx")
    assert ended.exit_code == 1
    (line,) = (line for line in ended.err.splitlines() if line.startswith("voices: "))
    assert complaint in line


async def test_compare_puts_the_providers_side_by_side(run: Run) -> None:
    async with CloudEmulator(QUICK, reply=lambda request: "Ну и ну!") as clouds:
        ended = await run("compare", "--json", "-n", "1", "две собаки справа", **clouds.env())
    assert ended.exit_code == 0
    result = json.loads(ended.out)
    assert result["failures"] == {}
    assert {(row["model"], row["voice"]) for row in result["pairs"]} == {
        (model, voice) for model in ("groq", "openai") for voice in ("elevenlabs", "openai")
    }
    assert result["pairs"][0]["first_token_ms"]["p50"] >= QUICK.first_token_s * 1000


async def test_the_demo_needs_nothing_and_leaves_a_recording(
    run: Run, broker: Broker, tmp_path: Path
) -> None:
    del broker  # only to be skipped where there is no mosquitto
    ended = await run("demo", "--output", "wav:out/demo.wav")
    assert ended.exit_code == 0
    assert "две собаки справа" in ended.out
    assert "собак" in ended.out.split("две собаки справа")[1]
    with wave.open(str(tmp_path / "out/demo.wav")) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.int16)
        assert Heard(samples, file.getframerate()).sound_s > 1


@pytest.mark.skipif(
    not all(map(find_spec, ("piper", "flask", "onnx"))), reason="not installed: piper, flask, onnx"
)
async def test_the_demo_takes_the_best_voice_of_the_models_folder(
    run: Run, broker: Broker, tmp_path: Path
) -> None:
    del broker
    for name in ("ru_RU-one-low", "ru_RU-two-medium", "en_US-three-high"):
        (tmp_path / "models/piper" / name).mkdir(parents=True)
        make_voice(tmp_path / "models/piper" / name / f"{name}.onnx", language="ru")
    environment = {
        "SHUTTLE_GUIDE_MODELS_DIR": str(tmp_path / "models"),
        "SHUTTLE_GUIDE_SPEAKER__BUDGET__INITIAL_MS": "20000",
        "SHUTTLE_GUIDE_SPEAKER__BUDGET__MAX_MS": "20000",
    }
    ended = await run("demo", "--output", "wav:out/demo.wav", **environment)
    assert ended.exit_code == 0
    assert "Piper's ru_RU-two-medium is here" in ended.out
    assert ended.out.partition("voice: ")[2].startswith("piper")


async def test_talk_is_a_conversation_with_the_camera(broker: Broker, tmp_path: Path) -> None:
    del broker
    async with CloudEmulator(QUICK, reply=lambda request: "Ну и ну!") as clouds:
        environment = clean_environment(tmp_path, free_port()) | clouds.env()
        async with in_terminal(
            "talk", "--llm", "balanced", environment=environment, folder=tmp_path
        ) as screen:
            await screen.until_shown("> ")
            screen.type("две собаки справа\n")
            await screen.until_shown("Ну и ну!")
            await screen.until_shown("last_sample")
            assert "groq" in screen.shown
            assert "first sound after" in screen.shown
            screen.type("\n")
            assert await screen.ended() == 0
        models = {record.body["model"] for record in clouds.requests("groq") if record.body}
    assert "openai/gpt-oss-120b" in models
