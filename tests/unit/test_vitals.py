"""Vitals of two boards and of a machine that is none: what cannot be read is left out, and nothing fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.vitals.board import Board, read_board, read_power_mode
from edge.vitals.clock import clock_synchronized
from edge.vitals.memory import Memory, disk_free_mib, read_load_1m, read_memory
from edge.vitals.sensors import read_gpu_load, read_power_mw, read_temperatures_c
from edge.vitals.sound_cards import read_sound_cards
from edge.vitals.tree import Tree
from edge.vitals.vitals import describe, read_vitals
from tests.support.recorded_tree import RecordedTree

JP6, JP7 = RecordedTree("jetson-orin-jp6"), RecordedTree("jetson-orin-jp7")


def test_the_board_is_named() -> None:
    assert read_board(JP6) == Board(
        model="NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super",
        l4t="36.4.3",
        jetpack="6.2",
        power_mode="25W",
    )
    assert read_board(JP7) == Board("NVIDIA Jetson AGX Orin Developer Kit", "39.2.0", "7.2", "50W")


def test_the_installed_jetpack_package_counts_more_than_the_table(tmp_path: Path) -> None:
    write(tmp_path, "etc/nv_tegra_release", "# R36 (release), REVISION: 4.3, GCID: 1")
    write(
        tmp_path, "var/lib/dpkg/status", "Package: nvidia-jetpack\nSection: metapackages\nVersion: 6.2.2+b24"
    )
    assert read_board(Tree(tmp_path)).jetpack == "6.2.2"


def test_a_release_that_nobody_knew_is_named_by_its_l4t(tmp_path: Path) -> None:
    write(tmp_path, "etc/nv_tegra_release", "# R41 (release), REVISION: 1.0, GCID: 1")
    board = read_board(Tree(tmp_path))
    assert (board.l4t, board.jetpack) == ("41.1.0", None)


def test_a_power_mode_without_a_name_has_its_number(tmp_path: Path) -> None:
    write(tmp_path, "var/lib/nvpmodel/status", "pmode:0007 fmode:quiet")
    assert read_power_mode(Tree(tmp_path)) == "mode 7"


def test_zones_that_are_switched_off_are_left_out() -> None:
    assert read_temperatures_c(JP6) == {
        **{"cpu": 51.2, "gpu": 49.8, "soc0": 50.3, "soc1": 49.9, "soc2": 49.0, "tj": 51.2}
    }
    assert "gpu" not in read_temperatures_c(JP7)


def test_the_gpu_tells_tenths_of_a_percent() -> None:
    assert read_gpu_load(JP6) == pytest.approx(0.137)
    assert read_gpu_load(JP7) == 0.0


def test_power_is_volts_times_amperes_of_the_rails_that_answer() -> None:
    assert read_power_mw(JP6) == {"VDD_IN": 5658, "VDD_CPU_GPU_CV": 1162}
    assert read_power_mw(JP7)["VDD_GPU_SOC"] == 6178


def test_memory_and_load() -> None:
    assert read_memory(JP6) == Memory(total_mib=7620, available_mib=5000)
    assert read_load_1m(JP7) == 2.1


def test_sound_cards_are_told_by_the_id_that_stays() -> None:
    assert list(read_sound_cards(JP6)) == ["HDA", "APE", "Speakerphone"]
    assert read_sound_cards(JP7) == {}


def test_one_line_tells_it() -> None:
    told = describe(read_board(JP6), read_vitals(JP6, Path("/")))
    for part in ("Orin Nano", "JetPack 6.2 (L4T 36.4.3)", "25W", "5.7 W", "51 °C", "GPU 14%", "of 7.4 GiB"):
        assert part in told


def test_a_machine_that_is_no_jetson_has_the_rest(tmp_path: Path) -> None:
    empty = Tree(tmp_path)
    assert read_board(empty) == Board(None, None, None, None)
    vitals = read_vitals(empty, tmp_path)
    assert (vitals.temperatures_c, vitals.gpu_load, vitals.memory_total_mib) == ({}, None, None)
    assert describe(read_board(empty), vitals).startswith("not a Jetson")


@pytest.mark.parametrize("nonsense", ["", "abc", "\0\0", "-", "9" * 400], ids=range(5))
def test_nonsense_in_a_file_is_as_good_as_no_file(tmp_path: Path, nonsense: str) -> None:
    for path in (
        *("etc/nv_tegra_release", "proc/meminfo", "proc/loadavg", "var/lib/nvpmodel/status"),
        *("sys/class/devfreq/17000000.gpu/device/load", "var/lib/dpkg/status"),
    ):
        write(tmp_path, path, nonsense)
    describe(read_board(Tree(tmp_path)), read_vitals(Tree(tmp_path), tmp_path))


def test_the_disk_is_looked_at_where_the_folder_will_be(tmp_path: Path) -> None:
    assert disk_free_mib(tmp_path / "not/yet/there") == disk_free_mib(tmp_path)


def test_this_machine_is_read_without_an_error() -> None:
    read_vitals(Tree(), Path("/nonexistent"))
    assert clock_synchronized() in (True, False, None)


def write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, "utf-8")
