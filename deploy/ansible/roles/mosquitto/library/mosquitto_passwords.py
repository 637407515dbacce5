#!/usr/bin/python
"""Ansible module: Mosquitto's password file, rewritten only when somebody's password is another one.

``mosquitto_passwd`` salts at random, so its output cannot be compared; this checks each password against the
hash that is there.
"""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: mosquitto_passwords
short_description: Mosquitto's password file
description:
  - Holds exactly the accounts given; who is not among them is removed.
options:
  path:
    description: The file, mode 0600.
    type: path
    required: true
  accounts:
    description: Name and password of each account.
    type: dict
    required: true
  owner:
    description: The user that the broker runs as.
    type: str
    default: mosquitto
"""

SCHEME = "7"
"""Mosquitto's name for PBKDF2 with SHA-512."""
ITERATIONS = 210_000
"""OWASP's for PBKDF2 with SHA-512 (mosquitto_passwd itself uses 101). The broker computes them for each
CONNECT, and does nothing else meanwhile (0.1 to 0.3 s): the role base bounds how often strangers may have it
do so."""
SALT_BYTES = 12
"""Mosquitto takes no other length."""


def fits(password: str, entry: str) -> bool:
    """Whether ``$7$iterations$salt$hash`` is that password's, at today's strength."""
    try:
        empty, scheme, iterations, salt, stored = entry.split("$")
        if (empty, scheme, iterations) != ("", SCHEME, str(ITERATIONS)):
            return False
        derived = _derive(password, base64.b64decode(salt))
    except ValueError:
        return False
    return stored == base64.b64encode(derived).decode()


def make_entry(password: str) -> str:
    salt = os.urandom(SALT_BYTES)
    derived = _derive(password, salt)
    return f"${SCHEME}${ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(derived).decode()}"


def _derive(password: str, salt: bytes) -> bytes:
    return hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "accounts": {"type": "dict", "required": True, "no_log": True},
            "owner": {"type": "str", "default": "mosquitto"},
        },
        supports_check_mode=True,
    )
    path = Path(module.params["path"])
    accounts: dict[str, str] = module.params["accounts"]
    lines = path.read_text().splitlines() if path.exists() else []
    there = dict(line.split(":", 1) for line in lines if ":" in line)
    changed_names = [name for name, password in accounts.items() if not fits(password, there.get(name, ""))]
    changed = bool(changed_names) or there.keys() != accounts.keys()
    if changed and not module.check_mode:
        entries = {name: there.get(name, "") for name in accounts}
        entries |= {name: make_entry(accounts[name]) for name in changed_names}
        text = "".join(f"{name}:{entry}\n" for name, entry in entries.items())
        with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, prefix=".passwords.", delete=False
        ) as unfinished:
            unfinished.write(text)
        module.atomic_move(unfinished.name, str(path))
    if path.exists():
        changed = module.set_owner_if_different(str(path), module.params["owner"], changed)
        changed = module.set_mode_if_different(str(path), 0o600, changed)
    removed = sorted(there.keys() - accounts.keys())
    module.exit_json(changed=changed, renewed=changed_names, removed=removed)


if __name__ == "__main__":
    main()
