#!/usr/bin/env bash
# Prepares a fresh Debian 12/13 or Ubuntu 24.04 machine: system packages that are missing, and `.venv`
# from the hash-pinned lock. Safe to repeat; what is already there is left alone.
#
# Usage: scripts/setup.sh runtime|dev|bundle|deploy
#   runtime   what `make demo` needs
#   dev       that, and what `make test`, `make lint` and `make bench` need (a private sound server, a second
#             synthesizer, linters); as root also what boots machines for the system tests
#   bundle    what `make bundle` needs on top: a compiler and headers, since one package comes as source alone
#   deploy    Ansible and its linter in .venv-deploy, and no system packages
# Environment: PYTHON=/path/to/python3 chooses the interpreter. pip obeys the machine's own settings.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly RUNTIME_PACKAGES=(python3 python3-venv mosquitto mosquitto-clients espeak-ng libportaudio2)
# portaudio19-dev: RealtimeSTT's own client, which a test takes, builds PyAudio.
readonly DEV_PACKAGES=(pulseaudio-utils libasound2-plugins flite festival festvox-ru openssl openssh-client strace tmux
    portaudio19-dev)
# The fleet's end of the metrics: promtool, amtool and the servers. Only with them the tests of deploy/fleet run.
readonly FLEET_PACKAGES=(prometheus prometheus-alertmanager nginx-light)
# As BUILD_PACKAGES in scripts/bundle.py.
readonly BUNDLE_PACKAGES=(gcc libsystemd-dev pkg-config python3-dev)
# They boot machines in containers, which takes root, roll a bundle out to them, and build and run the recognizer server's image.
readonly SYSTEM_TEST_PACKAGES=(systemd-container mmdebstrap zstd nftables iptables iproute2 procps chromium buildah podman runc
    "${BUNDLE_PACKAGES[@]}")
# Keep in step with requires-python in pyproject.toml.
readonly PYTHON_FITS='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))'

say() { printf 'setup: %s\n' "$*"; }
die() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}

# Debian keeps daemons in /usr/sbin, which is not on every user's PATH.
on_path() { PATH="$PATH:/usr/local/sbin:/usr/sbin" command -v "$1" >/dev/null; }

# Asked by what it brings and not by name, so that other sources (pyenv, a package built by hand) count.
is_there() {
    case "$1" in
        python3) on_path "${PYTHON:-python3}" ;;
        python3-dev) has_headers ;;
        libsystemd-dev) pkg-config --exists libsystemd 2>/dev/null ;;
        python3-venv) "${PYTHON:-python3}" -c 'import ensurepip, venv' 2>/dev/null ;;
        mosquitto-clients) on_path mosquitto_pub ;;
        systemd-container) on_path systemd-nspawn ;;
        nftables) on_path nft ;;
        iptables) on_path iptables-legacy ;;
        iproute2) on_path ip ;;
        procps) on_path pgrep ;;
        nginx-light) on_path nginx ;;
        openssh-client) on_path ssh ;;
        pulseaudio-utils) on_path pactl ;;
        libportaudio2) PATH="$PATH:/usr/sbin:/sbin" ldconfig -p 2>/dev/null | grep -q 'libportaudio\.so\.2' ;;
        portaudio19-dev) [[ -e /usr/include/portaudio.h ]] ;;
        festvox-ru) [[ -d /usr/share/festival/voices/russian ]] ;;
        libasound2-plugins) compgen -G '/usr/lib/*/alsa-lib/libasound_module_pcm_pulse.so' >/dev/null ;;
        *) on_path "$1" ;;
    esac
}

has_headers() {
    "${PYTHON:-python3}" -c 'import os, sys, sysconfig
sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' 2>/dev/null
}

install_packages() {
    local package missing=() as_root=()
    for package in "$@"; do
        is_there "$package" || missing+=("$package")
    done
    ((${#missing[@]})) || return 0

    on_path apt-get || die "this machine has no apt-get; install by other means: ${missing[*]}"
    if ((EUID != 0)); then
        # Without a terminal sudo cannot ask for a password: find out now instead of failing obscurely.
        if ! on_path sudo || { [[ ! -t 0 ]] && ! sudo -n true 2>/dev/null; }; then
            die "system packages are missing and this is neither root nor a user with sudo;" \
                "have an administrator run: apt-get install ${missing[*]}"
        fi
        as_root=(sudo)
    fi
    say "installing system packages: ${missing[*]}"
    local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive
        apt-get -q -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0)
    "${apt[@]}" update >/dev/null || say "apt-get update failed; trying with the package lists that are here"
    "${apt[@]}" install -y --no-install-recommends --no-remove "${missing[@]}" >/dev/null ||
        die "apt-get could not install: ${missing[*]} (see above; on Ubuntu they need the component \"universe\")"
    if [[ " ${missing[*]} " == *" mosquitto "* ]]; then
        say "the mosquitto package also starts a broker of the system on localhost:1883. The demo and the tests" \
            "start their own; 'systemctl disable --now mosquitto' as root turns that one off"
    fi
    if [[ " ${missing[*]} " == *" prometheus "* ]]; then
        say "prometheus, prometheus-alertmanager and nginx also start as services of the system; the tests start their own." \
            "'systemctl disable --now prometheus prometheus-alertmanager nginx' as root turns those off"
    fi
}

make_venv() {
    local venv="$1" python="${PYTHON:-python3}"
    "$python" -c "$PYTHON_FITS" ||
        die "needs Python 3.11 to 3.14, $python is $("$python" -V 2>&1); name another one: PYTHON=/usr/bin/python3.12 make …"
    if ! "$venv/bin/python" -c "$PYTHON_FITS" 2>/dev/null || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
        say "making $venv from $("$python" -V)"
        "$python" -m venv --clear "$venv"
    fi
}

install_locked() {
    local venv="$1" lock="$2"
    # A machine-wide `user = true` would send the packages past the virtual environment.
    pip=(env PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1 "$venv/bin/python" -m pip install --quiet)
    say "installing Python packages from $lock"
    # Wheels only: building a source archive would fetch build tools that no hash pins.
    # The lock holds all that is needed, and is asked alone: one package names another that nobody calls.
    "${pip[@]}" --no-deps --require-hashes --only-binary :all: -r "$lock" ||
        die "pip could not install $lock (see above; pip uses this machine's own pip.conf and PIP_* variables)"
}

install_guide() {
    "${pip[@]}" --no-deps --no-index --no-build-isolation --editable . ||
        die "pip could not install shuttle-guide itself (see above)"
}

[[ -z "${PYTHON:-}" ]] || on_path "$PYTHON" || die "PYTHON names $PYTHON, which is not a program here"
case "${1:-}" in
    runtime)
        install_packages "${RUNTIME_PACKAGES[@]}"
        make_venv .venv
        install_locked .venv requirements.lock
        install_guide
        ;;
    dev)
        sound_server=(pulseaudio)
        # A desktop's PipeWire and pulseaudio exclude each other, and a test run is not worth a person's sound.
        if on_path pipewire-pulse && ! is_there pulseaudio; then
            say "PipeWire serves the sound here, so pulseaudio is not installed and tests that need it are skipped"
            sound_server=()
        fi
        install_packages "${RUNTIME_PACKAGES[@]}" "${DEV_PACKAGES[@]}" "${sound_server[@]}"
        if ((EUID == 0)) && unshare --mount --pid --net --fork true 2>/dev/null; then
            (install_packages "${SYSTEM_TEST_PACKAGES[@]}") || say "system tests will be skipped"
            (install_packages "${FLEET_PACKAGES[@]}") || say "tests of the fleet's metrics will be skipped"
        else
            say "not root, or no namespaces here: system tests will be skipped"
        fi
        make_venv .venv
        install_locked .venv requirements-dev.lock
        install_guide
        ;;
    bundle)
        install_packages "${BUNDLE_PACKAGES[@]}"
        ;;
    deploy)
        make_venv .venv-deploy
        install_locked .venv-deploy requirements-deploy.lock
        ;;
    *) die "expected 'runtime', 'dev', 'bundle' or 'deploy', got '${1:-nothing}'" ;;
esac
