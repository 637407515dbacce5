"""Keys of depots that sign, and what a shuttle is told of them."""

from __future__ import annotations

import subprocess
from pathlib import Path


def make_key(folder: Path, name: str = "depot.key") -> Path:
    """A private key without a passphrase; the public one lies beside it as ``NAME.pub``."""
    key = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    return key


def allow(folder: Path, *keys: Path) -> Path:
    """A file of allowed signers, as the role ``bundle`` writes it."""
    signers = folder / "allowed_signers"
    namespaces = "shuttle-guide-pool,shuttle-guide-bundle"
    signers.write_text(
        "".join(
            f'depot namespaces="{namespaces}" {key.with_name(f"{key.name}.pub").read_text()}' for key in keys
        )
    )
    return signers
