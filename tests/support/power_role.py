"""The role ``power`` on this machine, with files in a folder and stubs of the board's programs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.fleet import Played
from tests.support.local_role import play_here

NVPMODEL_CONF = """\
# < POWER_MODEL ID=9 NAME=COMMENTED >
< POWER_MODEL ID=0 NAME=15W >
CPU_ONLINE CORE_0 1
< POWER_MODEL ID=1 NAME=25W >
< POWER_MODEL ID=2 NAME=MAXN_SUPER >
< POWER_MODEL ID=3 NAME=7W >
# mandatory section to configure the default power mode
< PM_CONFIG DEFAULT=1 >
"""
FAN_CONF = """\
POLLING_INTERVAL 2
<FAN 1>
\tTMARGIN ENABLED
\tFAN_PROFILE cool {
\t\t0\t0\t255\t2900
\t}
\tFAN_PROFILE quiet {
\t\t0\t0\t255\t2900
\t}
\tFAN_DEFAULT_CONTROL close_loop
\tFAN_DEFAULT_PROFILE quiet
"""
NVPMODEL = """\
#!/bin/sh
# Mode 3 has fewer cores: it asks whether to restart, as a board does.
echo "nvpmodel $*" >>{folder}/asked
[ "$1" = -m ] || exit 2
if [ "$2" = 3 ]; then
    echo "NVPM WARN: Reboot required for changing to this power mode: 3"
    echo "NVPM WARN: DO YOU WANT TO REBOOT NOW? enter YES/yes to confirm:"
    read -r answer
    echo "answered $answer" >>{folder}/asked
    echo "NVPM ERROR: optMask is 1, no request for power mode" >&2
    exit 0
fi
printf 'pmode:%04d' "$2" >{root}/var/lib/nvpmodel/status
"""
SYSTEMCTL = """\
#!/bin/sh
# Units are files that hold what is known of them.
units={folder}/units
verb=$1
unit=$2
case "$verb" in show | is-*) ;; *) echo "systemctl $*" >>{folder}/asked;; esac
state() { [ -e "$units/$unit.$1" ]; }
case "$verb" in
    show) [ -e "$units/$unit" ] && loaded=loaded || loaded=not-found
        state active && active=active || active=inactive
        printf 'Id=%s\\nLoadState=%s\\nActiveState=%s\\n' "$unit" "$loaded" "$active";;
    is-enabled) state enabled && echo enabled || { echo disabled; exit 1; };;
    is-active) state active && echo active || { echo inactive; exit 3; };;
    enable) touch "$units/$unit.enabled";;
    disable) rm -f "$units/$unit.enabled";;
    start) touch "$units/$unit.active";;
    stop) rm -f "$units/$unit.active";;
esac
exit 0
"""


class PowerRole:
    """Plays the role as ``site.yml`` does: its tasks, and ``activate`` behind the release.

    Args:
        folder: for the files, the stubs and what they were asked.
        jetson: it has NVIDIA's files.
    """

    def __init__(self, folder: Path, *, jetson: bool = True) -> None:
        self._folder, self.root, self._units = folder, folder / "root", folder / "units"
        self._units.mkdir()
        (self.root / "etc/systemd/system").mkdir(parents=True)
        if jetson:
            self._write("etc/nvpmodel.conf", NVPMODEL_CONF)
            self._write("var/lib/nvpmodel/status", "pmode:0001")
            self._write("etc/nvpower/nvfancontrol/board.conf", FAN_CONF)
            (self.root / "etc/nvfancontrol.conf").symlink_to("nvpower/nvfancontrol/board.conf")
            self._write("var/lib/nvfancontrol/status", "profile quiet")
            self._write("etc/systemd/nvzramconfig.sh", "#!/bin/sh\n")
            for state in ("", ".active", ".enabled"):
                (self._units / f"nvfancontrol.service{state}").touch()
                (self._units / f"nvzramconfig.service{state}").touch()
        self._write("etc/systemd/system/shuttle-guide-power.service", "[Unit]\n")
        (self._units / "shuttle-guide-power.service").touch()
        for name, text in (("nvpmodel", NVPMODEL), ("systemctl", SYSTEMCTL)):
            path = folder / "bin" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text.replace("{folder}", str(folder)).replace("{root}", str(self.root)))
            path.chmod(0o755)

    def text(self, path: str) -> str | None:
        """Of a file below the root; None: it is not there."""
        file = self.root / path
        return file.read_text() if file.exists() else None

    def is_(self, unit: str, state: str) -> bool:
        """``active`` or ``enabled``."""
        return (self._units / f"{unit}.service.{state}").exists()

    def play(
        self, settings: Mapping[str, Any], *more: str, environment: Mapping[str, str] | None = None
    ) -> tuple[Played, list[str]]:
        """How it ended, and what the board's programs were asked."""
        asked = self._folder / "asked"
        asked.write_text("")
        later = {"ansible.builtin.import_role": {"name": "power", "tasks_from": "activate"}}
        played = play_here(
            self._folder,
            [{"role": "power"}],
            {"power_root": str(self.root)} | dict(settings),
            *more,
            tasks=[{"name": "Activate it", **later}],
            environment=environment,
        )
        return played, asked.read_text().splitlines()

    def _write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)
