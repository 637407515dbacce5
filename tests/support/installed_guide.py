"""The guide on a booted machine, installed as on a device but with this environment's own Python packages.

No package is fetched: what stands in the developer's ``site-packages`` is copied, so the machine must have
the same Python. (The real way of installing is Ansible's, and tested there.)
"""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

from tests.support.machine import Machine

REPOSITORY = Path(__file__).parents[2]
PACKAGES = (
    "python3-venv",
    "python3-systemd",
    "mosquitto",
    "mosquitto-clients",
    "espeak-ng",
    "libportaudio2",
    "udev",
)
RELEASE = "/opt/shuttle-guide/releases/test"
NOT_NEEDED = (
    "*.pth",
    "__pycache__",
    *("av", "av.libs", "onnx", "pocketsphinx", "hypothesis", "inflect"),
    *("mypy*", "*mypyc*", "_pytest", "pip", "ruff*", "uv*"),
)
"""Large, and for development only (or for a recognizer that no test uses there)."""
UDEV_RULES = "70-shuttle-guide.rules"
UNIT_FILES = ("*.service", "*.target", "*.slice", "*.service.d")
SETTINGS = """\
[shuttle]
id = "test"
[speaker]
output = "null"
[commentator]
chattiness = "unlimited"
"""
START = """\
#!{release}/.venv/bin/python
import sys
from edge.cli.main import main
sys.exit(main())
"""


def install(machine: Machine, settings: str = SETTINGS) -> None:
    """Put code, units, users and settings there; nothing is started yet."""
    machine.run(f"python3 -m venv --without-pip --system-site-packages {RELEASE}/.venv")
    machine.run(f"ln -sfn {RELEASE} /opt/shuttle-guide/current")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = f"{RELEASE}/.venv/lib/{version}/site-packages"
    machine.copy(Path(sysconfig.get_path("platlib")), packages, ignore=NOT_NEEDED)
    machine.copy(REPOSITORY / "edge", f"{packages}/edge", ignore=("__pycache__",))
    machine.write(f"{RELEASE}/.venv/bin/shuttle-guide", START.format(release=RELEASE), mode=0o755)
    install_units(machine)
    machine.write("/etc/shuttle-guide/guide.toml", settings)


def install_units(machine: Machine) -> None:
    """Users, folders and units, as they are in ``systemd/``."""
    units = REPOSITORY / "systemd"
    for pattern in UNIT_FILES:
        for source in units.glob(pattern):
            machine.copy(source, f"/etc/systemd/system/{source.name}")
    machine.copy(units / "sysusers.d" / "shuttle-guide.conf", "/etc/sysusers.d/shuttle-guide.conf")
    machine.copy(units / "tmpfiles.d" / "shuttle-guide.conf", "/etc/tmpfiles.d/shuttle-guide.conf")
    machine.copy(units / "udev" / UDEV_RULES, f"/etc/udev/rules.d/{UDEV_RULES}")
    machine.run("systemd-sysusers && systemd-tmpfiles --create && systemctl daemon-reload")
