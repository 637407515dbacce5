"""The machine is powered off behind the ignition, and by nothing else."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edge.ignition_note import Ignition, IgnitionNote, read_ignition
from edge.ingest.control_state import ControlState
from edge.ingest.parsed import ControlChange
from edge.power import gpio_line
from edge.power.__main__ import Wanted, Watch, settings
from edge.power.gpio_line import REQUEST, VALUES, GpioLine
from edge.power.hold import Hold

HEADER = Path("/usr/include/linux/gpio.h")
LAYOUT = """
#include <stddef.h>
#include <stdio.h>
#include <linux/gpio.h>
int main(void) {
    printf("%zu %zu %zu %zu %zu %zu %zu %zu\\n",
        sizeof(struct gpio_v2_line_request), offsetof(struct gpio_v2_line_request, consumer),
        offsetof(struct gpio_v2_line_request, config.flags),
        offsetof(struct gpio_v2_line_request, config.num_attrs),
        offsetof(struct gpio_v2_line_request, num_lines),
        offsetof(struct gpio_v2_line_request, event_buffer_size),
        offsetof(struct gpio_v2_line_request, fd), sizeof(struct gpio_v2_line_values));
    printf("%zu %zu %lu %lu %lu %lu\\n",
        offsetof(struct gpio_v2_line_values, bits), offsetof(struct gpio_v2_line_values, mask),
        (unsigned long)GPIO_V2_GET_LINE_IOCTL, (unsigned long)GPIO_V2_LINE_GET_VALUES_IOCTL,
        (unsigned long)GPIO_V2_LINE_FLAG_ACTIVE_LOW, (unsigned long)GPIO_V2_LINE_FLAG_INPUT);
}
"""


class Chip:
    """A GPIO chip with one line: what the kernel does with our requests."""

    def __init__(self, path: Path) -> None:
        path.touch()
        self.path = path
        self.asked: list[tuple[int, ...]] = []
        self.level: int | None = 1
        """None: it is gone."""
        self._descriptors: list[int] = []

    def ioctl(self, descriptor: int, request: int, data: bytearray) -> int:
        if self.level is None:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        if request == gpio_line.GET_LINE:
            assert Path(f"/proc/self/fd/{descriptor}").readlink() == self.path
            *given, _ = REQUEST.unpack(data)
            self.asked.append((given[0], given[65], given[67]))
            self._descriptors.append(os.open(os.devnull, os.O_RDONLY))
            data[:] = REQUEST.pack(*given, self._descriptors[-1])
        else:
            assert (descriptor, request) == (self._descriptors[-1], gpio_line.GET_VALUES)
            assert VALUES.unpack(data)[1] == 1
            data[:] = VALUES.pack(self.level, 1)
        return 0


@pytest.fixture
def chip(tmp_path: Path) -> Chip:
    return Chip(tmp_path / "gpiochip0")


class Asked:
    """A watch, and what it told."""

    def __init__(self, folder: Path, hold_s: float = 60, line: GpioLine | None = None) -> None:
        self.note = IgnitionNote(folder)
        self.told: list[str] = []
        self._watch = Watch(Wanted(hold_s, line), folder / "ignition", self.told.append)

    def over(self, now_mono: float, ignition: Ignition | None = None) -> bool:
        self.note.note(ignition)
        return self._watch.step(now_mono)[1]


def test_it_must_have_been_off_for_the_whole_time_without_a_break() -> None:
    hold = Hold(60)
    assert hold.left_s("off", 100) == 60
    assert hold.left_s("off", 159) == 1
    assert hold.left_s("on", 159.5) is None
    assert hold.left_s("off", 160) == 60
    assert hold.left_s("off", 220) == hold.left_s("off", 500) == 0
    assert hold.left_s("on", 501) is None


def test_what_nobody_knows_is_not_off() -> None:
    hold = Hold(0)
    assert hold.left_s(None, 0) is None
    assert hold.left_s("off", 1) == 0


def test_a_short_off_at_a_stop_powers_nothing_off(tmp_path: Path) -> None:
    asked = Asked(tmp_path)
    assert [asked.over(0, "on"), asked.over(1, "off"), asked.over(60)] == [False] * 3
    assert [asked.over(60.5, "on"), asked.over(3000)] == [False] * 2
    assert asked.told == [
        "<5>ignition off: power off in 60 s unless it is on again",
        "<5>ignition on again: not powering off",
    ]
    assert [asked.over(4000, "off"), asked.over(4059), asked.over(4060)] == [False, False, True]


def test_a_program_that_starts_anew_holds_anew(tmp_path: Path) -> None:
    assert not Asked(tmp_path).over(0, "off")
    anew = Asked(tmp_path)
    assert anew.note.noted == "off"
    assert [anew.over(1000), anew.over(1060)] == [False, True]


def test_an_ingest_that_starts_anew_knows_what_was_said_before(tmp_path: Path) -> None:
    IgnitionNote(tmp_path).note("on")
    control = ControlState(str(tmp_path / "state"), IgnitionNote(tmp_path).noted)
    assert ControlChange(ignition="was_off").apply(control.current).ignition == "off"
    assert ControlState(str(tmp_path / "state")).current.ignition is None, "another boot"


@pytest.mark.parametrize("made", ["nothing", "fifo", "file", "folder", "elsewhere"])
def test_what_another_user_put_there_is_no_ignition(tmp_path: Path, made: str) -> None:
    path = tmp_path / "ignition"
    match made:
        case "fifo":
            os.mkfifo(path)
        case "file":
            path.write_text("off")
        case "folder":
            path.mkdir()
        case "elsewhere":
            (tmp_path / "off").write_text("off")
            path.symlink_to(tmp_path / "off")
    assert read_ignition(path) is None
    assert not Asked(tmp_path, hold_s=0).over(0)


def test_the_wire_wins_and_the_messages_count_where_it_cannot_be_read(chip: Chip, tmp_path: Path) -> None:
    asked = Asked(tmp_path, 60, GpioLine(str(chip.path), 105, ioctl=chip.ioctl))
    assert [asked.over(0, "off"), asked.over(60)] == [False, False]
    chip.level = 0
    assert [asked.over(61), asked.over(121)] == [False, True]
    chip.level = None
    assert [asked.over(122, "on"), asked.over(123, "off"), asked.over(183)] == [False, False, True]
    assert asked.told.count("<3>the line cannot be read (No such device), the vehicle's messages count") == 1
    chip.level = 1
    assert not asked.over(184)
    assert chip.asked == [(105, 4, 1)] * 2


def test_a_wire_that_was_never_on_leaves_time_to_mend_it(chip: Chip, tmp_path: Path) -> None:
    asked = Asked(tmp_path, 60, GpioLine(str(chip.path), 105, ioctl=chip.ioctl))
    chip.level = 0
    assert [asked.over(0), asked.over(60), asked.over(599)] == [False] * 3
    assert asked.told == [
        "<5>ignition off: power off in 600 s unless it is on again; "
        "the line was never on yet: is it active-low?"
    ]
    assert asked.over(600), "a board in a vehicle that stays off shall not empty its battery"
    chip.level = 1
    assert not asked.over(601)
    chip.level = 0
    assert [asked.over(602), asked.over(661), asked.over(662)] == [False, False, True]


def test_a_wire_that_cannot_be_read_is_not_in_doubt(chip: Chip, tmp_path: Path) -> None:
    asked = Asked(tmp_path, 60, GpioLine(str(chip.path), 105, ioctl=chip.ioctl))
    chip.level = None
    assert [asked.over(0, "off"), asked.over(59), asked.over(60)] == [False, False, True]


def test_a_longer_hold_is_kept_also_at_first(chip: Chip, tmp_path: Path) -> None:
    asked = Asked(tmp_path, 900, GpioLine(str(chip.path), 105, ioctl=chip.ioctl))
    chip.level = 0
    assert [asked.over(0), asked.over(899), asked.over(900)] == [False, False, True]


@pytest.mark.parametrize(("active_low", "flags"), [(False, 4), (True, 6)])
def test_the_line_is_asked_for_as_an_input(chip: Chip, active_low: bool, flags: int) -> None:
    line = GpioLine(str(chip.path), 3, active_low=active_low, ioctl=chip.ioctl)
    assert [line.is_active(), line.is_active()] == [True, True]
    assert chip.asked == [(3, flags, 1)]
    line.close()


@pytest.mark.skipif(
    not (HEADER.exists() and shutil.which("cc")),
    reason="needs a C compiler and linux/gpio.h (linux-libc-dev)",
)
def test_the_layout_is_the_kernels(tmp_path: Path) -> None:
    (tmp_path / "layout.c").write_text(LAYOUT)
    subprocess.run(["cc", "-o", tmp_path / "layout", tmp_path / "layout.c"], check=True, timeout=60)
    told = subprocess.run([tmp_path / "layout"], capture_output=True, text=True, check=True, timeout=10)
    request, values = ([int(number) for number in line.split()] for line in told.stdout.splitlines())
    marked = REQUEST.pack(*[1] * 64, b"\x02" * 32, 3, 4, 5, 6, 7)
    at = [marked.index(bytes([mark])) for mark in (2, 3, 4, 5, 6, 7)]
    assert request == [REQUEST.size, *at, VALUES.size]
    pair = VALUES.pack(1, 2)
    assert values[:2] == [pair.index(b"\1"), pair.index(b"\2")]
    assert values[2:] == [gpio_line.GET_LINE, gpio_line.GET_VALUES, gpio_line.ACTIVE_LOW, gpio_line.INPUT]


def test_the_settings() -> None:
    assert settings({"IGNITION_HOLD_S": "60"}) == (60.0, None)
    both = settings({"IGNITION_HOLD_S": "0", "IGNITION_LINE": "/dev/gpiochip1:5:active-low"})
    assert both.hold_s == 0
    assert both.line is not None


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "IGNITION_HOLD_S"),
        ({"IGNITION_HOLD_S": "soon"}, "IGNITION_HOLD_S"),
        ({"IGNITION_HOLD_S": "-1"}, "IGNITION_HOLD_S"),
        ({"IGNITION_HOLD_S": "60", "IGNITION_LINE": "105"}, "IGNITION_LINE"),
        ({"IGNITION_HOLD_S": "60", "IGNITION_LINE": "/dev/../etc/passwd:1"}, "IGNITION_LINE"),
    ],
)
def test_a_bad_setting_is_one_line(given: dict[str, str], named: str) -> None:
    command = [sys.executable, "-I", "-m", "edge.power", "/nowhere"]
    ended = subprocess.run(command, env=given, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 78
    (line,) = ended.stdout.splitlines()
    assert line.startswith(f"<2>{named}: expected ")
    assert ended.stderr == ""


def test_root_runs_little_of_the_guide() -> None:
    """No parser of messages and no library: what is imported runs as root."""
    script = "import sys, edge.power.__main__; print(*sys.modules)"
    told = subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, timeout=30, check=True
    )
    loaded = told.stdout.split()
    outermost = {name.partition(".")[0] for name in loaded} - sys.stdlib_module_names - {"__main__"}
    assert {name for name in outermost if not name.startswith(("_", "sitecustomize"))} == {"edge"}
    assert {name for name in loaded if name.startswith("edge")} == {
        "edge",
        "edge.ignition_note",
        "edge.power",
        "edge.power.__main__",
        "edge.power.gpio_line",
        "edge.power.hold",
        "edge.sd_notify",
        "edge.atomic_file",
    }
