"""Signatures over a manifest, made and checked by ``ssh-keygen -Y``: a tool that every machine with SSH has.

Whose signature counts stands in a file of allowed signers (``man ssh-keygen``), a line for each key::

    depot namespaces="shuttle-guide-pool,shuttle-guide-bundle" ssh-ed25519 AAAA…
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from edge.config.child_environment import without_secrets
from edge.error_lines import one_line
from edge.operator_error import OperatorError

SIGNER = "depot"
ALLOWED_SIGNERS = Path("/etc/shuttle-guide/allowed_signers")
"""On a shuttle, written by the role ``bundle``."""
LARGEST_BYTES = 16 * 1024


class SignatureError(OperatorError):
    """There is no signature that counts, or none can be made; the text is one line for the operator."""


def sign(content: bytes, key: Path, namespace: str) -> bytes:
    """A signature over ``content``.

    Args:
        key: the private key's file, or the public one's where an agent holds the private one.
        namespace: what it is for; it counts for nothing else.

    Raises:
        SignatureError: ``ssh-keygen`` is not there, or cannot use the key.
    """
    return _ssh_keygen("sign", "-n", namespace, "-f", str(key), given=content, what=f"sign with {key}")


def check_signature(content: bytes, signature: bytes, namespace: str, signers: Path) -> None:
    """Whether an allowed signer has signed exactly this for this use.

    Args:
        signers: the file of allowed signers, readable to whoever calls.

    Raises:
        SignatureError: none has, or it cannot be seen.
    """
    if not signers.is_file():
        raise SignatureError(f"nobody's signature counts here: there is no {signers}")
    with tempfile.NamedTemporaryFile(prefix="shuttle-guide-", suffix=".sig") as file:
        file.write(signature)
        file.flush()
        arguments = ("-f", str(signers), "-I", SIGNER, "-n", namespace, "-s", file.name)
        _ssh_keygen("verify", *arguments, given=content, what=f"find an allowed signer of it in {signers}")


def _ssh_keygen(action: str, *arguments: str, given: bytes, what: str) -> bytes:
    agent = {name: os.environ[name] for name in ("SSH_AUTH_SOCK",) if name in os.environ}
    try:
        ended = subprocess.run(
            ["ssh-keygen", "-Y", action, *arguments],
            input=given,
            capture_output=True,
            check=False,
            env=without_secrets() | agent,
        )
    except OSError as error:
        reason = error.strerror or str(error)
        raise SignatureError(f"ssh-keygen: {reason}; apt-get install openssh-client") from error
    if ended.returncode:
        lines = ended.stderr.decode(errors="replace").strip().splitlines()
        raise SignatureError(f"could not {what}: {one_line('; '.join(lines)) or 'ssh-keygen failed'}")
    return ended.stdout
