"""Hours of sound, megabytes of marks, as fast as loopback brings them: memory is bounded, safety is heard."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.own_limits import program_with
from edge.messages import Priority, SpeechEnd, SpeechStart
from tests.support.patient import LIMITS
from tests.support.speaker_alone import SENDER, SpeakerAlone

LARGEST_GROWTH_MB = 60
"""Of the process's resident memory, at its peak, over three floods."""
SAFETY = "Внимание, держитесь за поручни."
KEYS = {"ELEVENLABS_API_KEY": "sk_flood", "OPENAI_API_KEY": "sk-flood"}


@contextlib.contextmanager
def flood() -> Iterator[int]:
    """A mad cloud; gives its port."""
    command = [sys.executable, "-m", "tests.support.flood_server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield int(server.stdout.readline())
        finally:
            server.kill()


def memory_mb(pid: int, field: str) -> float:
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(field)) / 1024


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
@pytest.mark.parametrize(
    ("voice", "kind"),
    [
        ("elevenlabs", "sound"),
        ("elevenlabs", "strays"),
        ("elevenlabs", "marks"),
        ("elevenlabs", "tiny"),
        ("openai", "sound"),
    ],
)
async def test_a_flood_fills_no_memory_and_silences_no_safety_message(
    tmp_path: Path, voice: str, kind: str
) -> None:
    with flood() as port:
        environment = KEYS | {
            "SHUTTLE_GUIDE_ELEVENLABS__BASE_URL": f"http://127.0.0.1:{port}/{kind}",
            "SHUTTLE_GUIDE_OPENAI__BASE_URL": f"http://127.0.0.1:{port}/{kind}/v1",
            "SHUTTLE_GUIDE_SPEAKER__VOICES": f"{voice},espeak",
        }
        flooded_speaker = SpeakerAlone(tmp_path, environment)
        flooded_speaker.program = program_with(**LIMITS, breaker_failures=20)
        async with flooded_speaker as speaker:
            pid = speaker.pid
            before_mb = memory_mb(pid, "VmRSS")
            for number in range(3):
                flooded = f"flooded {number}"
                speaker.say(flooded, "Да.")
                if number:  # else it is said while the flood comes in
                    await speaker.until_stage(flooded, "first_sample")
                said_mono = say_safety(speaker, f"safety {number}")
                heard_mono = await speaker.until_stage(f"safety {number}", "first_sample")
                report = await speaker.report(f"safety {number}")
                assert (report.outcome, report.spoken_text) == ("spoken", SAFETY)
                assert report.voices == ("espeak",)
                sys.stdout.write(f"safety heard after {(heard_mono - said_mono) * 1000:.0f} ms\n")
                await speaker.report(flooded)
            growth_mb = memory_mb(pid, "VmHWM") - before_mb
            sys.stdout.write(f"grew by {growth_mb:.1f} MB\n")
            assert growth_mb < LARGEST_GROWTH_MB
            if kind != "strays":  # of those no turn knows
                await speaker.until(lambda: speaker.counter(f"voice.endless.{voice}") > 0, "the count")
            await speaker.until(lambda: "does not end" in speaker.log(), "the line")


def say_safety(speaker: SpeakerAlone, turn_id: str) -> float:
    """As the commentator does; returns when."""
    now = time.monotonic()
    start = SpeechStart(
        turn_id=turn_id,
        sender=SENDER,
        priority=Priority.SAFETY,
        language="ru",
        text=SAFETY,
        local_only=True,
        ignores_mute=True,
        received_mono=now,
        expires_mono=now + 20,
    )
    speaker.send(start, Priority.SAFETY)
    speaker.send(SpeechEnd(turn_id=turn_id), Priority.SAFETY)
    return now
