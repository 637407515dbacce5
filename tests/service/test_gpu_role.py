"""The role that tries the site's wheels on the GPU: its verdicts, with a stub for the interpreter."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROLES = ROOT / "deploy" / "ansible" / "roles"
PLAYBOOK = ROOT / ".venv-deploy" / "bin" / "ansible-playbook"
pytestmark = [
    pytest.mark.skipif(not PLAYBOOK.exists(), reason="Ansible (.venv-deploy) is not on this machine"),
    pytest.mark.timeout(400),
]
PYTHON = """\
#!/bin/sh
if [ "$1" = -m ]; then exit 0; fi
shift
echo "$@" >>{folder}/tried
. {folder}/trial
"""
PLAY = """\
- hosts: localhost
  connection: local
  gather_facts: false
  handlers:
    - name: Restart the guide
      ansible.builtin.debug:
        msg: restarted
  roles:
    - role: gpu
"""


class Role:
    """The role and a release in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.release = folder / "releases" / "test"
        self.release.mkdir(parents=True)
        (self.release / "requirements.txt").touch()
        (folder / "play.yml").write_text(PLAY)
        python = folder / "python"
        python.write_text(PYTHON.format(folder=folder))
        python.chmod(0o755)

    def play(self, wheel: bytes, trial: str) -> str:
        """Play it; ``trial``: what the interpreter does with the script, in shell. The output."""
        (self.folder / "ctranslate2-1.whl").write_bytes(wheel)
        (self.folder / "trial").write_text(trial + "\n")
        wheels = [
            {
                "src": str(self.folder / "ctranslate2-1.whl"),
                "sha256": hashlib.sha256(wheel).hexdigest(),
            }
        ]
        given = {
            "ansible_python_interpreter": sys.executable,
            "gpu_wheels": {"none": wheels},  # this machine has no /etc/nv_tegra_release
            "gpu_python": str(self.folder / "python"),
            "gpu_release_dir": str(self.release),
            "gpu_cpu_wheels_dir": str(self.folder),
            "gpu_whisper_model": str(self.folder / "model"),
            "gpu_trial_s": 2,
        }
        ended = subprocess.run(
            [str(PLAYBOOK), "-i", "localhost,", "-e", json.dumps(given), str(self.folder / "play.yml")],
            env=os.environ
            | {"ANSIBLE_ROLES_PATH": str(ROOT / "deploy/ansible/roles"), "ANSIBLE_NOCOLOR": "1"},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    @property
    def verdict(self) -> str:
        return (self.release / ".inference").read_text()

    @property
    def trials(self) -> list[str]:
        return (self.folder / "tried").read_text().splitlines()


@pytest.mark.skipif(not shutil.which("dpkg-query"), reason="Debian packages are asked for")
@pytest.mark.skipif(Path("/etc/nv_tegra_release").exists(), reason="this is a Jetson")
def test_a_verdict_holds_until_wheels_or_the_model_change_and_a_trial_has_a_time_out(tmp_path: Path) -> None:
    role = Role(tmp_path)
    said = role.play(b"one", "echo no kernel image >&2; exit 1")
    assert "INFERENCE IS ON THE CPU" in said
    assert role.verdict.startswith("cpu, since this failed: Run a model on the GPU. no kernel image")
    assert role.trials == ["ctranslate2"]

    role.play(b"one", "exit 0")
    assert len(role.trials) == 1, "nothing changed: it is not tried again"

    role.play(b"two", "sleep 60")
    assert "The GPU did not answer within 2 s" in role.verdict

    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.bin").touch()
    assert "INFERENCE IS ON THE CPU" not in role.play(b"two", "exit 0")
    assert role.verdict == "gpu"
    assert role.trials[2:] == [f"ctranslate2 --model {tmp_path}/model"]
