"""Commands that root calls while the services whose folders they enter are hostile: root loses nothing.

Real root, real owners, real links and FIFOs. What a command does with its own rights only is listed as such.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import shutil
import wave
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from edge.cli.arguments import make_parser
from edge.speaker.pool import files
from edge.speaker.pool.archive import export_pool
from edge.speaker.pool.entry import encode
from tests.support.command import Ended
from tests.support.hostile import GID, UID, Trap, environment_for_all, python_for_all
from tests.support.pooled import admitted_text, held_sound
from tests.support.signing import allow, make_key
from tests.support.spoken_english import say
from tests.support.synthetic_voiceprint import make_model

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to give up"),
    pytest.mark.timeout(180),
]
WITHIN_S = 60.0
WEIGHTS = b"weights" * 1000
CATALOGUE = f"""
[[model]]
name = "piper/mine"
role = "voice"
licence = "CC0-1.0"
source = "https://host.invalid/mine/"
[[model.file]]
name = "mine.onnx"
size = {len(WEIGHTS)}
sha256 = "{hashlib.sha256(WEIGHTS).hexdigest()}"
[[model.file]]
name = "unpinned.json"
"""

IN_FOLDERS_OF_OTHERS = {
    "cost",
    "pool status",
    "pool clear",
    "pool export",
    "pool import",
    "voices enroll",
    "voices list",
    "voices forget",
    "models list",
    "models fetch",
    "models verify",
    "models path",
}
"""Each of them gives up root's rights; the tests below run all of them."""
NOT_IN_FOLDERS_OF_OTHERS = {
    "run": "a unit's, which has the service's rights from its start",
    "up": "keeps its state where whoever calls it has it; on a shuttle the units run instead",
    "demo": "state in a new folder of its own",
    "talk": "state in a new folder of its own",
    "bench": "asks a running guide, or has guides with new folders of their own",
    "compare": "keeps nothing",
    "bench-asr": "reads the caller's recordings",
    "trigger": "speaks to broker and feeds",
    "pool fill": "speaks to broker and feeds",
    "say": "reads the site's folder as the caller; plays, and keeps nothing",
    "config": "reads root's own settings; what the fleet desires as a plain file of a closed list, as all do",
    "fleet status": "speaks to the fleet's broker",
    "fleet watch": "speaks to the fleet's broker",
    "fleet receipts": "speaks to the fleet's broker",
    "fleet announce": "speaks to the fleet's broker",
    "fleet config": "speaks to the fleet's broker; reads a folder that the caller names",
    "doctor": "reads enrolled voices as plain files (test_enrolled_voices.py), writes nothing",
    "report": "reads what doctor reads; writes a new plain file that the caller names",
    "record": "listens to broker and feeds; writes a new plain file that the caller names",
    "replay": "speaks to broker and feeds; reads and writes what the caller names",
    "listen": "watches feeds, or speaks to a recognizer server; keeps nothing",
    "desk": "speaks to a recognizer server and the fleet's broker; keeps nothing",
    "devices": "asks the sound system; plays and records, keeps nothing",
    "accept": "asks a running guide, and the sound card; keeps nothing",
}


def actions_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    choices = [action.choices for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(choices[0]) if choices else {}


def test_every_command_is_in_one_of_the_two_lists() -> None:
    commands = {
        f"{name} {action}" if action else name
        for name, parser in actions_of(make_parser()).items()
        for action in actions_of(parser) or [""]
    }
    assert commands == IN_FOLDERS_OF_OTHERS | NOT_IN_FOLDERS_OF_OTHERS.keys()


class Desk(Trap):
    """Beside the hostile folders what root brings: archive, key, recording, catalogue, mirror."""

    def __init__(self) -> None:
        super().__init__()
        self.own = self.folder / "own"
        self.own.mkdir(mode=0o700)
        self.pool, self.voices = self.state / "speaker" / "pool", self.state / "listener" / "voices"
        self.models = self.state / "models"
        depot = self.own / "depot"
        depot.mkdir()
        self.put_entry(depot, "brought")
        export_pool(depot, self.own / "archive.tar")
        self.key = make_key(self.own)
        allow(self.folder, self.key)
        with wave.open(str(self.own / "driver.wav"), "wb") as file:
            file.setparams((1, 2, 16_000, 0, "NONE", ""))
            file.writeframes(say("And over there, behind the trees, is a tower. " * 3, "espeak-ng").tobytes())
        make_model(self.folder / "model.onnx")
        (self.own / "catalogue.toml").write_text(CATALOGUE)
        mirror = self.folder / "mirror" / "piper" / "mine"
        mirror.mkdir(parents=True)
        (mirror / "mine.onnx").write_bytes(WEIGHTS)
        (mirror / "unpinned.json").write_bytes(b"{}")

    @staticmethod
    def put_entry(folder: Path, entry_id: str) -> None:
        content = encode(*held_sound(admitted_text(entry_id=entry_id)))
        files.path_of(folder, entry_id).write_bytes(content)

    def fill(self) -> None:
        """What the services keep in good days."""
        for folder in (self.pool, self.voices, self.models / "piper" / "mine", self.models / "cache"):
            folder.mkdir(mode=0o750, parents=True)
        self.put_entry(self.pool, "held")
        (self.pool / "gone").write_text("used-up\n")
        about = {"role": "driver", "model": "m", "embeddings": {"a": [0.0, 1.0]}, "enrolled_at": 1.0}
        (self.voices / "ketut.json").write_text(json.dumps({"name": "ketut", **about}))
        for service in ("speaker", "listener", "models"):
            self.give_away(self.state / service)

    def arguments(self, command: str) -> list[str]:
        models = ["models", "--catalogue", str(self.own / "catalogue.toml"), "--dir", str(self.models)]
        return {
            "pool import": ["pool", "import", str(self.own / "archive.tar"), "--unsigned"],
            "pool export": ["pool", "export", str(self.own / "out.tar"), "--sign", str(self.key)],
            "voices enroll": ["voices", "enroll", "wayan", "--wav", str(self.own / "driver.wav")],
            "voices forget": ["voices", "forget", "ketut"],
            "models list": [*models, "list"],
            "models path": [*models, "path", "piper/mine"],
            "models verify": [*models, "verify", "piper/mine"],
            "models fetch": [*models, "fetch", "piper/mine", "--mirror", str(self.folder / "mirror")],
        }.get(command, command.split())

    async def run(self, command: str) -> Ended:
        """As root, on a shuttle; it must end by itself."""
        python = python_for_all()
        assert python
        environment = environment_for_all() | {
            "SHUTTLE_GUIDE_STATE_DIR": str(self.state),
            "SHUTTLE_GUIDE_RUNTIME_DIR": str(self.folder / "run"),
            "SHUTTLE_GUIDE_LISTENER__VOICEPRINT__MODEL": str(self.folder / "model.onnx"),
            "HOME": "/root",
        }
        process = await asyncio.create_subprocess_exec(
            *(python, "-m", "edge", *self.arguments(command)),
            env=environment,
            cwd="/",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(WITHIN_S):
                out, err = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise AssertionError(f"{command} hangs") from None
        return Ended(process.returncode or 0, out.decode(), err.decode())


@pytest.fixture
def desk() -> Iterator[Desk]:
    if python_for_all() is None:
        pytest.skip("no Python here that a user without rights can read")
    desk = Desk()
    try:
        yield desk
    finally:
        desk.close()


def owners(folder: Path) -> set[tuple[int, int]]:
    return {(path.lstat().st_uid, path.lstat().st_gid) for path in folder.rglob("*")}


@pytest.mark.parametrize("command", sorted(IN_FOLDERS_OF_OTHERS))
async def test_in_good_days_each_command_works_and_all_stays_the_service_s(desk: Desk, command: str) -> None:
    desk.fill()
    if command in ("models path", "models verify"):
        assert (await desk.run("models fetch")).exit_code == 0
    ended = await desk.run(command)
    assert ended.exit_code == 0, ended.err
    assert "Traceback" not in ended.err
    for service in ("speaker", "listener", "models"):
        assert owners(desk.state / service) == {(UID, GID)}
    assert desk.untouched()
    left = [path.name for path in desk.state.rglob("*.new")]
    assert left == []


async def test_what_was_exported_and_signed_is_root_s_and_imported_where_its_signer_counts(
    desk: Desk,
) -> None:
    desk.fill()
    assert (await desk.run("pool export")).exit_code == 0
    archive = desk.own / "out.tar"
    assert (archive.stat().st_uid, archive.stat().st_mode & 0o777) == (0, 0o640)
    assert (await desk.run("pool clear")).out.startswith("pool: 1 entries removed")
    shutil.move(archive, desk.own / "archive.tar")
    desk.arguments = lambda command: [  # type: ignore[method-assign]
        *("pool", "import", str(desk.own / "archive.tar"), "--signers", str(desk.folder / "allowed_signers"))
    ]
    ended = await desk.run("pool import")
    assert (ended.exit_code, ended.out) == (0, "pool: 1 entries imported, 0 known already, 0 refused\n"), (
        ended.err
    )
    assert owners(desk.state / "speaker") == {(UID, GID)}


Set = Callable[[Desk], None]


def links_for_files(desk: Desk) -> None:
    """For each file that a command writes, also on its way, a link to root's secret."""
    desk.fill()
    (desk.models / "piper" / "mine").rmdir()
    (desk.models / "piper" / "mine").mkdir()
    desk.link_to_secret(files.path_of(desk.pool, "brought"), itself=False)  # itself it would be held already
    for path in (
        desk.voices / "wayan.json",
        desk.voices / "ketut.json",
        desk.models / "piper" / "mine" / "mine.onnx",
        desk.models / "piper" / "mine" / "unpinned.json",
        desk.models / "models.lock.json",
        desk.models / "cache" / ".lock",
        desk.models / "cache" / "piper--mine--mine.onnx.part",
        desk.models / "cache" / "piper--mine--mine.onnx.origin",
        desk.models / "cache" / "piper--mine--unpinned.json.part",
    ):
        desk.link_to_secret(path)
    desk.give_away(desk.models)


def links_for_folders(desk: Desk) -> None:
    """For each folder that a command enters a link to one of root's."""
    for folder in (desk.pool, desk.voices, desk.models / "piper", desk.models / "cache"):
        desk.link_to_treasure(folder)


def fifos(desk: Desk) -> None:
    """For each file that a command reads a FIFO that nobody writes to."""
    desk.fill()
    for path in (
        files.path_of(desk.pool, "held"),
        files.path_of(desk.pool, "other"),
        desk.pool / "gone",
        desk.voices / "ketut.json",
        desk.models / "piper" / "mine" / "mine.onnx",
        desk.models / "piper" / "mine" / "unpinned.json",
        desk.models / "models.lock.json",
        desk.models / "cache" / ".lock",
        desk.models / "cache" / "piper--mine--mine.onnx.part",
        desk.models / "cache" / "piper--mine--mine.onnx.origin",
    ):
        desk.fifo(path)


@pytest.mark.parametrize("command", sorted(IN_FOLDERS_OF_OTHERS))
@pytest.mark.parametrize("set_trap", [links_for_files, links_for_folders, fifos])
async def test_whatever_lies_there_nothing_of_root_s_is_touched_and_nothing_hangs(
    desk: Desk, set_trap: Set, command: str
) -> None:
    set_trap(desk)
    ended = await desk.run(command)
    assert desk.untouched(), f"{ended.out}{ended.err}"
    assert "Traceback" not in ended.err
    assert not any("secret" in path.read_bytes().decode(errors="replace") for path in plain(desk))
    for line in ended.err.splitlines():
        assert line.startswith((f"{command.split()[0]}: ", "OK", "[")), ended.err
    if ended.exit_code:
        assert ended.err or ended.out, "it says why"


def plain(desk: Desk) -> Sequence[Path]:
    return [path for path in desk.state.rglob("*") if path.is_file() and not path.is_symlink()]


async def test_a_link_on_the_way_that_is_root_s_own_is_followed(desk: Desk) -> None:
    """The owner is seen behind it: a site may keep its state on another disk."""
    desk.fill()
    elsewhere = desk.folder / "elsewhere"
    desk.state.rename(elsewhere)
    desk.state.symlink_to("../" + desk.folder.name + "/elsewhere")
    assert (await desk.run("pool import")).exit_code == 0
    assert owners(elsewhere / "speaker") == {(UID, GID)}
