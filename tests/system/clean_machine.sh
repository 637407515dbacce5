#!/usr/bin/env bash
# Proves targets of the Makefile on a machine that has nothing: boots a fresh Debian or Ubuntu, clones the current
# commit into it, and runs `make TARGET` there for one TARGET after the other, as a normal user with sudo or as root.
# Exits with what the first make that failed returned.
#
# Usage: tests/system/clean_machine.sh [--suite SUITE] [--as user|root] [--repository DIR] [--output DIR] [TARGET…]
#   TARGET…            demo (the default), test, bundle, …; of a target with arguments: "test PYTEST_ARGS='-k ladder'"
#   --suite SUITE      bookworm (the default), trixie, noble
#   --as user|root     who runs make (default: user)
#   --repository DIR   whose current commit is tried (default: this one); what is not committed is not tried
#   --output DIR       where the log and any WAV go (default: out/clean-machine/SUITE-USER)
# Environment: LIMIT_S, how long each make may take (default 3600).
# Needs root, and the Debian packages systemd-container, mmdebstrap, zstd and nftables.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
# shellcheck source=tests/system/machine.sh
. "$here/machine.sh"

usage() {
    sed -n 's/^# \(Usage:.*\)/\1/p' "$0" >&2
    exit 2
}

repository="$(cd "$here/../.." && pwd)"
suite=bookworm
as=user
output=""
while [[ "${1:-}" == --* ]]; do
    [[ $# -ge 2 ]] || usage
    case "$1" in
        --suite) suite="$2" ;;
        --as) as="$2" ;;
        --repository) repository="$(cd "$2" && pwd)" ;;
        --output) output="$2" ;;
        *) usage ;;
    esac
    shift 2
done
(($#)) || set -- demo
[[ "$suite" =~ ^[a-z]+$ ]] || usage
case "$as" in
    user) user="$MACHINE_USER" home="/home/$MACHINE_USER" ;;
    root) user=root home=/root ;;
    *) usage ;;
esac
for target in "$@"; do
    [[ "$target" =~ ^[a-z][a-z-]*( |$) ]] || usage
done
output="${output:-$repository/out/clean-machine/$suite-$as}"

machine_require
machine_lock
commit="$(git -C "$repository" rev-parse --verify --quiet HEAD)" ||
    { machine_say "$repository has no commit to try"; exit 1; }
[[ -z "$(git -C "$repository" status --porcelain)" ]] ||
    machine_say "the work tree has changes; only what is in commit ${commit:0:12} is tried"

trap machine_stop EXIT
trap 'exit 130' INT TERM HUP

mkdir -p "$output"
output="$(cd "$output" && pwd)"
started=$SECONDS
machine_make "$suite"
# A bundle clones like any remote, and git inside does not mind who owns it.
git -C "$repository" bundle create --quiet "$MACHINE_ROOT/var/tmp/repository.bundle" HEAD
chmod a+r "$MACHINE_ROOT/var/tmp/repository.bundle"
machine_boot
machine_run "$user" "git clone --quiet /var/tmp/repository.bundle shuttle-guide" >"$output/make.log" 2>&1 ||
    { machine_say "git clone failed inside:"; cat "$output/make.log" >&2; exit 1; }

failed=0
for target in "$@"; do
    machine_say "commit ${commit:0:12}, $suite, as $as: make $target (after $((SECONDS - started)) s)"
    begun=$SECONDS
    rc=0
    # In the background, since bash heeds a signal only between commands.
    machine_run "$user" "cd shuttle-guide && timeout ${LIMIT_S:-3600} make $target" \
        > >(tee -a "$output/make.log" 9>&-) 2>&1 9>&- &
    wait $! || rc=$?
    machine_say "make $target on $suite as $as: exit status $rc after $((SECONDS - begun)) s; log in $output/make.log"
    ((failed)) || failed=$rc
done

while IFS= read -r -d '' wav; do
    cp "$wav" "$output/" && machine_say "brought back $output/$(basename "$wav")"
done < <(find "$MACHINE_ROOT$home/shuttle-guide" -name '.venv*' -prune -o -name '*.wav' -type f -print0)
exit "$failed"
