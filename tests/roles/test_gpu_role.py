"""The role that tries the site's wheels on the GPU: its verdicts, with a stub for the interpreter."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.support.fleet import ANSIBLE, ansible

ROOT = Path(__file__).parents[2]
ROLES = ROOT / "deploy" / "ansible" / "roles"
pytestmark = [
    pytest.mark.skipif(not ANSIBLE.exists(), reason="Ansible (.venv-deploy) is not on this machine"),
    pytest.mark.timeout(900),
]
PYTHON = """\
#!/bin/sh
if [ "$1" = -m ]; then exit 0; fi
shift 2  # -P and the script
echo "$@" >>{folder}/tried
. {folder}/trial
"""
SYSTEMCTL = """\
#!/bin/sh
# What systemd does with the trial's unit, as far as its verdict goes.
units={folder}/units/guide-gpu-trial.service
case "$1" in
start)
    cat $units $units.d/*.conf >{folder}/unit
    value() {{ sed -n "s/^$1=//p" {folder}/unit | tail -n 1; }}
    timeout "$(value TimeoutStartSec)" $(value ExecStart) >"$(value StandardOutput | cut -d: -f2)" 2>&1
    rc=$?
    case $rc in 0) r=success ;; 124) r=timeout ;; *) r=exit-code ;; esac
    echo "Result=$r" >{folder}/result
    exit $rc ;;
show) cat {folder}/result ;;
esac
"""
NO_PACKAGE = "cuda-of-no-distribution"
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
        for name, text in (("python", PYTHON), ("systemctl", SYSTEMCTL), ("systemd-sysusers", "#!/bin/sh\n")):
            (folder / name).write_text(text.format(folder=folder))
            (folder / name).chmod(0o755)
        (folder / "units").mkdir()
        units = self.release / "systemd"
        for part in ("optional", "sysusers.d"):
            shutil.copytree(ROOT / "systemd" / part, units / part)
        for part in ("shuttle-guide-listener.service", "shuttle-guide-.service.d/10-common.conf"):
            (units / "system" / part).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / "systemd" / part, units / "system" / part)

    def play(self, wheel: bytes, trial: str, library: bytes | None = None, **more: object) -> str:
        """Play it; ``trial``: what the interpreter does with the script, in shell. The output."""
        libraries = []
        if library is not None:
            (self.folder / "libctranslate2.so.4").write_bytes(library)
            libraries.append(
                {
                    "src": str(self.folder / "libctranslate2.so.4"),
                    "sha256": hashlib.sha256(library).hexdigest(),
                }
            )
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
            "gpu_libraries": {"none": libraries},
            "gpu_cuda_packages": [NO_PACKAGE],
            "gpu_units_dir": str(self.folder / "units"),
            "gpu_trial_output": str(self.folder / "output"),
            "gpu_python": str(self.folder / "python"),
            "gpu_release_dir": str(self.release),
            "gpu_cpu_wheels_dir": str(self.folder),
            "gpu_whisper_model": str(self.folder / "model"),
            "gpu_trial_s": 60,
            **more,
        }
        played = ansible(
            *(ANSIBLE, "-i", "localhost,", "-e", json.dumps(given), self.folder / "play.yml"),
            environment={"PATH": f"{self.folder}:{os.environ['PATH']}"},
            within_s=400,
        )
        assert played.returncode == 0, played.output
        return played.output

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
    assert f"{NO_PACKAGE} could not be installed" in said
    assert not any((tmp_path / "units").iterdir()), "the unit was for this one time"
    unit = (tmp_path / "unit").read_text()
    assert "User=shuttle-guide-listener" in unit
    assert "SystemCallFilter=~@privileged @resources" in unit
    assert "DeviceAllow=char-17000000.gpu rw" in unit

    role.play(b"one", "exit 0")
    assert len(role.trials) == 1, "nothing changed: it is not tried again"

    role.play(b"two", "sleep 120", gpu_trial_s=2)
    assert "Run a model on the GPU. The GPU did not answer within 2 s" in role.verdict

    role.play(b"two", "exit 1", library=b"built for one JetPack")
    assert len(role.trials) == 3, "with a library beside the wheel it may work"
    assert "The trial ended with Result=exit-code" in role.verdict
    assert not (role.release / "gpu-libraries").exists(), "the CPU's wheels come with their own"

    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.bin").touch()
    works = f"cmp {role.release}/gpu-libraries/libctranslate2.so.4 {tmp_path}/libctranslate2.so.4"
    assert "INFERENCE IS ON THE CPU" not in role.play(b"two", works, library=b"built for one JetPack")
    assert role.verdict == "gpu"
    assert f"Environment=LD_LIBRARY_PATH={role.release}/gpu-libraries\n" in (tmp_path / "unit").read_text()
    assert role.trials[3:] == [f"ctranslate2 --model {tmp_path}/model"]


@pytest.mark.skipif(not shutil.which("dpkg-query"), reason="Debian packages are asked for")
@pytest.mark.skipif(Path("/etc/nv_tegra_release").exists(), reason="this is a Jetson")
def test_on_a_machine_without_the_release_nothing_is_touched_and_that_is_told(tmp_path: Path) -> None:
    """As with ``site.yml --tags gpu`` on a bare one."""
    role = Role(tmp_path)
    (tmp_path / "python").unlink()
    said = role.play(b"one", "exit 0")
    assert "none were tried, since the release is not there yet" in said
    assert not (role.release / "gpu-wheels").exists()
    assert not (role.release / ".inference").exists()


@pytest.mark.skipif(not shutil.which("dpkg-query"), reason="Debian packages are asked for")
@pytest.mark.skipif(Path("/etc/nv_tegra_release").exists(), reason="this is a Jetson")
def test_the_release_that_runs_keeps_its_wheels_unless_an_engineer_says_otherwise(tmp_path: Path) -> None:
    role = Role(tmp_path)
    role.play(b"one", "exit 0")
    assert role.verdict == "gpu"
    (tmp_path / "current").symlink_to(role.release)
    (tmp_path / "python").write_text(f"#!/bin/sh\ntouch {tmp_path}/called\n")

    before = sorted(role.release.rglob("*"))
    said = role.play(b"two", "exit 1")
    assert "THE GPU IS NOT TRIED ANEW in test" in said
    assert not (tmp_path / "called").exists()
    assert (role.verdict, sorted(role.release.rglob("*"))) == ("gpu", before)
    assert (role.release / "gpu-wheels" / "ctranslate2-1.whl").read_bytes() == b"one"

    (tmp_path / "python").write_text(PYTHON.format(folder=tmp_path))
    said = role.play(b"two", "exit 1", gpu_while_running=True)
    assert role.verdict.startswith("cpu, since this failed")
    assert "restarted" in said
    assert "IS NOT TRIED ANEW" not in role.play(b"two", "exit 1"), "its verdict holds"
