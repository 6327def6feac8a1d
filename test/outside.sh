#!/bin/sh
# Runs a program beside a machine "outside": a network namespace with a public and a private
# address that answers "outside" on port 7777.  Tells them in $OUTSIDE_ADDRESS and
# $OUTSIDE_PRIVATE.  Needs root.
#   test/outside.sh PROGRAM [ARGUMENT...]
set -eu

ns=berth-out-$$
link=bo$$
OUTSIDE_ADDRESS=11.22.33.44
OUTSIDE_PRIVATE=10.211.212.213
export OUTSIDE_ADDRESS OUTSIDE_PRIVATE

clean() {
        [ -z "${server:-}" ] || kill "$server" 2>/dev/null || true
        ip netns del "$ns" 2>/dev/null || true
        ip link del "$link" 2>/dev/null || true
}
trap clean EXIT
trap 'exit 130' INT TERM

ip netns add "$ns"
ip link add "$link" type veth peer name eth0 netns "$ns"
ip addr add 11.22.33.1/24 dev "$link"
ip link set "$link" up
ip -n "$ns" addr add $OUTSIDE_ADDRESS/24 dev eth0
ip -n "$ns" addr add $OUTSIDE_PRIVATE/32 dev eth0
ip -n "$ns" addr add 169.254.169.254/32 dev eth0
ip -n "$ns" link set lo up
ip -n "$ns" link set eth0 up
ip -n "$ns" route add default via 11.22.33.1
ip route add $OUTSIDE_PRIVATE/32 via $OUTSIDE_ADDRESS
ip route add 169.254.169.254/32 via $OUTSIDE_ADDRESS
ip netns exec "$ns" busybox nc -ll -p 7777 -e echo outside &
server=$!
status=0
"$@" || status=$?
exit "$status"
