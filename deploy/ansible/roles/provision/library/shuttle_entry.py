#!/usr/bin/python
"""Ansible module: a board's entry in the inventory, and its host key.

It runs on the engineer's machine, for one board at a time, and writes two files of its own beside the
inventory: ``boards.yml`` (read before ``hosts.yml``, so that what stands there or in ``host_vars`` by hand
counts) and ``known_hosts``. The same board, which its serial number tells, keeps its entry.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: shuttle_entry
short_description: A board's entry in the inventory
options:
  inventory:
    description: Folder of the inventory.
    type: path
    required: true
  board:
    description: What the board says of itself, with serial, model and macs (interface to address).
    type: dict
    required: true
  host_keys:
    description: Its host keys, each with type and key.
    type: list
    elements: str
    required: true
  reached_at:
    description: Where it was reached.
    type: str
    required: true
  address:
    description: Where it will be reached. Empty keeps what the entry has, and is reached_at in a new one.
    type: str
    default: ""
  shuttle:
    description: The id that is asked for. Empty means the next free one.
    type: str
    default: ""
  prefix:
    description: What ids begin with that are not asked for.
    type: str
    default: shuttle-
  taken:
    description: Names that are in the inventory.
    type: list
    elements: str
    default: []
  replaced:
    description: The shuttle has another board now, or its board was flashed anew.
    type: bool
    default: false
"""

HEADER = """\
# Written by playbooks/provision.yml, an entry for each board.
# What stands in hosts.yml or below host_vars counts before it.
"""
ID = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
SERIAL = re.compile(r"(?=.*[1-9A-Za-z])[0-9A-Za-z-]{4,64}")
MODEL = re.compile(r"[\w .,()/+-]{0,100}")
GROUPS = ("all", "canary", "localhost", "shuttles", "ungrouped")
"""Names that Ansible and the inventory have for something else."""
INTERFACE = re.compile(r"[\w.-]{1,15}")
MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
HOST_KEY = re.compile(r"[a-z0-9@.-]+ [A-Za-z0-9+/]+=*")
BROKER = "inventory_dir ~ '/secrets/' ~ inventory_hostname ~ '/broker"


class RefusedError(Exception):
    """What was expected, what came, and what to do, in one line."""


def read_board(board: Mapping[str, Any]) -> dict[str, Any]:
    """The variables that say which board it is.

    Raises:
        RefusedError: it does not say what a Jetson says.
    """
    serial, macs = str(board.get("serial", "")), dict(board.get("macs") or {})
    if not SERIAL.fullmatch(serial):
        raise RefusedError(
            f"Expected a serial number in /sys/firmware/devicetree/base, found {serial!r}. A machine that "
            "is no Jetson is written into hosts.yml by hand."
        )
    if wrong := [
        f"{name!r} {mac!r}"
        for name, mac in macs.items()
        if not (INTERFACE.fullmatch(str(name)) and MAC.fullmatch(str(mac)))
    ]:
        raise RefusedError(
            f"Expected MAC addresses such as eth0 48:b0:2d:00:00:01, found {', '.join(wrong)}."
        )
    # Ansible takes what stands in an inventory for a template.
    model = str(board.get("model", ""))
    if not MODEL.fullmatch(model):
        raise RefusedError(f"Expected the name of a board's model in letters and digits, found {model!r}.")
    return {"board_serial": serial, "board_model": model, "board_macs": macs}


def choose(
    asked: str, serial: str, hosts: Mapping[str, Any], taken: Iterable[str], prefix: str, replaced: bool
) -> str:
    """The shuttle's id: its own if the board is known, the one asked for, or the number after the highest.

    Numbers of shuttles that are gone are not used again as long as their secrets are there.

    Args:
        hosts: shuttle → its variables, of ``boards.yml``.
        taken: other names that are not free.
    """
    own = next((name for name, entry in hosts.items() if str(entry.get("board_serial")) == serial), "")
    if asked and (not ID.fullmatch(asked) or asked in GROUPS):
        raise RefusedError(
            f"Expected a shuttle's id as host names are (lower-case letters, digits, hyphens), got {asked!r}."
        )
    if own and asked and asked != own:
        raise RefusedError(
            f"The board {serial} is {own} already, and {asked} was asked for. Leave that out, or take "
            f"{own} out of boards.yml."
        )
    if own:
        return own
    if asked:
        if asked in {*hosts, *taken} and not replaced:
            other = hosts.get(asked, {}).get("board_serial", "of another entry")
            raise RefusedError(
                f"{asked} is there already, with the board {other}, and this one is {serial}. If it takes "
                "that place: -e replaced=true"
            )
        return asked
    numbered = re.compile(rf"{re.escape(prefix)}(\d+)")
    numbers = [int(match[1]) for name in {*hosts, *taken} if (match := numbered.fullmatch(name))]
    return f"{prefix}{max(numbers, default=0) + 1:02d}"


def make_entry(
    known: Mapping[str, Any], about: Mapping[str, Any], reached_at: str, address: str
) -> dict[str, Any]:
    """The entry: what it had, and what is known now."""
    known_hosts = "-o UserKnownHostsFile={{ inventory_dir | quote }}/known_hosts"
    alias = "-o HostKeyAlias={{ inventory_hostname }}"
    return {
        **known,
        "ansible_host": address or known.get("ansible_host") or reached_at,
        "ansible_ssh_common_args": f"{known_hosts} {alias} -o StrictHostKeyChecking=yes",
        **about,
        "mosquitto_tls": {
            "certificate": f"{{{{ lookup('ansible.builtin.file', {BROKER}.crt') }}}}",
            "key": f"{{{{ lookup('ansible.builtin.file', {BROKER}.key') }}}}",
        },
    }


def note_keys(lines: Sequence[str], shuttle: str, keys: Sequence[str], replaced: bool) -> list[str]:
    """The lines of ``known_hosts`` with this shuttle's keys.

    Raises:
        RefusedError: the keys are another shuttle's, or others than they were.
    """
    if not keys or not all(HOST_KEY.fullmatch(key) for key in keys):
        raise RefusedError(
            f"{shuttle} gave no host key that can be read. Does SSH answer there? ssh-keyscan ADDRESS"
        )
    noted = [(name, key.strip()) for name, _, key in (line.partition(" ") for line in lines)]
    for name, key in noted:
        if name != shuttle and key in keys:
            raise RefusedError(
                f"{shuttle} has the host key of {name}: it came with the image. On the board, remove "
                "/etc/ssh/ssh_host_*, run dpkg-reconfigure openssh-server, and take it out of the image."
            )
    own = [key for name, key in noted if name == shuttle]
    if own and not replaced and not set(own) & set(keys):
        raise RefusedError(
            f"The host key of {shuttle} is not the one that was noted. If the board was flashed anew or "
            "exchanged: -e replaced=true; else this is another machine."
        )
    if own and set(own) == set(keys):
        return list(lines)
    others = [line for line in lines if line.partition(" ")[0] != shuttle]
    return others + [f"{shuttle} {key}" for key in keys]


def read_hosts(path: Path) -> dict[str, Any]:
    """Shuttle → its variables, of ``boards.yml``.

    Raises:
        RefusedError: it is not what this module writes.
    """
    if not path.exists():
        return {}
    try:
        tree = yaml.safe_load(path.read_text())
        hosts = tree["shuttles"]["hosts"] or {}
        if set(tree) != {"shuttles"} or set(tree["shuttles"]) != {"hosts"}:
            raise KeyError  # it would be lost when the file is written
        if not all(
            isinstance(name, str) and ID.fullmatch(name) and isinstance(entry, dict)
            for name, entry in hosts.items()
        ):
            raise TypeError
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, UnicodeDecodeError):
        raise RefusedError(
            f"Expected in {path} the group shuttles with hosts, as this playbook writes it, and nothing "
            "else (that belongs into hosts.yml). Put it right, or back from a copy; nothing was changed."
        ) from None
    return dict(hosts)


def provision(params: Mapping[str, Any]) -> tuple[str, str, dict[Path, str]]:
    """The shuttle's id and address, and the text that each file shall have."""
    folder = Path(params["inventory"])
    boards, known_hosts = folder / "boards.yml", folder / "known_hosts"
    hosts = read_hosts(boards)
    about = read_board(params["board"])
    retired = [path.name for path in (folder / "secrets").glob("*") if path.is_dir()]
    taken = [*params["taken"], *retired]
    replaced = params["replaced"]
    shuttle = choose(params["shuttle"], about["board_serial"], hosts, taken, params["prefix"], replaced)
    entry = make_entry(hosts.get(shuttle, {}), about, params["reached_at"], params["address"])
    for name, other in hosts.items():
        if name != shuttle and other.get("ansible_host") == entry["ansible_host"]:
            raise RefusedError(
                f"{name} has the address {entry['ansible_host']} already. Name the one at which {shuttle} "
                "will be reached: -e address=…"
            )
    lines = known_hosts.read_text().splitlines() if known_hosts.exists() else []
    noted = note_keys(lines, shuttle, params["host_keys"], replaced)
    tree = {"shuttles": {"hosts": dict(sorted({**hosts, shuttle: entry}.items()))}}
    text = HEADER + yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=1000)
    files = {boards: text, known_hosts: "".join(f"{line}\n" for line in noted)}
    return shuttle, entry["ansible_host"], files


def write(path: Path, text: str) -> None:
    """Whole or not at all."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".provision.", delete=False) as unfinished:
        unfinished.write(text)
        unfinished.flush()
        os.fsync(unfinished.fileno())
    Path(unfinished.name).chmod(0o644)
    Path(unfinished.name).replace(path)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "inventory": {"type": "path", "required": True},
            "board": {"type": "dict", "required": True},
            "host_keys": {"type": "list", "elements": "str", "required": True, "no_log": False},
            "reached_at": {"type": "str", "required": True},
            "address": {"type": "str", "default": ""},
            "shuttle": {"type": "str", "default": ""},
            "prefix": {"type": "str", "default": "shuttle-"},
            "taken": {"type": "list", "elements": "str", "default": []},
            "replaced": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    try:
        shuttle, address, texts = provision(module.params)
    except RefusedError as refused:
        module.fail_json(msg=str(refused))
    changed = {path: text for path, text in texts.items() if not path.exists() or path.read_text() != text}
    if not module.check_mode:
        for path, text in changed.items():
            write(path, text)
    module.exit_json(changed=bool(changed), shuttle=shuttle, address=address)


if __name__ == "__main__":
    main()
