"""Which id a board gets, what its entry says, and which host key is taken."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

LIBRARY = Path(__file__).parents[2] / "deploy" / "ansible" / "roles" / "provision" / "library"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOne"
OF_OTHERS = (
    "shuttles:\n  hosts: {}\n  vars: {a: 1}\n",
    "shuttles:\n  hosts: {}\ncanary:\n  hosts: {}\n",
    "shuttles:\n  hosts: {../../evil: {}}\n",
    "shuttles:\n  hosts: {7: {}}\n",
)
"""What would be lost, or is no id."""
OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAITwo"


@pytest.fixture
def entry(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module, which needs nothing of Ansible but its frame."""
    for name in ("ansible", "ansible.module_utils", "ansible.module_utils.basic"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    sys.modules["ansible.module_utils.basic"].AnsibleModule = None  # type: ignore[attr-defined]
    spec = importlib.util.spec_from_file_location("shuttle_entry", LIBRARY / "shuttle_entry.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def provision(entry: Any, folder: Path, serial: str = "1421324000001", **given: Any) -> str:
    """As the module does: write what comes of it. The shuttle's id."""
    params = {
        "inventory": str(folder),
        "board": {"serial": serial, "model": "Jetson", "macs": {"eth0": "48:b0:2d:00:00:01"}},
        "host_keys": [f"ssh-ed25519 {serial}"],
        "reached_at": f"10.20.0.{int(serial[-2:]) + 20}",
        "address": "",
        "shuttle": "",
        "prefix": "shuttle-",
        "taken": [],
        "replaced": False,
    }
    shuttle, _, files = entry.provision(params | given)
    for path, text in files.items():
        entry.write(path, text)
    return str(shuttle)


def hosts(folder: Path) -> dict[str, dict[str, Any]]:
    read: dict[str, dict[str, Any]] = yaml.safe_load((folder / "boards.yml").read_text())["shuttles"]["hosts"]
    return read


def test_a_board_gets_the_number_after_the_highest(entry: Any, tmp_path: Path) -> None:
    assert provision(entry, tmp_path) == "shuttle-01"
    assert (
        provision(entry, tmp_path, "1421324000002", taken=["shuttle-01", "shuttle-07", "desk"])
        == "shuttle-08"
    )
    (tmp_path / "secrets" / "shuttle-11" / "mqtt").mkdir(
        parents=True
    )  # its board is gone, its passwords are not
    assert provision(entry, tmp_path, "1421324000003") == "shuttle-12"


def test_the_same_board_keeps_id_address_and_what_was_added_by_hand(entry: Any, tmp_path: Path) -> None:
    assert provision(entry, tmp_path, address="10.20.0.99") == "shuttle-01"
    tree = yaml.safe_load((tmp_path / "boards.yml").read_text())
    tree["shuttles"]["hosts"]["shuttle-01"]["guide_language"] = "en"
    (tmp_path / "boards.yml").write_text(yaml.safe_dump(tree))
    assert provision(entry, tmp_path, reached_at="192.168.55.1", taken=["shuttle-01"]) == "shuttle-01"
    assert hosts(tmp_path)["shuttle-01"]["ansible_host"] == "10.20.0.99"
    assert hosts(tmp_path)["shuttle-01"]["guide_language"] == "en"


def test_an_exchanged_board_takes_the_place_only_where_that_is_said(entry: Any, tmp_path: Path) -> None:
    provision(entry, tmp_path)
    new = {"serial": "1421324000002", "shuttle": "shuttle-01"}
    with pytest.raises(entry.RefusedError, match=r"with the board 1421324000001.*replaced=true"):
        provision(entry, tmp_path, **new)
    assert provision(entry, tmp_path, **new, replaced=True) == "shuttle-01"
    assert [line["board_serial"] for line in hosts(tmp_path).values()] == ["1421324000002"]
    assert (tmp_path / "known_hosts").read_text() == "shuttle-01 ssh-ed25519 1421324000002\n"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"board": {"serial": ""}}, "Expected a serial number"),
        ({"board": {"serial": "0000000000000"}}, "Expected a serial number"),
        ({"board": {"serial": "1421324000001", "macs": {"eth0": "none"}}}, "Expected MAC addresses"),
        (
            {"board": {"serial": "1421324000001", "macs": {"{{ 1 }}": "48:b0:2d:00:00:01"}}},
            "Expected MAC addresses",
        ),
        ({"board": {"serial": "1421324000001", "model": "{{ lookup('pipe', 'id') }}"}}, "a board's model"),
        ({"shuttle": "localhost"}, "as host names are"),
        ({"shuttle": "Shuttle 7"}, "as host names are"),
        ({"shuttle": "../x"}, "as host names are"),
        ({"shuttle": "shuttle-02", "taken": ["shuttle-02"]}, "shuttle-02 is there already"),
        ({"host_keys": []}, "gave no host key"),
        ({"host_keys": ["ssh-ed25519 a b\nc"]}, "gave no host key"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(
    entry: Any, tmp_path: Path, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(entry.RefusedError, match=said) as refused:
        provision(entry, tmp_path, **given)
    assert "\n" not in str(refused.value)
    assert not list(tmp_path.iterdir())


def test_one_address_is_of_one_shuttle(entry: Any, tmp_path: Path) -> None:
    provision(entry, tmp_path, reached_at="192.168.55.1")  # what every board has on USB
    with pytest.raises(entry.RefusedError, match=r"shuttle-01 has the address 192\.168\.55\.1 already"):
        provision(entry, tmp_path, "1421324000002", reached_at="192.168.55.1")


def test_another_host_key_is_not_taken_by_itself(entry: Any) -> None:
    lines = ["desk ssh-rsa AAAA", f"shuttle-01 {KEY}"]
    assert entry.note_keys(lines, "shuttle-01", [KEY], False) == lines
    with pytest.raises(entry.RefusedError, match="not the one that was noted"):
        entry.note_keys(lines, "shuttle-01", [OTHER_KEY], False)
    assert entry.note_keys(lines, "shuttle-01", [OTHER_KEY], True) == [lines[0], f"shuttle-01 {OTHER_KEY}"]


def test_two_boards_with_the_key_of_their_image_are_noticed(entry: Any) -> None:
    with pytest.raises(entry.RefusedError, match="has the host key of shuttle-01: it came with the image"):
        entry.note_keys([f"shuttle-01 {KEY}"], "shuttle-02", [KEY], False)


@pytest.mark.parametrize(
    "text", ["shuttles: [", "shuttles:\n  hosts: [a]\n", "- a\n", "", "\udcff", *OF_OTHERS]
)
def test_an_entry_file_that_is_broken_stays_as_it_is(entry: Any, tmp_path: Path, text: str) -> None:
    broken = text.encode("utf-8", "surrogateescape")
    (tmp_path / "boards.yml").write_bytes(broken)
    with pytest.raises(entry.RefusedError, match="nothing was changed"):
        provision(entry, tmp_path)
    assert (tmp_path / "boards.yml").read_bytes() == broken


def test_a_serial_number_that_somebody_wrote_without_quotes_is_the_same_board(
    entry: Any, tmp_path: Path
) -> None:
    provision(entry, tmp_path)
    boards = tmp_path / "boards.yml"
    boards.write_text(boards.read_text().replace("'1421324000001'", "1421324000001"))
    assert provision(entry, tmp_path) == "shuttle-01"
