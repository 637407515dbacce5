"""A device whose driver comes late is found without a restart: the units allow it, the list is read again."""

from __future__ import annotations

import fnmatch
from pathlib import Path

import pytest

from edge.sound import device_list
from edge.sound.device_list import DeviceList
from tests.unit.test_gpu_devices import OPTIONS
from tests.unit.test_units import UNITS, values

EARLY = """Character devices:
  1 mem
  5 /dev/tty
 10 misc
253 rtc
254 gpiochip

Block devices:
259 blkext
"""
"""``/proc/devices`` before any module is loaded. ``gpiochip`` is made by the kernel's own GPIO core."""
LATE = {"sound": 116, "input": 13, "drm": 226, "nvidia": 195}
"""What modules bring, by numbers that are theirs for good (Linux' devices.txt)."""
FILES = [
    path
    for path in UNITS.rglob("*")
    if path.suffix in (".service", ".conf") and "DeviceAllow" in path.read_text()
]


def allowed_at_start(rule: str, proc_devices: str) -> set[int]:
    """The numbers that systemd lets a unit open for a ``char-`` rule, looked up when the unit starts.

    A number needs no driver; a name is a pattern over ``/proc/devices`` as it is then.
    """
    name = rule.removeprefix("char-")
    if name.isdigit():
        return {int(name)}
    lines = proc_devices.partition("Block")[0].splitlines()[1:]
    found = (line.split() for line in lines if line.strip())
    return {int(number) for number, driver in found if fnmatch.fnmatchcase(driver, name)}


def rules(path: Path) -> list[str]:
    return [value.split()[0] for value in values(path, "DeviceAllow")]


def test_each_file_that_allows_devices_is_looked_at() -> None:
    assert {path.name for path in FILES} == {
        *("shuttle-guide-speaker.service", "shuttle-guide-listener.service", "shuttle-guide-power.service"),
        *("button.conf", "gpu.conf"),
    }


@pytest.mark.parametrize("path", [path for path in FILES if path not in OPTIONS], ids=lambda path: path.name)
def test_what_a_unit_may_open_does_not_depend_on_when_it_starts(path: Path) -> None:
    """Those of the GPU wait for their modules, and are looked up again (test_gpu_devices.py)."""
    for rule in rules(path):
        assert rule.startswith("char-"), "a path is looked up at the start, too"
        assert allowed_at_start(rule, EARLY), f"{rule}: nothing is allowed where its driver is not there yet"


def test_sound_and_input_are_allowed_before_their_drivers_are_there() -> None:
    speaker, listener = (UNITS / f"shuttle-guide-{name}.service" for name in ("speaker", "listener"))
    for path in (speaker, listener):
        assert set().union(*(allowed_at_start(rule, EARLY) for rule in rules(path))) == {LATE["sound"]}
    (button,) = (path for path in FILES if path.name == "button.conf")
    assert set().union(*(allowed_at_start(rule, EARLY) for rule in rules(button))) == {LATE["input"]}


@pytest.mark.parametrize("option", OPTIONS, ids=lambda path: path.parent.name)
def test_the_gpu_s_numbers_are_allowed_early_and_its_names_when_looked_up_again(option: Path) -> None:
    named = [rule for rule in rules(option) if rule.startswith("char-")]
    early = set().union(*(allowed_at_start(rule, EARLY) for rule in named))
    assert early == {LATE["drm"], LATE["nvidia"]}
    loaded = EARLY.replace("Block", "500 17000000.gpu\n501 host1x-fence\n502 nvsciipc\n\nBlock")
    assert set().union(*(allowed_at_start(rule, loaded) for rule in named)) == early | {500, 501, 502}


class Library:
    """PortAudio, as far as its list is read."""

    _initialized = 1

    def __init__(self) -> None:
        self.reads = 0

    def _terminate(self) -> None:
        self._initialized -= 1

    def _initialize(self) -> None:
        self._initialized += 1
        self.reads += 1


def test_the_list_is_read_again_when_a_card_comes_and_when_it_may_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards = tmp_path / "snd"
    monkeypatch.setattr(device_list, "SOUND_CARDS", cards)
    devices, library = DeviceList(look_again_s=1e9), Library()

    def reads_anew() -> bool:
        before, _ = library.reads, devices.refresh(library)
        return library.reads > before

    assert reads_anew()
    assert not reads_anew()
    cards.mkdir()
    assert reads_anew()
    (cards / "controlC0").touch(0o600)
    assert reads_anew()
    (cards / "pcmC0D0p").touch(0o600)
    assert reads_anew()
    assert not reads_anew()
    # udev gives it to its group, which changes nothing of the folder.
    (cards / "pcmC0D0p").chmod(0o660)
    assert reads_anew()
    assert not reads_anew()
    (cards / "pcmC0D0p").unlink()
    assert reads_anew()
