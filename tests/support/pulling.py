"""A shuttle that fetches its releases itself: the role's own programs on files of its own, and a mirror."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from scripts.bundle_archive import pack
from tests.support.file_server import FileServer
from tests.support.fleet import write_manifest
from tests.support.shuttle_files import ROLL_OUT, ShuttleFiles
from tests.support.signing import allow, make_key

INSTALL = """\
#!/bin/sh
# In place of the environments of Python, which roles/test_interpreter.py makes.
cd "$(dirname "$0")"
case $1 in
install)
    name=$(sed 's/.*"release": "\\([^"]*\\)".*/\\1/')
    [ ! -e releases/$name/.complete ] || exit 0
    mkdir -p releases/$name && tar -xf cache/guide-$name.tar -C releases/$name
    touch releases/$name/.complete
    echo "$name" >>installed ;;
prune) cat >/dev/null; rm -f cache/*.of-long-ago ;;
esac
"""
GUIDE = """\
#!/bin/sh
# $1 is the command. Verdict, speed and words are files, so that a test can change them.
here=$(dirname "$0")/../..
case $1 in
config) exit $(cat $here/config) ;;
doctor) cat {root}/doctor.json; exit $(cat $here/doctor) ;;
trigger) shift; echo "$3" >>{root}/spoken; if [ -e $here/trigger ]; then . $here/trigger; fi ;;
esac
"""
SYSTEMCTL = """\
#!/bin/sh
echo "systemctl $*" >>{root}/../commands
case $1 in
restart) case $3 in shuttle-guide.target) echo >>{root}/restarts ;; esac ;;
is-active) for unit in 1 2 3 4 5; do cat {root}/active; done ;;
show) for unit in 1 2 3 4 5; do echo life-$unit-$(wc -l <{root}/restarts); done ;;
esac
"""
DRIVES = '[{"name": "ingest vehicle", "verdict": "ok", "is": "driving"}]'
STANDS = "[]"


class Pulling:
    """r1 runs and is proven; ``publish`` gives the mirror another one."""

    def __init__(self, folder: Path, mirror: FileServer) -> None:
        self.files = ShuttleFiles(folder / "root")
        self.mirror = mirror
        self.key = make_key(folder)
        self._folder = folder
        root, opt = self.files.root, self.files.opt
        allow(self.files.etc / "shuttle-guide", self.key)
        shutil.copy(ROLL_OUT, opt / "roll-out")
        shutil.copy(ROLL_OUT.with_name("pull_file.py"), opt)
        health = ROLL_OUT.with_name("pull_health.py").read_text()
        # No device opens late here.
        (opt / "pull_health.py").write_text(health.replace("PAUSE_S = 2.0", "PAUSE_S = 0.0"))
        _program(opt / "pull", ROLL_OUT.with_name("pull.py").read_text())
        _program(opt / "install-release", INSTALL)
        _program(folder / "programs" / "systemctl", SYSTEMCTL.format(root=root))
        for name, text in {"doctor.json": STANDS, "active": "active\n", "restarts": ""}.items():
            (root / name).write_text(text)
        (opt / "cache").mkdir()
        _program(root / "usr" / "bin" / "python3.11", "#!/bin/sh\n")
        self.settings(url=mirror.url)
        release = self.files.make_release("r1")
        self._guide(release)
        (release / "manifest.json").write_text(json.dumps({"release": "r1", "made": 1000}))
        self.files.roll_out("change-to", "r1")
        self.files.roll_out("proven", "r1")

    def settings(self, **changed: Any) -> None:
        common = {"spoken_test": "Hello.", "ready_within_s": 2, "wait_standing_s": 0, "keep_releases": 3}
        path = self.files.etc / "shuttle-guide" / "pull.json"
        before = json.loads(path.read_text()) if path.exists() else common
        path.write_text(json.dumps(before | changed))

    def publish(
        self,
        name: str,
        made: int = 2000,
        *,
        doctor: int = 0,
        config: int = 0,
        key: Path | None = None,
        trigger: tuple[str, ...] = (),
        whole: bool = True,
        **more: Any,
    ) -> bytes:
        """Its one archive.

        Args:
            doctor, config: what these commands of it end with.
            trigger: what somebody calls of roll-out while it speaks, which fails then.
            whole: False lets the change-over to it fail.
        """
        release = self.files.make_release(name)
        shutil.rmtree(self._folder / name, ignore_errors=True)
        shutil.move(release, self._folder / name)
        release = self._folder / name
        self._guide(release, doctor, config)
        for own in (".complete", "guide.toml", "drop-ins"):
            (release / own).unlink()
        if trigger:
            (release / "trigger").write_text(f"{self._called(trigger)}; exit 1\n")
        if not whole:
            (release / "systemd" / "sysusers.d" / "shuttle-guide.conf").unlink()
        (release / "ballast").write_bytes(os.urandom(200_000))
        file = pack(release, self._folder, "guide")
        archive = self._folder / str(file["name"])
        file["name"] = f"guide-{name}.tar"
        needed = {"python": "3.11", "arch": os.uname().machine, "build_packages": []}
        manifest = {"release": name, "made": made, **needed, "files": {"guide": file, "interpreter": file}}
        write_manifest(self._folder, manifest | more, key or self.key)
        for shown in ("manifest.json", "manifest.json.sig"):
            self.mirror.files[f"/{shown}"] = (self._folder / shown).read_bytes()
        self.mirror.files[f"/guide-{name}.tar"] = archive.read_bytes()
        return archive.read_bytes()

    def make_runnable(self, name: str, made: int) -> None:
        """A release that is there already."""
        release = self.files.make_release(name)
        self._guide(release)
        (release / "manifest.json").write_text(json.dumps({"release": name, "made": made}))

    def while_installing(self, *commands: str) -> None:
        """Somebody else calls these of roll-out at the end of it."""
        program = self.files.opt / "install-release"
        program.write_text(
            program.read_text().replace(">>installed ;;", f">>installed; {self._called(commands)} ;;")
        )

    def kill_who_asks_the_doctor(self) -> Path:
        """Of r2, while the file that is returned is there."""
        program = self.files.root.with_name("programs") / "cut-off"
        program.touch()
        text = f"doctor) [ ! -e {program} ] || kill -9 $PPID; cat"
        path = self._folder / "r2" / ".venv" / "bin" / "shuttle-guide"
        _program(path, path.read_text().replace("doctor) cat", text))
        install = self.files.opt / "install-release"
        install.write_text(
            install.read_text().replace(
                ">>installed ;;", f">>installed; cp {path} releases/$name/.venv/bin/ ;;"
            )
        )
        return program

    def _called(self, commands: tuple[str, ...]) -> str:
        return "; ".join(f"{self.files.opt}/roll-out {command} >&2" for command in commands)

    def pull(self, *arguments: str, within_s: float = 90.0) -> str:
        """What it says, without the level of the journal."""
        ended = subprocess.run(
            [self.files.opt / "pull", *arguments],
            env=self.files.environment | {"PULL_ROOT": str(self.files.root)},
            capture_output=True,
            text=True,
            timeout=within_s,
            check=False,
        )
        assert ended.stderr == ""
        assert ended.returncode == (1 if ended.stdout.startswith("<3>") else 0)
        return ended.stdout.strip()

    def parts(self) -> list[Path]:
        return sorted((self.files.opt / "cache").glob("*.part"))

    def is_untouched(self) -> bool:
        """r1 runs, in its first life."""
        return self.files.runs() == "r1" and (self.files.root / "restarts").read_text() == "\n"

    def spoken(self) -> int:
        path = self.files.root / "spoken"
        return len(path.read_text().splitlines()) if path.exists() else 0

    def _guide(self, release: Path, doctor: int = 0, config: int = 0) -> None:
        program = release / ".venv" / "bin" / "shuttle-guide"
        program.parent.mkdir(parents=True)
        _program(program, GUIDE.format(root=self.files.root))
        (release / "doctor").write_text(str(doctor))
        (release / "config").write_text(str(config))


def _program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
