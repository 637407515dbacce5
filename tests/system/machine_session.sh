#!/usr/bin/env bash
# Holds one machine of machine.sh for somebody who talks over pipes (tests/support/machine.py).
#
# Usage: machine_session.sh [SUITE]   with the variables that machine.sh names; without SUITE it only tries whether
#                                     a machine can be booted here, and says why not
# Says "up PID ROOT ADDRESS" when it is booted: the process id of its systemd, its file system, its IPv4 address.
# "restart" on standard input boots it anew, and is answered likewise. Standard input's end ends the machine.
set -euo pipefail
# shellcheck source=tests/system/machine.sh
. "$(dirname "$0")/machine.sh"

tell_up() { printf 'up %s %s %s\n' "$MACHINE_LEADER" "$MACHINE_ROOT" "$MACHINE_ADDRESS"; }

machine_require
[[ $# -gt 0 ]] || exit 0
machine_lock
trap machine_stop EXIT
trap 'exit 130' INT TERM HUP
machine_make "$1"
machine_boot
tell_up
while read -r request; do
    [[ "$request" == restart ]] || { machine_say "expected 'restart', got '$request'"; exit 2; }
    machine_restart
    tell_up
done
