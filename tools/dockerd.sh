#!/bin/sh
# Makes sure that a Docker Engine answers, then runs the command it was given.
#
#     tools/dockerd.sh                 # only makes sure
#     tools/dockerd.sh build/berth serve
#
# With a service manager the engine is its business; without one (containers,
# minimal machines) dockerd is started in the background and left running.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
socket=/var/run/docker.sock
log=/var/log/berth-dockerd.log

as_root=
if [ "$(id -u)" != 0 ]; then
        as_root=sudo
fi

answers() { # as whom: "" or sudo
        $1 curl -s -f -m 5 --unix-socket "$socket" http://localhost/_ping >/dev/null 2>&1
}

# No cgroups, no containers: a machine without a service manager may not have mounted them.
mount_cgroups() {
        if [ -e /sys/fs/cgroup/cgroup.controllers ] || [ -d /sys/fs/cgroup/memory ]; then
                return 0
        fi
        $as_root mount -t cgroup2 cgroup2 /sys/fs/cgroup 2>/dev/null || return 0
        if ! grep -q memory /sys/fs/cgroup/cgroup.controllers; then
                $as_root umount /sys/fs/cgroup
                $as_root mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
                for c in cpu cpuacct cpuset memory devices freezer blkio pids; do
                        $as_root mkdir -p "/sys/fs/cgroup/$c"
                        $as_root mount -t cgroup -o "$c" cgroup "/sys/fs/cgroup/$c" || true
                done
        fi
}

# An engine that was killed leaves its pid file; a new one refuses to start when another program has
# that number by now.
forget() { # pid file, program
        pid=$($as_root cat "$1" 2>/dev/null || true)
        if [ -n "$pid" ] && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" != "$2" ]; then
                $as_root rm -f "$1"
        fi
}

start() {
        if [ -d /run/systemd/system ]; then
                $as_root systemctl start docker
                return 0
        fi
        mount_cgroups
        forget /var/run/docker.pid dockerd
        forget /var/run/docker/containerd/containerd.pid containerd
        echo "docker: starting dockerd (its log is $log)"
        $as_root sh -c "setsid nohup dockerd >>'$log' 2>&1 </dev/null &"
}

wait_for() {
        tries=0
        until answers "$as_root"; do
                tries=$((tries + 1))
                if [ "$tries" -ge 120 ]; then
                        echo "docker: no Docker Engine answers on $socket after a minute." >&2
                        if $as_root test -r "$log"; then
                                echo "docker: the end of $log:" >&2
                                $as_root tail -n 15 "$log" >&2
                        else
                                echo "docker: ask 'journalctl -u docker' why." >&2
                        fi
                        exit 1
                fi
                sleep 0.5
        done
}

"$here/setup.sh" run
if ! answers "$as_root"; then
        start
        wait_for
fi
[ $# -gt 0 ] || exit 0
if [ -z "$as_root" ] || answers ""; then
        exec "$@"
fi
# The engine answers root only: join its group, and have it in force for this command already.
if ! id -nG "$(id -un)" | tr ' ' '\n' | grep -qx docker; then
        echo "docker: adding $(id -un) to the group docker, which may use $socket"
        sudo usermod -aG docker "$(id -un)"
fi
command=
for word in "$@"; do
        command="$command '$(printf '%s' "$word" | sed "s/'/'\\\\''/g")'"
done
exec sg docker -c "exec $command"
