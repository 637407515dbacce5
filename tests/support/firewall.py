"""The shuttle's firewall as the role writes it, in a network of a test's own, and who gets through it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.fleet import ANSIBLE, PLAYBOOKS, ansible

ROLE = PLAYBOOKS / "roles" / "base"
FILES: tuple[tuple[str, str, dict[str, int | str]], ...] = (
    ("firewall.sh", "firewall.sh", {}),
    ("firewall.nft", "firewall.nft", {}),
    ("firewall.iptables", "firewall.ip4", {"base_ip_version": 4}),
    ("firewall.iptables", "firewall.ip6", {"base_ip_version": 6}),
    ("firewall-limits.nft", "firewall-limit.nft", {"base_counting": "limit"}),
    ("firewall-limits.nft", "firewall-sets.nft", {"base_counting": "sets"}),
)
TRUE_NFT = shutil.which("nft") or "/usr/sbin/nft"
STUB_NFT = """\
#!/bin/sh
# nft on a kernel that lacks something: rules with it are refused, in a file or by standard input.
for last; do :; done
[ "$last" != - ] || last=/dev/stdin
case "$*" in *--file*) rules="$(cat "$last")" ;; *) exec {nft} "$@" ;; esac
if printf '%s\\n' "$rules" | grep -v '^#' | grep -qE '{lacks}'; then
    echo "stub: Error: Could not process rule: No such file or directory" >&2
    exit 1
fi
case "$*" in *--check*) check=--check ;; *) check= ;; esac
printf '%s\\n' "$rules" | {nft} $check --file -
"""
"""``lacks``: an extended regular expression of what is refused."""
FAILS = "#!/bin/sh\necho 'stub: iptables: the table filter is not there' >&2\nexit 3\n"
UNREAD = "#!/bin/sh\necho 'stub: it ends at once' >&2\nexit {status}\n"
SERVER = """
import socket, sys
for port in map(int, sys.argv[1:]):
    listening = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=128)
    globals()[f"port_{port}"] = listening
print("up", flush=True)
sys.stdin.read()
"""
PROBE = """
import json, socket, sys
found = []
for source, target, port in json.load(sys.stdin):
    try:
        socket.create_connection((target, port), timeout=0.4, source_address=(source, 0)).close()
        found.append(True)
    except OSError:
        found.append(False)
print(json.dumps(found))
"""
SHUTTLE = {4: ("10.20.0.11/8", "192.168.10.11/24"), 6: ("fd00::11/64", "2001:db8::11/64")}
OTHERS = {
    4: ("10.20.0.7/8", "10.99.0.1/8", "192.168.10.5/24"),
    6: ("fd00::7/64", "2001:db8::7/64"),
}


def lacking() -> str | None:
    """Why no firewall can be loaded here, in words for a skipped test."""
    if not ANSIBLE.exists():
        return "no Ansible in .venv-deploy; run: make setup"
    tools = {"nft": "nftables", "iptables-legacy": "iptables", "ip": "iproute2", "unshare": "util-linux"}
    if missing := [package for tool, package in tools.items() if not shutil.which(tool)]:
        return f"not on this machine: {', '.join(missing)}"
    tried = subprocess.run(["unshare", "--net", "iptables-legacy", "--list"], capture_output=True, text=True)
    return f"no firewall can be loaded here: {tried.stderr.strip()}" if tried.returncode else None


def stubs(folder: Path, lacks: str = "", *, iptables: bool = True) -> Path:
    """Programs of a kernel that lacks something, in ``folder``, for the front of ``PATH``."""
    folder.mkdir(parents=True, exist_ok=True)
    programs = {"nft": STUB_NFT.format(nft=TRUE_NFT, lacks=lacks)} if lacks else {}
    if not iptables:
        programs |= {f"ip{six}tables-legacy{part}": FAILS for six in ("", "6") for part in ("", "-restore")}
    for name, text in programs.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return folder


def play(
    folder: Path,
    settings: Mapping[str, Any],
    path: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Have the role try its rules and write them into ``folder``; returns what Ansible told."""
    written = [
        {
            "ansible.builtin.template": {
                "src": str(ROLE / "templates" / f"{source}.j2"),
                "dest": str(folder / target),
                "mode": "0644",
            },
            "vars": more,
        }
        for source, target, more in FILES
    ]
    tried = {
        "ansible.builtin.import_role": {"name": "base", "tasks_from": "firewall_try"},
        "vars": {"base_firewall_installed": True},
    }
    told = {"ansible.builtin.debug": {"msg": "LOADED BY [{{ base_firewall_by }}]"}}
    about = {"hosts": "localhost", "connection": "local", "gather_facts": False}
    (folder / "play.json").write_text(json.dumps([{**about, "tasks": [tried, told, *written]}]))
    extra = {"ansible_python_interpreter": sys.executable, "base_bundle_dir": "/", **settings}
    played = ansible(
        *(ANSIBLE, "-i", "localhost,", "-e", json.dumps(extra), folder / "play.json"),
        environment=({"PATH": f"{path}:{os.environ['PATH']}"} if path else {}) | dict(environment or {}),
        within_s=180,
    )
    assert played.returncode == 0, played.output
    return " ".join(played.output.split())


class Networks:
    """Two networks, the shuttle's and one of all others, with a cable between them."""

    def __init__(self, name: str) -> None:
        self.shuttle, self.others = f"{name}-shuttle", f"{name}-others"

    def run(
        self, where: str, *command: str, path: Path | None = None, given: str = ""
    ) -> subprocess.CompletedProcess[str]:
        environment = os.environ | ({"PATH": f"{path}:{os.environ['PATH']}"} if path else {})
        return subprocess.run(
            ["ip", "netns", "exec", where, *command],
            env=environment,
            input=given,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def load(self, folder: Path, path: Path | None = None, what: str = "load") -> str:
        """Load the firewall as its unit does; returns what it told, errors too."""
        ended = self.run(self.shuttle, "sh", str(folder / "firewall.sh"), what, path=path)
        return ended.stdout + ended.stderr

    def probe(self, attempts: Sequence[tuple[str, str, int]], where: str = "") -> list[bool]:
        """Whether each connection (source, target, port) of the others comes about."""
        given = json.dumps(attempts)
        ended = self.run(where or self.others, sys.executable, "-c", PROBE, given=given)
        assert ended.returncode == 0, ended.stderr
        found: list[bool] = json.loads(ended.stdout)
        return found

    def rules(self) -> str:
        """All that is loaded on the shuttle."""
        commands = ("nft list ruleset", "iptables-legacy-save", "ip6tables-legacy-save")
        return "\n".join(self.run(self.shuttle, *command.split()).stdout for command in commands)

    @contextmanager
    def serving(self, where: str, *ports: int) -> Iterator[None]:
        command = ["ip", "netns", "exec", where, sys.executable, "-c", SERVER, *map(str, ports)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
            assert server.stdin is not None
            assert server.stdout is not None
            assert server.stdout.readline() == b"up\n"
            try:
                yield
            finally:
                server.stdin.close()


@contextmanager
def networks(name: str) -> Iterator[Networks]:
    """Made on entering, removed on leaving."""
    if reason := lacking():
        pytest.skip(reason)
    made = Networks(name)
    try:
        for side in (made.shuttle, made.others):
            _run("ip", "netns", "add", side)
            _run("ip", "-n", side, "link", "set", "lo", "up")
        _run(
            "ip",
            "-n",
            made.shuttle,
            "link",
            "add",
            "eth0",
            "type",
            "veth",
            "peer",
            "name",
            "eth0",
            "netns",
            made.others,
        )
        for side, addresses in ((made.shuttle, SHUTTLE), (made.others, OTHERS)):
            for address in addresses[4]:
                _run("ip", "-n", side, "address", "add", address, "dev", "eth0")
            for address in addresses[6]:
                _run("ip", "-n", side, "address", "add", address, "dev", "eth0", "nodad")
            _run("ip", "-n", side, "link", "set", "eth0", "up")
        yield made
    finally:
        for side in (made.shuttle, made.others):
            subprocess.run(["ip", "netns", "del", side], check=False, capture_output=True)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
