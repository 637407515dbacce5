#!/bin/bash
# What udev, with all rules of this machine, makes of a sound card that it has not: a recorded tree of /sys stands in
# for it, in a mount namespace of its own. Prints one line for each node: its name, and the number of its group.
set -eu
if [[ "${1:-}" != inside ]]; then
    exec unshare --mount --propagation private "$0" inside
fi
mount -t tmpfs none /sys
mount -t tmpfs none /dev
mkdir -p /run/udev
mount -t tmpfs none /run/udev
readonly CARD=/sys/devices/pci0000:00/0000:00:1f.3/sound/card1
mkdir -p "$CARD" /sys/class/sound /sys/bus
minor=0
for node in controlC1 pcmC1D0p pcmC1D0c pcmC1D3p pcmC1D12c hwC1D0 midiC1D0 seq timer; do
    mkdir "$CARD/$node"
    printf 'MAJOR=116\nMINOR=%s\nDEVNAME=snd/%s\n' "$minor" "$node" >"$CARD/$node/uevent"
    echo "116:$minor" >"$CARD/$node/dev"
    ln -s /sys/class/sound "$CARD/$node/subsystem"
    ln -s "$CARD/$node" "/sys/class/sound/$node"
    minor=$((minor + 1))
    said="$(SYSTEMD_DEVICE_VERIFY_SYSFS=0 udevadm test --action=add "$CARD/$node" 2>&1)" || { echo "$said" >&2; exit 1; }
    echo "$node $(sed -nE 's/^.*rules:[0-9]+ .*GROUP[^0-9]*([0-9]+)\)?$/\1/p' <<<"$said" | tail -n 1)"
done
