"""What the roles do where a broker does not start again, and to SSH's passwords; stubs of systemd, sshd."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.bound import play, program
from tests.support.fleet import Played

pytestmark = pytest.mark.timeout(400)
SYSTEMCTL = """\
echo "$1" >>{folder}/calls
case "$*" in
show*) printf 'Id=mosquitto.service\\nLoadState=loaded\\nActiveState=active\\nUnitFileState=enabled\\n' ;;
restart*) ! grep -q new /etc/mosquitto/mosquitto.conf || {{ echo "Job failed" >&2; exit {code}; }} ;;
esac
"""
SSHD = """\
case "$*" in
*-t*) exit 0 ;;
*) echo "allowtcpforwarding no"
   grep -q '^PasswordAuthentication no' /etc/ssh/sshd_config.d/10-shuttle-guide.conf 2>/dev/null &&
       echo "passwordauthentication no" || echo "passwordauthentication yes" ;;
esac
"""
CONNECTION = "10.20.0.7 51234 10.20.0.11 22"
BY_KEY = "Accepted publickey for shuttle from 10.20.0.7 port 51234 ssh2: ED25519 SHA256:x"
BY_PASSWORD = "Accepted password for shuttle from 10.20.0.7 port 51234 ssh2"


@pytest.mark.parametrize("code", [0, 1])
def test_a_broker_that_does_not_start_again_gets_its_former_configuration_back(
    tmp_path: Path, code: int
) -> None:
    etc = tmp_path / "etc"
    etc.mkdir()
    (etc / "mosquitto.conf").write_text("new")
    (etc / "mosquitto.conf.1~").write_text("former")
    program(tmp_path, "systemctl", SYSTEMCTL.format(folder=tmp_path, code=code))
    tasks = [
        {"ansible.builtin.command": "true", "notify": "Restart the broker"},
        {"ansible.builtin.import_role": {"name": "mosquitto", "tasks_from": "passwords"}},
    ]
    settings = {"shuttle_id": "s1", "mqtt_accounts": [], "mosquitto_passwords_dir": str(tmp_path / "pw")}
    written = {"mosquitto_written": {"backup_file": "/etc/mosquitto/mosquitto.conf.1~"}}
    played = play(tmp_path, tasks, {"/etc/mosquitto": etc}, settings | written)
    assert (played.returncode != 0) == bool(code), played.output
    assert ("runs with the former one" in played.output) == bool(code)
    assert [path.name for path in etc.iterdir()] == ["mosquitto.conf"], "and no copy is left"
    assert (etc / "mosquitto.conf").read_text() == ("former" if code else "new")
    calls = (tmp_path / "calls").read_text().split()
    assert [call for call in calls if call != "show"] == (
        ["restart", "reset-failed", "restart"] if code else ["restart"]
    )


class Ssh:
    """sshd with its drop-ins, and a journal with what it has noted."""

    def __init__(self, folder: Path) -> None:
        self.drop_ins = folder / "sshd_config.d"
        self.drop_ins.mkdir()
        self._folder = folder
        self._sshd = program(folder, "stub-sshd", SSHD)

    def play(self, noted: str, **settings: object) -> Played:
        # Its own --grep is what is asked for; the lines are those of this connection and of others.
        lines = f"{BY_KEY.replace('51234', '40000')}\n{noted}".replace("'", "")
        pattern = 'for last; do :; done; grep -E "$last"'
        program(self._folder, "journalctl", f"{pattern} <<'LINES'\n{lines}\nLINES")
        tasks = [
            {"ansible.builtin.import_role": {"name": "base", "tasks_from": "ssh_from"}},
            {"ansible.builtin.import_role": {"name": "base", "tasks_from": "ssh"}},
        ]
        program(self._folder, "systemctl", "printf 'LoadState=loaded\\nActiveState=active\\n'")
        places = {"/etc/ssh/sshd_config.d": self.drop_ins, "/usr/sbin/sshd": self._sshd}
        given = {"base_ssh_from": ["10.20.0.0/24"], **settings}
        played = play(self._folder, tasks, places, given, SSH_CONNECTION=CONNECTION)
        assert played.returncode == 0, played.output
        return played

    @property
    def closed(self) -> list[str]:
        """What is off by name."""
        lines = (self.drop_ins / "10-shuttle-guide.conf").read_text().splitlines()
        return [line for line in lines if "Authentication" in line and not line.startswith("#")]


def test_passwords_are_off_where_a_key_has_worked_and_stay_where_none_has(tmp_path: Path) -> None:
    ssh, off = Ssh(tmp_path), ["PasswordAuthentication no", "KbdInteractiveAuthentication no"]
    for noted in ("", f"{BY_KEY}\n{BY_PASSWORD}"):
        played = ssh.play(noted)
        assert "SSH TAKES PASSWORDS (from base_ssh_from) on localhost: this run did not come in by key" in (
            played.output
        )
        assert ssh.closed == []
    played = ssh.play(f"{BY_PASSWORD}\n{BY_KEY}")
    assert ssh.closed == off
    assert "SSH TAKES PASSWORDS" not in played.output
    assert "changed=0" in ssh.play("").output, "the journal has forgotten"
    assert ssh.closed == off
    assert "base_ssh_passwords says so" in ssh.play(BY_KEY, base_ssh_passwords=True).output
    assert ssh.closed == []
