#!/bin/sh
# Boots a systemd over a copy-on-write view of this machine's root file system. It is the init of a PID namespace and has a mount
# namespace of its own (systemd-machine.ts sees to both): when it is killed, every process and every mount goes with it.
#   boot-machine.sh REPOSITORY NAME CGROUP…
set -eu
repository=$1 name=$2
shift 2

# nspawn makes its control groups below its own: one of this machine's, so that two do not meet.
for cgroup in "$@"; do echo 0 >"$cgroup/cgroup.procs"; done

# All that is written goes to memory; nspawn's own notes in /run too.
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/overlay/upper /run/overlay/work /run/overlay/root /run/units
mount -t overlay -o lowerdir=/,upperdir=/run/overlay/upper,workdir=/run/overlay/work overlay /run/overlay/root
cat /proc/sys/kernel/random/uuid | tr -d - >/run/overlay/root/etc/machine-id

# What this machine has enabled is not wanted there. Nobody logs in, and no disk is kept.
for unit in console-getty.service systemd-logind.service systemd-user-sessions.service modprobe@.service; do
  ln -s /dev/null "/run/units/$unit"
done

# nspawn --keep-unit ends with 133 when the machine wants to be booted again.
status=133
while [ "$status" = 133 ]; do
  status=0
  systemd-nspawn --quiet --register=no --keep-unit --boot --private-network --console=read-only --machine="$name" \
    --link-journal=no --resolv-conf=off --timezone=off --directory=/run/overlay/root \
    --bind=/run/units:/etc/systemd/system \
    --bind-ro="$repository/node_modules:/usr/lib/portherd/node_modules" \
    --bind-ro="$repository/test/fixtures/apps:/srv/apps" || status=$?
done
exit "$status"
