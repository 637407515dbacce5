#!/usr/bin/env bash
# Proves a target of the Makefile on a machine that has nothing: boots a fresh Debian or Ubuntu, clones the
# current commit into it, and runs `make TARGET` there as a normal user with sudo. Exits with what make returned.
#
# Usage: tests/system/clean_machine.sh [--repository DIR] [--output DIR] [demo|test] [bookworm|trixie|noble]
#   --repository DIR   whose current commit is tried (default: this one); what is not committed is not tried
#   --output DIR       where the log and any WAV go (default: out/clean-machine/SUITE-TARGET)
# Environment: LIMIT_S, how long make may take (default 1800).
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
output=""
while [[ "${1:-}" == --* ]]; do
    [[ $# -ge 2 ]] || usage
    case "$1" in
        --repository) repository="$(cd "$2" && pwd)" ;;
        --output) output="$2" ;;
        *) usage ;;
    esac
    shift 2
done
target="${1:-demo}"
suite="${2:-bookworm}"
[[ $# -le 2 && "$target" =~ ^[a-z][a-z-]*$ && "$suite" =~ ^[a-z]+$ ]] || usage
output="${output:-$repository/out/clean-machine/$suite-$target}"

machine_require
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
machine_run "$MACHINE_USER" "git clone --quiet /var/tmp/repository.bundle shuttle-guide" >"$output/make.log" 2>&1 ||
    { machine_say "git clone failed inside:"; cat "$output/make.log" >&2; exit 1; }

machine_say "commit ${commit:0:12}, $suite: make $target (after $((SECONDS - started)) s)"
rc=0
# In the background, since bash heeds a signal only between commands.
machine_run "$MACHINE_USER" "cd shuttle-guide && timeout ${LIMIT_S:-1800} make $target" \
    > >(tee -a "$output/make.log" 9>&-) 2>&1 9>&- &
wait $! || rc=$?

while IFS= read -r -d '' wav; do
    cp "$wav" "$output/" && machine_say "brought back $output/$(basename "$wav")"
done < <(find "$MACHINE_ROOT/home/$MACHINE_USER/shuttle-guide" -name .venv -prune -o -name '*.wav' -type f -print0)
machine_say "make $target on $suite: exit status $rc after $((SECONDS - started)) s; log in $output/make.log"
exit "$rc"
