"""Ansible action: brings a file by its SHA-256; a transfer that was cut goes on where it stopped.

In pieces over the connection that Ansible has anyway, each written at its place by ``dd`` with the rights of
``become``: the shuttle needs coreutils and nothing else. What has come so far lies beside the destination as
``NAME.DIGEST.part``, and gets the destination's name only when its checksum is the wanted one.

::

    - name: Bring the wheels
      bring:
        src: /here/wheels.tar  # on the engineer's machine
        there: /media/usb/bundle/wheels.tar  # where it lies on the shuttle already; empty: nowhere
        dest: /opt/shuttle-guide/cache/wheels.tar  # its folder is there, and root's
        sha256: 2c26b46b…
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

PIECE = 8 * 2**20
"""Bytes at once. A cut loses less: what has arrived of a piece is kept too."""
MODE = "0644"


class ActionModule(ActionBase):
    """Result: ``changed``, and ``sent_bytes``, what went over the connection."""

    _VALID_ARGS = frozenset(("src", "there", "dest", "sha256"))
    _requires_connection = True
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        src, dest, sha256 = (str(self._task.args[name]) for name in ("src", "dest", "sha256"))
        there = str(self._task.args.get("there") or "")
        if self._sha256(dest) == sha256:
            return {**result, "changed": False, "sent_bytes": 0}
        if self._task.check_mode:
            return {**result, "changed": True, "sent_bytes": 0}
        part = f"{dest}.{sha256[:12]}.part"
        if there:
            sent = 0
            self._do(f"cp -- {shlex.quote(there)} {shlex.quote(part)}", f"read {there}, on the shuttle")
        else:
            sent = self._send(Path(self._find_needle("files", src)), part)
        if (came := self._sha256(part)) != sha256:
            self._do(f"rm -f -- {shlex.quote(part)}", f"remove {part}")
            raise AnsibleActionFail(
                f"{dest}: expected the SHA-256 {sha256[:12]}…, {there or src} came with {came[:12] or 'none'}"
                "; it is removed. Run this again; if it stays so, make the bundle again"
            )
        names = f"{shlex.quote(part)} {shlex.quote(dest)}"
        self._do(f"chmod {MODE} {shlex.quote(part)} && mv -fT -- {names}", f"name it {dest}")
        return {**result, "changed": True, "sent_bytes": sent}

    def _send(self, source: Path, part: str) -> int:
        size = source.stat().st_size
        came = self._do(f"stat -c %s -- {shlex.quote(part)} 2>/dev/null || echo 0", f"look at {part}")
        # A longer one is none of ours; its end would stay.
        begin = int(came) if int(came) <= size else 0
        write = f"dd of={shlex.quote(part)} bs=64K oflag=seek_bytes status=none"
        with source.open("rb") as file:
            file.seek(begin)
            while piece := file.read(PIECE):
                # At its place and not at the end: a piece that Ansible sends twice is there once.
                place = file.tell() - len(piece)
                self._do(f"{write} seek={place}", f"write {part}", piece)
        if not size:
            self._do(f": > {shlex.quote(part)}", f"write {part}")
        return size - begin

    def _sha256(self, path: str) -> str:
        """Of a file on the shuttle; empty where there is none."""
        return self._do(f"sha256sum -- {shlex.quote(path)} 2>/dev/null | cut -c -64", f"read {path}")

    def _do(self, command: str, what: str, data: bytes | None = None) -> str:
        """Raises AnsibleConnectionFailure where the shuttle is away."""
        done = self._low_level_execute_command(command, in_data=data)
        if done["rc"]:
            raise AnsibleActionFail(f"could not {what}: {done['stderr'].strip() or done['stdout'].strip()}")
        return str(done["stdout"].strip())
