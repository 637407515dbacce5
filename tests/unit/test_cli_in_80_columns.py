"""What commands print on a terminal of 80 columns: words stay whole, and what is wrong comes first."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.acceptance.result import Result
from edge.cli import (
    accept,
    bench,
    bench_asr,
    compare,
    cost,
    devices,
    doctor,
    fleet,
    fleet_config,
    models,
    pool,
    replay,
    show,
    voices,
)
from edge.cli import report as cli_report
from edge.cli import settings as cli_settings
from edge.cli.compared_turn import ComparedTurn
from edge.cli.comparison import Pair, PairResult
from edge.config import Settings
from edge.config.gone import Gone
from edge.doctor.check import Check, optional
from edge.doctor.report import Part
from edge.drive.report import Report
from edge.fleet.compliance import Compliance
from edge.fleet.roll import ShuttleRow
from edge.listener.voiceprint import EnrolledVoice
from edge.messages import PoolHoldings, Spending
from edge.sound.sound_devices import SoundDevice
from edge.spending.books import Books
from edge.spending.lines import names_of
from edge.spending.report import CostReport
from edge.vitals.tree import Tree

COLUMNS = 80
ADVICE = "set SHUTTLE_GUIDE_MQTT__HOST and SHUTTLE_GUIDE_MQTT__PORT, or start the broker on this machine"
LONG_PATH = "/srv/" + "of-a-name-that-is-longer-than-a-line-of-this-terminal/" * 3
CHECKS = [
    Check("python", "ok", ">= 3.11", "3.11.2 on aarch64"),
    Check("broker", "missing", "127.0.0.1:18883", "no broker at 127.0.0.1:18883: refused [111]", ADVICE),
    optional("ELEVENLABS_API_KEY", "set", "not set", "optional"),
    optional("GROQ_API_KEY", "set", "not set", "optional"),
    optional("disk", ">= 500 MiB", f"70941 MiB free for {LONG_PATH}"),
    Check("speaker", "ok", "ready", "ready"),
    Check("  output", "missing", "", "hw:CARD=Shuttle,DEV=0: lost", "see the line; it is tried again"),
]
SLOW = {"p50": 12345.6, "p90": 12345.6, "p95": 12345.6}


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(show.console, "_width", COLUMNS)


def options(**given: object) -> argparse.Namespace:
    return argparse.Namespace(**{"as_json": False, "action": "list", **given})


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What was printed; no line is longer than the terminal, unless it is one word."""
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert [line for line in lines if len(line) > COLUMNS and len(line.split()) > 1] == []
    return lines


def run_doctor(monkeypatch: pytest.MonkeyPatch, **given: object) -> int:
    async def examine(settings: Settings) -> list[Check]:
        return CHECKS

    monkeypatch.setattr(doctor, "examine", examine)
    return doctor.doctor(options(**given), Settings())


def test_the_doctor_tells_what_is_wrong_first_and_in_whole_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_doctor(monkeypatch) == 1
    assert lines_of(capsys) == [
        "missing  broker: no broker at 127.0.0.1:18883: refused [111] (asked for:",
        "         127.0.0.1:18883)",
        "         → set SHUTTLE_GUIDE_MQTT__HOST and SHUTTLE_GUIDE_MQTT__PORT, or start",
        "         the broker on this machine",
        "missing  speaker output: hw:CARD=Shuttle,DEV=0: lost",
        "         → see the line; it is tried again",
        "absent   ELEVENLABS_API_KEY, GROQ_API_KEY: not set (asked for: set)",
        "         → optional",
        "ok       python: 3.11.2 on aarch64 (asked for: >= 3.11)",
        "ok       disk: 70941 MiB free for",
        f"         {LONG_PATH}",
        "         (asked for: >= 500 MiB)",
        "ok       speaker: ready (asked for: ready)",
    ]


def test_the_doctor_s_json_is_the_findings_as_they_are(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_doctor(monkeypatch, as_json=True) == 1
    assert json.loads(capsys.readouterr().out) == [check._asdict() for check in CHECKS]


def test_models_are_told_in_whole_words_and_one_that_was_cut_off_first(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    part = tmp_path / "piper/en_US-ljspeech-medium/en_US-ljspeech-medium.onnx"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"onnx")
    assert models.models(options(catalogue=None, dir=str(tmp_path)), Settings()) == 0
    _, first, *rest = lines_of(capsys)
    assert first.startswith("incomplete  piper/en_US-ljspeech-medium: ")
    assert "→ `shuttle-guide models fetch piper/en_US-ljspeech-medium`" in "\n".join(rest)
    shown = " ".join(rest).split()
    assert {"(local.thinks_first)", "faster-whisper", "llm/vikhr-qwen-1.5b:", "MODEL_CARD"} <= {*shown}


def test_the_acceptance_tells_what_failed_first(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accept, "check_network", lambda settings: Result(CHECKS, {}))
    assert accept.accept(options(part="network"), Settings()) == 1
    signs = [line[:9].strip() for line in lines_of(capsys) if not line.startswith(" ")]
    assert signs == ["failed"] * 2 + ["not there"] * 2 + ["passed"] * 3


def test_a_voice_of_another_model_is_told_first(capsys: pytest.CaptureFixture[str]) -> None:
    voice = EnrolledVoice(
        name="guide",
        role="guide",
        model="0123456789abcdef",
        embeddings={f"elevenlabs {language}": [1.0, 0.0] for language in ("ru", "en", "id")},
    )
    show.show_lines(voices._told(voice, is_void=is_void) for is_void in (False, True))
    first, *rest = lines_of(capsys)
    assert first.startswith("void   guide: guide since ")
    assert "       → another model is used now: enrol it anew" in rest


def test_recognizers_that_failed_are_told_first(capsys: pytest.CaptureFixture[str]) -> None:
    good = {
        "recognizer": "faster_whisper",
        "runs": "large-v3-turbo on cuda → cpu int8 (cuda float16: hangs (no answer within 8 s))",
        "latency_ms": SLOW,
        "real_time_factor": 0.5,
        "word_error_rate": 0.1,
        "slower_at_the_end": 0.01,
        "memory_growth_mb": 12.0,
    }
    bench_asr._show([good, {"recognizer": "openai", "runs": "in the cloud", "error": ADVICE}], 2)
    _, first, *rest = lines_of(capsys)
    assert first.startswith("failed  openai: set SHUTTLE_GUIDE_MQTT__HOST")
    assert "        latency p50 12346 ms, p95 12346 ms, 50% of real time; 10% word errors;" in rest


def test_a_replay_s_reasons_stay_whole(capsys: pytest.CaptureFixture[str]) -> None:
    dropped = {f"a_reason_to_drop_{number}": number for number in range(9)}
    replay._show(
        Report(
            duration_s=60.0,
            turns={},
            dropped=dropped,
            remarks_per_minute=3.0,
            stale=0,
            repeated=0,
            interrupted=1,
            longest_silence_s=12.0,
        )
    )
    lines = lines_of(capsys)
    assert lines[:2] == ["duration          60.0 s", "turns             none"]
    assert dropped.keys() <= {*" ".join(lines).split()}


def test_a_report_tells_first_what_it_could_not_have(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def gather(settings: Settings, tree: Tree, say: Callable[[str], None]) -> list[Part]:
        say(f"power.txt: nvpmodel -q: {ADVICE}")
        return [Part("settings.json", b"{}")]

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli_report, "gather", gather)
    assert cli_report.report(options(file="r.tar.gz"), Settings()) == 0
    first, *rest = lines_of(capsys)
    assert first.startswith("not had          power.txt: nvpmodel -q: set SHUTTLE_GUIDE_MQTT__HOST")
    assert "        2 bytes  settings.json" in rest


def test_settings_that_are_gone_are_named_in_whole_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"listener.recognizer.name_of_one_number_{number}" for number in range(5)]
    monkeypatch.setattr(cli_settings, "gone_settings", lambda: [Gone(name, "guide.toml") for name in names])
    assert cli_settings.settings(options(action="check"), Settings()) == 0
    assert {*names} <= {word.rstrip(",") for word in " ".join(lines_of(capsys)).split()}


def test_figures_and_turns_fit(capsys: pytest.CaptureFixture[str]) -> None:
    stages = dict.fromkeys(bench.STAGES, SLOW)
    bench._show({"spoken": 15, "triggers": 15, "stages_ms": stages, **dict.fromkeys(bench.CLOCKS, SLOW)})
    comparison = compare.Comparison(Settings(), compare.cast_of(Settings(), ["cerebras"], ["elevenlabs"]))
    turn = ComparedTurn("две собаки справа", "Ну и ну! " * 30, *[12.345] * 4)
    comparison.results = {
        Pair(model, "elevenlabs"): PairResult([turn, turn], ["model groq: " + ADVICE])
        for model in ("cerebras", "groq")
    }
    compare._show(comparison, Pair("cerebras", "elevenlabs"), Settings())
    news = PoolHoldings(instance="1", voice="elevenlabs/0123456789abcdef")
    for held in (pool.Holdings(None, (), 0), pool.Holdings(news, (), 0)):
        pool._show(held, Path("/var/lib/shuttle-guide/speaker/pool/in-a-folder"))
    show.show_turn(
        {
            "text": "Ну и ну! " * 30,
            "outcome": "spoken",
            "kind": "remark",
            "rungs": {"model": "groq", "voice": "elevenlabs"},
            "ttfa_ms": 412.0,
            "first_content_ms": 812.0,
            "received_at": 1_800_000_004.2,
            "merged": {"count": 3, "since": 1_800_000_000.0},
            "stages_ms": {"accepted": 1.0, "first_content": 12345.6},
        }
    )
    lines = lines_of(capsys)
    assert "time to first content  12345.6  12345.6  12345.6" in lines
    assert "the newest of 3 sightings; the oldest came 4.2 s before it" in lines
    assert any("cerebras + elevenlabs  12345  12345" in line for line in lines)
    assert {"/var/lib/shuttle-guide/speaker/pool/in-a-folder", "elevenlabs/0123456789abcdef"} <= {
        *" ".join(lines).split()
    }


def test_the_fleet_is_told_in_whole_words(capsys: pytest.CaptureFixture[str]) -> None:
    name = "shuttle-of-the-northern-beach-line-and-more-of-it-117"
    row = ShuttleRow(
        shuttle=name,
        online=True,
        told_at=time.time() - 500,
        version="2026.11.30-rc1+abcdef",
        ready=False,
        muted=True,
        waiting=12_345,
        lost=123_456,
        alarms=["no_sound_device", "messages_refused"],
    )
    head = ("shuttle", "", "told", "version", "outbox", "lost")
    show.show_table("2 shuttles", head, [fleet._cells(each) for each in (row, ShuttleRow(shuttle="a"))])
    words = {word.rstrip(",") for word in " ".join(lines_of(capsys)).split()}
    assert {"shuttle-of-t…e-of-it-117", "ready", "sound", "device", "messages", "refused", "123456"} <= words
    differs = {"speaker.output": ["hw:CARD=Shuttle,DEV=0", LONG_PATH]}
    fleet_config._show(
        [
            Compliance(
                shuttle=name,
                state="refused",
                online=False,
                version="0123456789abcdef",
                reported="fedcba9876543210",
                differs=differs,
                reasons=[ADVICE],
            )
        ]
    )
    words = {*" ".join(lines_of(capsys)).split()}
    assert {"0123456789abcdef", "fedcba9876543210", "SHUTTLE_GUIDE_MQTT__PORT,", f'"{LONG_PATH}"'} <= words


def test_what_looks_like_markup_is_told_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    show.show_table("1 shuttle", ("shuttle", "version"), [("[/a]", "[red]1.0")])
    show.show_turn(
        {
            "text": "Turn left at [/the sign].",
            "outcome": "failed",
            "reason": "[/b]",
            "kind": "announcement",
            "rungs": {},
            "stages_ms": {},
        }
    )
    words = set(" ".join(lines_of(capsys)).split())
    assert {"[/a]", "[red]1.0", "[/the", "sign].", "([/b]);"} <= words


def test_devices_are_told_in_whole_words(capsys: pytest.CaptureFixture[str]) -> None:
    name = "alsa_input.usb-Shuttle_Conference_Speakerphone_SN123456-00.monitor"
    held = ["shuttle-guide-listener (pid 1234)", "pulseaudio (pid 77)"]
    devices._show(
        [
            SoundDevice(
                name=each, direction="capture", channels=2, rate_hz=48_000, is_default=True, held_by=held
            )
            for each in (name, "a microphone")
        ]
    )
    assert lines_of(capsys)[1:5] == [
        f"*  {name}: 2",
        "   channels, 48000 Hz, held by shuttle-guide-listener (pid 1234); pulseaudio",
        "   (pid 77)",
        "*  a microphone: 2 channels, 48000 Hz, held by shuttle-guide-listener (pid",
    ]


def test_costs_are_told_in_whole_words(capsys: pytest.CaptureFixture[str]) -> None:
    amounts = {"tokens_in": 123_456_789, "tokens_out": 123_456_789, "characters": 12_345_678, "audio_s": 1e5}
    spent = names_of("operators_own_language_model_12", "announcement", amounts)
    books, day = Books(), "2026-11-23"
    books.take(Spending(process="commentator", today=day, days={day: spent}))
    cost._show(CostReport(books, {}, day, None), is_running=False)
    lines = lines_of(capsys)
    assert "operato…del_12  announcement  123456789  123456789    12345678   100000  unknown" in lines
