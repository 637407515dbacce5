"""A release keeps the interpreter it was installed with; the role's own tasks, on folders of this machine."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.support.fleet import ANSIBLE, PLAYBOOKS
from tests.support.light_bundle import make_interpreter, make_light_bundle, missing_python
from tests.support.played import Stand

pytestmark = [
    pytest.mark.skipif(not ANSIBLE.exists(), reason="no Ansible in .venv-deploy; run: make setup"),
    pytest.mark.timeout(400),
]
SHUTTLE = "shuttle-01"
ASK = "import shuttle_guide, shuttle_dependency, which_one; print(shuttle_guide.SAID, which_one.NAME)"


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two bundles that differ in the interpreter alone, and one that differs in the guide."""
    if reason := missing_python():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("bundles")
    for name, said, mark in (("one", "first", "one"), ("two", "first", "two"), ("three", "third", "two")):
        (folder / name).mkdir()
        make_light_bundle(folder / name, said, make_interpreter(folder / name, mark))
    return folder


class Root:
    """What is ``/opt/shuttle-guide`` on a shuttle."""

    def __init__(self, folder: Path) -> None:
        self.stand = Stand(folder, SHUTTLE)
        self.folder = folder / "opt"
        (self.folder / "releases").mkdir(parents=True)
        (self.folder / "cache").mkdir()

    def play(self, bundle: Path, tasks_from: str, **more: int) -> None:
        role = {"name": "app", "tasks_from": tasks_from}
        tasks = [{"name": tasks_from, "ansible.builtin.import_role": role}]
        playbook = self.stand.folder / "play.yml"
        playbook.write_text(json.dumps([{"hosts": "shuttles", "gather_facts": False, "tasks": tasks}]))
        known = {"app_root": str(self.folder), "bundle_dir": str(bundle), "shuttle_id": SHUTTLE, **more}
        played = self.stand.play(playbook, PLAYBOOKS / "roles", **known)
        assert played.returncode == 0, played.output

    def install(self, bundle: Path) -> str:
        """The release's name."""
        self.play(bundle, "release")
        return str(json.loads((bundle / "manifest.json").read_text())["release"])

    def ask(self, release: str) -> str:
        """What the release says, and with which interpreter."""
        python = self.folder / "releases" / release / ".venv" / "bin" / "python"
        return subprocess.run([python, "-c", ASK], capture_output=True, text=True, check=True).stdout.strip()

    def interpreters(self) -> int:
        return len(list(self.folder.glob("python-*")))


def test_each_release_runs_with_its_own_interpreter_until_none_uses_it(bundles: Path, tmp_path: Path) -> None:
    root = Root(tmp_path)
    one, two, three = (root.install(bundles / name) for name in ("one", "two", "three"))
    assert len({one, two, three}) == 3
    assert root.ask(one) == "first one", "what a rollback leads to is as it was"
    assert root.ask(two) == "first two"
    assert root.ask(three) == "third two"
    assert root.interpreters() == 2
    assert len(list(root.folder.glob("cache/venv-*"))) == 2, "what is shared depends on the interpreter too"

    for age, name in enumerate((three, two, one)):
        healthy = root.folder / "releases" / name / ".healthy"
        healthy.touch()
        os.utime(healthy, (2000 - age, 2000 - age))
    (root.folder / "cache" / "wheels-of-long-ago.tar").touch()
    root.play(bundles / "three", "prune")
    assert root.interpreters() == 2
    assert root.ask(one) == "first one", "what it shares is its own"
    assert len(list(root.folder.glob("cache/venv-*"))) == 1
    assert not (root.folder / "cache" / "wheels-of-long-ago.tar").exists()
    root.play(bundles / "three", "prune", app_keep_releases=2)
    assert {path.name for path in (root.folder / "releases").iterdir()} == {two, three}
    assert root.interpreters() == 1
    assert root.ask(three) == "third two"


def test_an_interpreter_that_was_unpacked_in_part_is_unpacked_anew(bundles: Path, tmp_path: Path) -> None:
    root = Root(tmp_path)
    manifest = json.loads((bundles / "one" / "manifest.json").read_text())
    folder = root.folder / f"python-3.11-{manifest['files']['interpreter']['sha256'][:12]}"
    (folder / "lib").mkdir(parents=True)
    (folder / "lib" / "python3.11").write_text("the power was cut here")
    assert root.ask(root.install(bundles / "one")) == "first one"
