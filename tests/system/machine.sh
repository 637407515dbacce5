# shellcheck shell=bash
# A fresh machine to try things on: a Debian or Ubuntu root file system booted with systemd as PID 1 in a
# container.
# Sourced by the scripts beside it (Python goes by way of machine_session.sh and tests/support/machine.py). It
# needs root, and leaves nothing behind but the cached root file system.
#
#   machine_require      say in one line why no machine can be booted here, and fail
#   machine_lock         wait until no other machine of this name is there
#   machine_make SUITE   unpack a fresh root file system (built once, then cached) into $MACHINE_ROOT
#   machine_boot         boot it, with a way to this machine's networks; waits until systemd is up
#   machine_run USER COMMAND   run a shell command line inside, as that user's login shell would
#   machine_restart      power off and boot again; what is on its disk stays
#   machine_stop         power off and remove everything (call it from an EXIT trap)
#
# Set before sourcing, where the defaults do not fit:
#   MACHINE_NAME             at most 12 letters; one machine of a name at a time, so that what a killed run has left
#                            can be found and removed
#   MACHINE_NETWORK          first three numbers of its IPv4 network, another one for each machine or bridge
#   MACHINE_BRIDGE           network bridge that it shares with others, at most 15 letters; it is made where there is none
#   MACHINE_NUMBER           last number of its address there
#   MACHINE_EXTRA_PACKAGES   Debian packages for its root file system, with commas
#   MACHINE_FLAVOUR          what to call the cached root file system that has them

readonly MACHINE_NAME="${MACHINE_NAME:-guide-clean}"
readonly MACHINE_USER=rider
readonly MACHINE_LINK="ve-$MACHINE_NAME" # what systemd-nspawn calls this end of the virtual cable; at most 15 letters
readonly MACHINE_NFT_TABLE="shuttle_${MACHINE_NAME//-/_}"
readonly MACHINE_NETWORK="${MACHINE_NETWORK:-10.213.77}" # .1 is this machine
readonly MACHINE_BRIDGE="${MACHINE_BRIDGE:-}"
readonly MACHINE_ADDRESS="$MACHINE_NETWORK.${MACHINE_NUMBER:-2}"
readonly MACHINE_CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/shuttle-guide"
readonly MACHINE_CGROUPS=/sys/fs/cgroup
readonly MACHINE_FORWARDING=/proc/sys/net/ipv4/ip_forward
# What a new user has; everything else is for the project's own setup to bring.
readonly MACHINE_PACKAGES="apt,systemd,systemd-sysv,libpam-systemd,dbus,sudo,git,make,ca-certificates\
${MACHINE_EXTRA_PACKAGES:+,$MACHINE_EXTRA_PACKAGES}"
readonly MACHINE_FLAVOUR="${MACHINE_FLAVOUR:-clean}"
readonly MACHINE_FOLDERS=/var/tmp/shuttle-machine # followed by the machine's name
readonly MACHINE_FORWARDING_BEFORE="$MACHINE_CACHE/ip_forward.before-$MACHINE_NAME"

MACHINE_WORK=""   # temporary folder, removed by machine_stop
MACHINE_ROOT=""   # root file system inside it
MACHINE_NSPAWN="" # process id of systemd-nspawn
MACHINE_LEADER="" # process id, as seen from here, of the systemd inside

machine_say() { printf '%s: %s\n' "$MACHINE_NAME" "$*" >&2; }

machine_require() {
    local tool missing=()
    ((EUID == 0)) || { machine_say "needs root: it builds and boots a system container"; return 1; }
    for tool in systemd-nspawn:systemd-container mmdebstrap:mmdebstrap zstd:zstd nft:nftables ip:iproute2 \
        flock:util-linux pgrep:procps git:git; do
        command -v "${tool%%:*}" >/dev/null || missing+=("${tool##*:}")
    done
    if ((${#missing[@]})); then
        machine_say "missing tools; apt-get install --no-install-recommends ${missing[*]}"
        return 1
    fi
    machine_try
}

# Only a try tells whether one container can hold another: it takes namespaces, mounts, control groups, capabilities
# and a network. So a copy of this machine's /usr is entered with all that a machine has, and left again.
machine_try() {
    local name="try-$$" rc=0 told
    told="$(nft list tables 2>&1 >/dev/null && : 2>&1 >>"$MACHINE_FORWARDING" && machine_nspawn "$name" \
        --resolv-conf=off --directory=/ --volatile=yes --as-pid2 /usr/bin/true 2>&1 </dev/null)" || rc=$?
    machine_remove_cgroup "$name"
    ((rc == 0)) || machine_say "no machine can be booted here: $(tr -d '\r' <<<"$told" | tail -n 1)"
    return "$rc"
}

machine_lock() {
    mkdir -p "$MACHINE_CACHE"
    exec 9>"$MACHINE_CACHE/$MACHINE_NAME.lock"
    flock --nonblock 9 || { machine_say "waiting for another run to end"; flock 9; }
}

# apt sources for SUITE: this machine's own mirrors where it is of the same family (Debian or Ubuntu).
machine_apt_sources() {
    local suite="$1" family=debian file
    [[ "$suite" == @(jammy|noble) ]] && family=ubuntu
    # shellcheck source=/dev/null
    . /etc/os-release
    [[ "$ID" == "$family" ]] || return 0
    for file in /etc/apt/sources.list "/etc/apt/sources.list.d/$family.sources"; do
        [[ -s "$file" ]] && sed "s/\b$VERSION_CODENAME\b/$suite/g" "$file"
    done
    return 0
}

# Builds the root file system of SUITE into the cache and prints its path.
machine_rootfs() {
    local suite="$1" key archive sources components=main
    sources="$(machine_apt_sources "$suite")"
    [[ "$suite" == @(jammy|noble) ]] && components=main,universe # as Ubuntu's own images have it
    key="$(printf '%s\n' "$MACHINE_PACKAGES" "$sources" "$(declare -f machine_rootfs)" | sha256sum | cut -c1-12)"
    archive="$MACHINE_CACHE/rootfs-$MACHINE_FLAVOUR-$suite-$(dpkg --print-architecture)-$key.tar.zst"
    if [[ ! -s "$archive" ]]; then
        local unfinished="$MACHINE_CACHE/unfinished-$MACHINE_NAME.tar.zst"
        machine_say "building a root file system of $suite (once; about a minute)"
        # Without sources of our own mmdebstrap takes the suite's default mirrors, and the components named here.
        mmdebstrap --quiet --variant=minbase --components="$components" --include="$MACHINE_PACKAGES" \
            --customize-hook="chroot \"\$1\" useradd --create-home --shell /bin/bash $MACHINE_USER" \
            --customize-hook="echo '$MACHINE_USER ALL=(ALL) NOPASSWD: ALL' >\"\$1/etc/sudoers.d/$MACHINE_USER\"" \
            --customize-hook="echo $MACHINE_NAME >\"\$1/etc/hostname\"" \
            --customize-hook="printf '127.0.0.1 localhost\n127.0.1.1 $MACHINE_NAME\n' >\"\$1/etc/hosts\"" \
            "$suite" "$unfinished" ${sources:+-} <<<"$sources" >&2 || return 1
        rm -f "$MACHINE_CACHE/rootfs-$MACHINE_FLAVOUR-$suite-"*
        mv "$unfinished" "$archive"
    fi
    printf '%s\n' "$archive"
}

# The way out may need this machine's own settings (a proxy, an inspecting gateway's certificate): hand them on.
machine_copy_network_settings() {
    local file bundle name
    for file in /etc/apt/apt.conf /etc/apt/apt.conf.d/*; do
        [[ -f "$file" ]] && grep -q 'Acquire::' "$file" && cp "$file" "$MACHINE_ROOT/etc/apt/apt.conf.d/"
    done
    [[ -f /etc/pip.conf ]] && cp /etc/pip.conf "$MACHINE_ROOT/etc/pip.conf"
    bundle="${PIP_CERT:-${SSL_CERT_FILE:-$(sed -n 's/^cert *= *//p' /etc/pip.conf 2>/dev/null || true)}}"
    if [[ -n "$bundle" ]]; then
        # A file of its own: installing ca-certificates inside would write over the usual one.
        cp "$bundle" "$MACHINE_ROOT/etc/ssl/outside-ca.crt"
        echo PIP_CERT=/etc/ssl/outside-ca.crt >>"$MACHINE_ROOT/etc/environment"
    fi
    for name in PIP_INDEX_URL PIP_PROXY PIP_TRUSTED_HOST PIP_DEFAULT_TIMEOUT http_proxy https_proxy no_proxy; do
        [[ -n "${!name:-}" ]] && printf '%s=%s\n' "$name" "${!name}" >>"$MACHINE_ROOT/etc/environment"
    done
    return 0
}

machine_make() {
    local archive
    machine_remove_leftovers
    archive="$(machine_rootfs "$1")" || return 1
    MACHINE_WORK="$(mktemp -d "$MACHINE_FOLDERS.$MACHINE_NAME.XXXXXX")"
    MACHINE_ROOT="$MACHINE_WORK/root"
    mkdir "$MACHINE_ROOT"
    tar --extract --file "$archive" --directory "$MACHINE_ROOT" --numeric-owner --xattrs --xattrs-include='*'
    machine_copy_network_settings
}

# Without a systemd out here nobody hands out control groups: nspawn's systemd would take over the group that
# this shell is in. So the launching shell goes into a group of its own first, in every hierarchy.
machine_enter_own_cgroup() {
    local name="$1" hierarchy
    for hierarchy in "$MACHINE_CGROUPS" "$MACHINE_CGROUPS"/*; do
        [[ -w "$hierarchy/cgroup.procs" && ! -L "$hierarchy" && "$(stat -fc %T "$hierarchy")" == cgroup* ]] || continue
        mountpoint -q "$hierarchy" || continue
        mkdir -p "$hierarchy/$name"
        [[ -s "$hierarchy/$name/cpuset.cpus" ]] ||
            cp "$hierarchy"/cpuset.{cpus,mems} "$hierarchy/$name/" 2>/dev/null || true
        echo "$BASHPID" >"$hierarchy/$name/cgroup.procs"
    done
}

machine_remove_cgroup() {
    local folder
    for folder in "$MACHINE_CGROUPS/$1" "$MACHINE_CGROUPS"/*/"$1"; do
        [[ -d "$folder" ]] && find "$folder" -depth -type d -exec rmdir {} + 2>/dev/null
    done
    return 0
}

# Becomes systemd-nspawn, so call it in a subshell. Usage: machine_nspawn NAME OPTION…
machine_nspawn() {
    local name="$1"
    shift
    # A resolver on this machine's own loopback cannot be reached from inside: then name the servers behind it.
    local resolv=copy-host
    [[ -e /run/systemd/resolve/resolv.conf ]] && resolv=copy-uplink
    local options=(--quiet --machine="$name" --register=no --console=passive --network-veth "--resolv-conf=$resolv"
        --timezone=off --link-journal=no
        --capability=CAP_BPF --system-call-filter=bpf) # else IPAddressDeny= of a unit inside does nothing
    [[ -d /run/systemd/system ]] && exec systemd-nspawn "${options[@]}" "$@"
    machine_enter_own_cgroup "$name"
    # Unified inside whatever is outside: systemd 256 and later refuse the legacy hierarchies.
    SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 exec systemd-nspawn "${options[@]}" --keep-unit "$@"
}

machine_boot() {
    machine_nspawn "$MACHINE_NAME" --boot --directory="$MACHINE_ROOT" \
        </dev/null >"$MACHINE_WORK/console.log" 2>&1 9>&- &
    MACHINE_NSPAWN=$!

    local deadline=$((SECONDS + 90)) state=""
    until [[ "$state" == running || "$state" == degraded ]]; do
        if ((SECONDS > deadline)) || ! kill -0 "$MACHINE_NSPAWN" 2>/dev/null; then
            machine_say "the machine did not come up (state '${state:-none}'); its console:"
            tail -n 20 "$MACHINE_WORK/console.log" >&2
            return 1
        fi
        sleep 0.5
        MACHINE_LEADER="$(pgrep --parent "$MACHINE_NSPAWN" | head -n 1)" || continue
        state="$(machine_inside systemctl is-system-running 2>/dev/null)" || true
    done
    machine_connect
    machine_say "booted $(sed -n 's/^PRETTY_NAME=//p' "$MACHINE_ROOT/etc/os-release"), systemd is $state"
}

# `env -i`: this machine's variables must not leak in.
machine_inside() {
    nsenter --target "$MACHINE_LEADER" --all env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        HOME=/root "$@"
}

machine_connect() {
    local mask=30 near="$MACHINE_LINK" # what of this machine has an address in its network
    if [[ -n "$MACHINE_BRIDGE" ]]; then
        mask=24 near="$MACHINE_BRIDGE"
        ip link add "$MACHINE_BRIDGE" type bridge 2>/dev/null || true # another one's work
        ip link set "$MACHINE_LINK" master "$MACHINE_BRIDGE"
        ip link set "$MACHINE_BRIDGE" up
    fi
    ip address replace "$MACHINE_NETWORK.1/$mask" dev "$near"
    ip link set "$MACHINE_LINK" up
    local guest_ip=(nsenter --target "$MACHINE_LEADER" --net ip)
    "${guest_ip[@]}" address add "$MACHINE_ADDRESS/$mask" dev host0
    "${guest_ip[@]}" link set host0 up
    "${guest_ip[@]}" route add default via "$MACHINE_NETWORK.1"
    [[ -e "$MACHINE_FORWARDING_BEFORE" ]] || cp "$MACHINE_FORWARDING" "$MACHINE_FORWARDING_BEFORE"
    echo 1 >"$MACHINE_FORWARDING"
    nft delete table ip "$MACHINE_NFT_TABLE" 2>/dev/null || true
    nft -f - <<END
table ip $MACHINE_NFT_TABLE {
    chain postrouting {
        type nat hook postrouting priority srcnat;
        ip saddr $MACHINE_ADDRESS oifname != "$near" masquerade
    }
}
END
}

machine_run() {
    # A login shell, so that PATH and session are those of a person and not of root's tools.
    machine_inside su --login "$1" --command "$2" </dev/null
}

machine_power_off() {
    local nspawn="$1" deadline=$((SECONDS + 30))
    kill -TERM "$nspawn" 2>/dev/null || return 0
    while kill -0 "$nspawn" 2>/dev/null; do
        # Never nspawn itself: that would orphan the machine. Without its PID 1 it ends.
        ((SECONDS < deadline)) || pkill -KILL --parent "$nspawn" || true
        sleep 0.2
    done
}

machine_restart() {
    machine_power_off "$MACHINE_NSPAWN"
    machine_boot
}

machine_stop() {
    [[ -z "$MACHINE_NSPAWN" ]] || machine_power_off "$MACHINE_NSPAWN"
    machine_remove_leftovers
}

# By its own names only, so that it can also clear up after a run that was killed.
machine_remove_leftovers() {
    local nspawn folder
    # In this PID namespace: a machine that runs these tests too may hold one of the same name.
    for nspawn in $(pgrep --ns $$ --nslist pid --full "^systemd-nspawn .*--machine=$MACHINE_NAME "); do
        machine_power_off "$nspawn"
    done
    nft delete table ip "$MACHINE_NFT_TABLE" 2>/dev/null || true
    ip link delete "$MACHINE_LINK" 2>/dev/null || true
    if [[ -n "$MACHINE_BRIDGE" && -z "$(ip link show master "$MACHINE_BRIDGE" 2>/dev/null)" ]]; then
        ip link delete "$MACHINE_BRIDGE" 2>/dev/null || true # the last one leaves
    fi
    if [[ -e "$MACHINE_FORWARDING_BEFORE" ]]; then
        cat "$MACHINE_FORWARDING_BEFORE" >"$MACHINE_FORWARDING"
        rm "$MACHINE_FORWARDING_BEFORE"
    fi
    machine_remove_cgroup "$MACHINE_NAME"
    for folder in "$MACHINE_FOLDERS.$MACHINE_NAME".*; do
        [[ -d "$folder" ]] && rm -rf --one-file-system "$folder"
    done
    return 0
}
