"""Shuttles of a test's own, and an engineer who rolls out to them over SSH: bundle, inventory, playbooks."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from edge.signature import sign
from scripts.bundle import NAMESPACE
from tests.support.machine import Machine
from tests.support.signing import make_key

ROOT = Path(__file__).parents[2]
PLAYBOOKS = ROOT / "deploy" / "ansible"
ANSIBLE = ROOT / ".venv-deploy" / "bin" / "ansible-playbook"
PACKAGES = ("python3", "python3-apt", "openssh-server", "iproute2", "procps")
"""What a freshly flashed board has, and the sources of machine.sh do not."""
PLAY_TIMEOUT_S = 900.0
ACCOUNTS = ("camera-front", "vehicle", "dispatch", "dispatch-2")
"""Of the brokers, besides the guide's own. The role is the account's name up to the hyphen."""
WAV = "/var/lib/shuttle-guide/speaker/guide.wav"


class Played(NamedTuple):
    """How a playbook ended."""

    returncode: int
    output: str

    def counts(self, host: str) -> Mapping[str, int]:
        """The host's line of the recap: ``ok``, ``changed``, ``failed``, ``rescued``, …"""
        line = re.search(rf"^{host} +: (.*)$", self.output, re.MULTILINE)
        assert line, f"no recap for {host} in:\n{self.output}"
        return {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", line[1])}


def ansible(
    *command: str | Path, environment: Mapping[str, str] | None = None, within_s: float = 300.0
) -> Played:
    """Call one of Ansible's programs as an engineer does, from the folder of the playbooks."""
    own = {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_CONFIG": str(PLAYBOOKS / "ansible.cfg")}
    ended = subprocess.run(
        command,
        cwd=PLAYBOOKS,
        env=os.environ | own | dict(environment or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=within_s,
        check=False,
    )
    return Played(ended.returncode, ended.stdout)


class Fleet:
    """An inventory of machines that are booted, and what is rolled out to them.

    Args:
        folder: for the inventory, the SSH key and the certificates.
        machines: host name → machine; the first is the canary.
        user: whom the playbooks log in as; he is there already.
        password: what he tells ``sudo``, and the playbooks with him; "": he is root, or needs none.
    """

    def __init__(
        self, folder: Path, machines: Mapping[str, Machine], user: str = "root", password: str = ""
    ) -> None:
        self._folder = folder
        self._user = {"ansible_user": user} | ({"ansible_become_password": password} if password else {})
        self.machines = machines
        self.bundle = folder / "bundle"
        self.settings: dict[str, Any] = {
            "speaker": {"output": f"wav:{WAV}", "voices": ["espeak"]},
            "commentator": {"chattiness": "unlimited"},
            "metrics": {"enabled": True},
        }
        self.own: dict[str, dict[str, Any]] = {name: {} for name in machines}
        """Variables of one machine alone."""
        self.signer = make_key(folder)
        """Whose bundles and archives the shuttles take."""
        self._key = folder / "key"
        _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self._key)
        for name, machine in machines.items():
            home = machine.run(f"getent passwd {user}").split(":")[5]
            machine.write(f"{home}/.ssh/authorized_keys", self._key.with_suffix(".pub").read_text(), 0o600)
            machine.run(f"chown -R {user}: {home}/.ssh")
            machine.write("/etc/dpkg/dpkg.cfg.d/unsafe-io", "force-unsafe-io\n")  # it does not live long
            _make_certificate(folder, name, machine.address)

    def play(self, name: str, *arguments: str) -> Played:
        """Run one of the playbooks, as an engineer does."""
        (self._folder / "hosts.json").write_text(json.dumps(self._inventory()))
        play = (ANSIBLE, "-i", self._folder / "hosts.json", f"playbooks/{name}.yml")
        return ansible(*play, *arguments, within_s=PLAY_TIMEOUT_S)

    def passwords(self, host: str) -> dict[str, str]:
        """Account of that machine's broker → password, as they were made and kept beside the inventory."""
        return {path.name: path.read_text().strip() for path in (self.secrets(host) / "mqtt").iterdir()}

    def secrets(self, host: str) -> Path:
        """Beside the inventory, of that machine alone."""
        return self._folder / "secrets" / host

    def ssh(self, host: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Call ssh as an engineer does."""
        known = ("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null")
        address = f"{self._user['ansible_user']}@{self.machines[host].address}"
        command = ("ssh", "-i", str(self._key), "-o", "BatchMode=yes", *known, *options, address)
        return subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=30, stdin=subprocess.DEVNULL
        )

    def authority(self) -> Path:
        """The certificate that signed those of the brokers."""
        return self._folder / "authority.crt"

    def _inventory(self) -> dict[str, Any]:
        first = next(iter(self.machines))
        network = f"{_network_of(self.machines[first])}/16"
        hosts: dict[str, dict[str, Any]] = {
            name: {
                "ansible_host": machine.address,
                "mosquitto_tls": {
                    "certificate": (self._folder / f"{name}.crt").read_text(),
                    "key": (self._folder / f"{name}.key").read_text(),
                },
                **self.own[name],
            }
            for name, machine in self.machines.items()
        }
        common = {
            **self._user,
            "ansible_ssh_private_key_file": str(self._key),
            "ansible_ssh_common_args": "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null",
            "bundle_dir": str(self.bundle),
            "shuttle_id": "{{ inventory_hostname }}",
            "mqtt_accounts": [{"name": name, "role": name.split("-")[0]} for name in ACCOUNTS],
            "base_firewall_open": [{"port": 8883, "networks": [network]}],
            "base_ssh_from": [network],
            "guide_settings": self.settings,
            "guide_credentials": {"groq_api_key": ""},
            "app_spoken_test": "Связь есть.",
            "app_ready_within_s": 60,
            "upgrade_canary_s": 1,
            "trusted_signers": [self.signer.with_name(f"{self.signer.name}.pub").read_text().strip()],
        }
        return {
            "shuttles": {"hosts": hosts, "vars": common},
            "canary": {"hosts": {first: {}}},
        }


def make_bundle(folder: Path, signer: Path) -> str:
    """`make bundle` for machines of this machine's kind. Returns the release's name."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    target = ("--python", python, "--arch", os.uname().machine)
    _run(sys.executable, "-m", "scripts.bundle", *target, "--output", folder, "--sign", signer, "--unpinned")
    return str(manifest_of(folder)["release"])


def add_package(bundle: Path, name: str, signer: Path) -> None:
    """A Debian package of the site's own comes with the bundle, as those of ``--debs`` do."""
    with tempfile.TemporaryDirectory() as temporary:
        built = Path(temporary, "built")
        (built / "DEBIAN").mkdir(parents=True)
        control = (
            f"Package: {name}\nVersion: 1.0\nArchitecture: all\nMaintainer: site\nDescription: of the site\n"
        )
        (built / "DEBIAN" / "control").write_text(control)
        debs = Path(temporary, "debs")
        debs.mkdir()
        _run("dpkg-deb", "--root-owner-group", "--build", built, debs / f"{name}.deb")
        content = (debs / f"{name}.deb").read_bytes()
        about = (
            f"Filename: ./{name}.deb\nSize: {len(content)}\nSHA256: {hashlib.sha256(content).hexdigest()}\n"
        )
        (debs / "Packages").write_text(control + about)
        with tarfile.open(bundle / "debs.tar", "w") as tar:
            for path in debs.iterdir():
                tar.add(path, arcname=path.name)
    manifest = manifest_of(bundle)
    sha256 = hashlib.sha256((bundle / "debs.tar").read_bytes()).hexdigest()
    write_manifest(
        bundle, {**manifest, "debs": {"name": "debs.tar", "sha256": sha256, "packages": [name]}}, signer
    )


def make_variant(bundle: Path, folder: Path, release: str, edits: Mapping[str, str], signer: Path) -> None:
    """Another release: the guide of ``bundle`` with some files of its package exchanged.

    Args:
        edits: path in the wheel (``edge/speaker/main.py``) → new content.
    """
    copy_bundle(bundle, folder)
    manifest = manifest_of(folder)
    with tempfile.TemporaryDirectory() as name:
        guide = Path(name)
        with tarfile.open(folder / manifest["files"]["guide"]["name"]) as tar:
            tar.extractall(guide, filter="data")
        (wheel,) = guide.glob("*.whl")
        with zipfile.ZipFile(wheel) as old:
            content = {entry: old.read(entry) for entry in old.namelist()}
        with zipfile.ZipFile(wheel, "w") as new:
            for entry, data in (content | {path: text.encode() for path, text in edits.items()}).items():
                new.writestr(entry, data)
        archive = folder / f"guide-{release}.tar"
        with tarfile.open(archive, "w") as tar:
            for path in sorted(guide.iterdir()):  # not the folder itself: nobody else may enter it
                tar.add(path, arcname=path.name)
    manifest["release"] = release
    manifest["files"]["guide"] |= {
        "name": archive.name,
        "sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
        "bytes": archive.stat().st_size,
    }
    write_manifest(folder, manifest, signer)


def copy_bundle(bundle: Path, folder: Path) -> None:
    """Its large files are the same ones; exchange them, but do not write into them."""
    shutil.copytree(bundle, folder, copy_function=os.link)
    for name in ("manifest.json", "manifest.json.sig"):
        content = (folder / name).read_bytes()
        (folder / name).unlink()
        (folder / name).write_bytes(content)


def write_manifest(bundle: Path, manifest: Mapping[str, Any], signer: Path) -> None:
    content = json.dumps(manifest).encode()
    (bundle / "manifest.json").write_bytes(content)
    (bundle / "manifest.json.sig").write_bytes(sign(content, signer, NAMESPACE))


def make_useless_wheel(folder: Path) -> dict[str, str]:
    """An onnxruntime-gpu that installs well and cannot be used, like one without code for this GPU."""
    wheel = folder / "onnxruntime_gpu-1.0-py3-none-any.whl"
    about = "onnxruntime_gpu-1.0.dist-info"
    files = {
        "onnxruntime/__init__.py": 'raise ImportError("no kernel image is available for this GPU")\n',
        f"{about}/METADATA": "Metadata-Version: 2.1\nName: onnxruntime-gpu\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in (*files, f"{about}/RECORD"))
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in (files | {f"{about}/RECORD": record}).items():
            archive.writestr(name, text)
    return {"src": str(wheel), "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest()}


LLAMA_SERVER = """\
#!/usr/bin/python3
import http.server, os, sys
class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ["LLAMA_ARG_MODEL"].encode())
address = dict(zip(sys.argv[1::2], sys.argv[2::2]))
http.server.HTTPServer((address["--host"], int(address["--port"])), Health).serve_forever()
"""


def make_llama_server(folder: Path) -> dict[str, str]:
    """An archive with a program that is called as llama-server is, and tells which model it was given."""
    program = folder / "llama-server"
    program.write_text(LLAMA_SERVER)
    program.chmod(0o755)
    archive = folder / "llama-server.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(program, arcname=program.name)
    return {"src": str(archive), "sha256": hashlib.sha256(archive.read_bytes()).hexdigest()}


def manifest_of(bundle: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((bundle / "manifest.json").read_text())
    return manifest


def _network_of(machine: Machine) -> str:
    return ".".join([*machine.address.split(".")[:2], "0", "0"])


def _make_certificate(folder: Path, name: str, address: str) -> None:
    """A broker's certificate, signed by an authority that is made with the first one."""
    authority, key = folder / "authority.crt", folder / "authority.key"
    new = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    if not authority.exists():
        _run(*new, "-days", "2", "-subj", "/CN=fleet", "-keyout", key, "-out", authority)
    named = ("-subj", f"/CN={name}", "-addext", f"subjectAltName=IP:{address}")
    own = ("-keyout", folder / f"{name}.key", "-out", folder / f"{name}.crt")
    _run(*new, "-days", "2", *named, "-CA", authority, "-CAkey", key, *own)


def _run(*command: str | Path) -> None:
    ended = subprocess.run(
        [str(part) for part in command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, (
        f"{command[0]} ended with {ended.returncode}:\n{ended.stdout}\n{ended.stderr}"
    )
