"""A big file comes by its checksum; a transfer that was cut goes on, and a part is never taken for whole."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path

import pytest

from tests.support.fleet import ANSIBLE, Played
from tests.support.played import Stand

pytestmark = [
    pytest.mark.skipif(not ANSIBLE.exists(), reason="no Ansible in .venv-deploy; run: make setup"),
    pytest.mark.timeout(200),
]
SHUTTLE = "shuttle-01"
MIB = 2**20
CONTENT = random.Random(1).randbytes(20 * MIB + 5)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Bringing:
    """A file here, and a shuttle that it is brought to."""

    def __init__(self, folder: Path) -> None:
        self.stand = Stand(folder, SHUTTLE)
        self.source = folder / "wheels.tar"
        self.source.write_bytes(CONTENT)
        self.brought = folder / SHUTTLE / "cache" / "wheels.tar"
        self.brought.parent.mkdir()
        self.part = self.brought.with_name(f"wheels.tar.{SHA256[:12]}.part")

    def bring(self, *arguments: str, there: Path | str = "") -> Played:
        options = {"src": self.source, "dest": self.brought, "sha256": SHA256, "there": there}
        task = {"name": "Bring it", "bring": {name: str(value) for name, value in options.items()}}
        playbook = self.stand.folder / "play.yml"
        playbook.write_text(json.dumps([{"hosts": "shuttles", "gather_facts": False, "tasks": [task]}]))
        return self.stand.play(playbook, self.stand.folder, *arguments)


@pytest.fixture
def bringing(tmp_path: Path) -> Bringing:
    return Bringing(tmp_path)


@pytest.mark.parametrize("cut_at", [0, 3 * MIB + 7, 8 * MIB, 19 * MIB], ids=str)
def test_a_transfer_that_was_cut_goes_on_where_it_stopped(bringing: Bringing, cut_at: int) -> None:
    bringing.stand.allow(SHUTTLE, cut_at)
    played = bringing.bring()
    assert played.returncode == 4, played.output
    assert f"{SHUTTLE} WENT AWAY" in played.output
    assert not bringing.brought.exists(), "what came in part is not taken for whole"
    came = bringing.part.stat().st_size if bringing.part.exists() else 0
    assert came == cut_at

    bringing.stand.allow(SHUTTLE, 10**9)
    played = bringing.bring()
    assert played.returncode == 0, played.output
    assert bringing.brought.read_bytes() == CONTENT
    assert not bringing.part.exists()
    assert 10**9 - bringing.stand.left(SHUTTLE) == len(CONTENT) - cut_at, "only the rest was sent"


def test_what_is_there_is_not_sent_again(bringing: Bringing) -> None:
    assert bringing.bring().counts(SHUTTLE)["changed"] == 1
    bringing.stand.allow(SHUTTLE, 10**9)
    assert bringing.bring().counts(SHUTTLE)["changed"] == 0
    assert bringing.stand.left(SHUTTLE) == 10**9


def test_a_part_that_was_spoiled_is_noticed_and_the_next_run_begins_anew(bringing: Bringing) -> None:
    bringing.brought.write_bytes(b"of the release before")
    bringing.part.write_bytes(b"\0" * MIB)
    played = bringing.bring()
    assert played.returncode == 2
    assert "expected the SHA-256" in played.output
    assert bringing.brought.read_bytes() == b"of the release before"
    assert bringing.bring().returncode == 0
    assert bringing.brought.read_bytes() == CONTENT


def test_a_check_brings_nothing(bringing: Bringing) -> None:
    assert bringing.bring("--check").counts(SHUTTLE)["changed"] == 1
    assert list(bringing.brought.parent.iterdir()) == []


def test_what_lies_on_the_shuttle_already_is_taken_from_there_by_its_checksum(bringing: Bringing) -> None:
    stick = bringing.stand.folder / "stick.tar"
    bringing.stand.allow(SHUTTLE, 10**9)
    stick.write_bytes(CONTENT[:-1])
    bringing.source.unlink()
    played = bringing.bring(there=stick)
    assert played.returncode == 2
    assert "stick.tar came with" in played.output
    assert not bringing.brought.exists()
    stick.write_bytes(CONTENT)
    assert bringing.bring(there=stick).returncode == 0
    assert bringing.brought.read_bytes() == CONTENT
    assert bringing.stand.left(SHUTTLE) == 10**9, "nothing was sent"
