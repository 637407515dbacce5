"""What the units may open on an Orin, from lists of its device nodes (``tests/data/orin-devices``)."""

from __future__ import annotations

import fnmatch
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.unit.test_units import COMMON, RULES, UNITS, supplementary, values

LISTS = sorted((Path(__file__).parents[1] / "data" / "orin-devices").glob("*.txt"))
OPTIONS = sorted(UNITS.glob("optional/*/gpu.conf"))
both = pytest.mark.parametrize("option", OPTIONS, ids=lambda path: path.parent.name)


class Node(NamedTuple):
    """A line of a list."""

    path: str
    driver: str
    """Its name in ``/proc/devices``."""
    major: str
    mode: str
    group: str
    to_us: str
    source: str


def nodes(listed: Path) -> list[Node]:
    lines = [line for line in listed.read_text().splitlines() if not line.startswith("#")]
    return [Node(*line.partition("#")[0].split(), line.partition("#")[2]) for line in lines]


def opens(rules: list[str], node: Node) -> bool:
    """As systemd matches ``DeviceAllow=`` (src/core/bpf-devices.c, 249 to 257).

    ``char-NAME`` is a shell pattern over the names in ``/proc/devices``, or a major number; whatever has that
    number may be opened. All else is the path of one node and no pattern.
    """
    return any(
        fnmatch.fnmatchcase(node.driver, rule[5:]) or rule[5:] == node.major
        if rule.startswith("char-")
        else rule == node.path
        for rule in rules
    )


def test_the_lists_are_of_both_jetpacks_and_name_a_source_for_each_line() -> None:
    assert [path.stem for path in LISTS] == ["jetpack-6.2", "jetpack-7.2"]
    for path in LISTS:
        assert all("[" in node.source for node in nodes(path))
        assert {node.to_us for node in nodes(path)} == {"cuda", "same", "not"}


@both
@pytest.mark.parametrize("listed", LISTS, ids=lambda path: path.stem)
def test_what_cuda_opens_is_open_and_nothing_else(option: Path, listed: Path) -> None:
    allowed = dict(value.split() for value in values(option, "DeviceAllow"))
    assert set(allowed.values()) == {"rw"}
    found = {node.path: opens([*allowed], node) for node in nodes(listed)}
    assert found == {node.path: node.to_us != "not" for node in nodes(listed)}


@both
def test_its_groups_may_open_what_cuda_opens(option: Path) -> None:
    given = {*supplementary(option)}
    assert given == {"video", "render"}
    for node in (node for path in LISTS for node in nodes(path) if node.to_us == "cuda"):
        assert node.mode in {"0666", "-"} or (node.mode, node.group in given) == ("0660", True), node.path


@both
def test_cuda_keeps_what_it_compiled_in_the_units_own_state(option: Path) -> None:
    name = option.parent.name.removeprefix("shuttle-guide-").removesuffix(".service.d")
    (state,) = values(UNITS / f"shuttle-guide-{name}.service", "StateDirectory")
    assert values(option, "Environment")[0] == f"CUDA_CACHE_PATH=%S/{state}/cuda"
    assert values(COMMON, "ProtectSystem") == ["strict"]


@both
def test_a_driver_that_is_loaded_later_is_waited_for_or_looked_up_again(option: Path) -> None:
    """systemd looks up names and paths once, when the unit starts; a number needs no driver."""
    late = {value.split()[0] for value in values(option, "DeviceAllow")} - {"char-226", "char-195"}
    drivers = {
        "char-17000000.gpu": ("nvgpu", 'SUBSYSTEM=="nvidia-gpu-v2", KERNEL=="ctrl"'),
        "char-host1x-fence": ("host1x_fence", 'SUBSYSTEM=="host1x-fence", KERNEL=="host1x-fence"'),
        "/dev/nvmap": ("nvmap", 'SUBSYSTEM=="misc", KERNEL=="nvmap"'),
    }
    assert late - {"char-nvsciipc"} == drivers.keys(), "compute does without nvsciipc"
    (wanted,), (after,) = values(option, "Wants"), values(option, "After")
    assert wanted == after
    assert {*wanted.split()} == {f"modprobe@{module}.service" for module, _ in drivers.values()}
    reloads = [line for line in RULES.read_text().splitlines() if line.endswith('systemctl daemon-reload"')]
    assert {line.split(", ", 1)[1].rsplit(", ", 1)[0] for line in reloads} == {
        event for _, event in drivers.values()
    }
    assert all(line.startswith('ACTION=="add", ') for line in reloads)


def test_both_units_get_the_same_devices() -> None:
    recognition, model = (values(option, "DeviceAllow") for option in OPTIONS)
    assert recognition == model
