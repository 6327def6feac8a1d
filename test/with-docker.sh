#!/bin/sh
# Runs a test on the local Docker Engine: builds its image, gives it networks of its own in
# $RUNTIME_NETWORK, and removes these and their firewall rules afterwards.
#   test/with-docker.sh PROGRAM [ARGUMENT...]
set -eu

here=$(dirname "$0")
"$here/images.sh"
RUNTIME_NETWORK=berth-test-$$
export RUNTIME_NETWORK

clean() {
        for network in "$RUNTIME_NETWORK" "$RUNTIME_NETWORK-out" "$RUNTIME_NETWORK-pub"; do
                bridge=$(docker network inspect -f \
                        '{{index .Options "com.docker.network.bridge.name"}}' \
                        "$network" 2>/dev/null) || continue
                for id in $(docker ps -aq --filter "network=$network"); do
                        docker rm -fv "$id" >/dev/null
                done
                docker network rm "$network" >/dev/null
                for chain in INPUT DOCKER-USER; do
                        iptables -w 5 -S "$chain" | grep -- "-i $bridge " | sed 's/^-A/-D/' |
                                while read -r rule; do
                                        # shellcheck disable=SC2086 # a rule is several words
                                        iptables -w 5 $rule
                                done
                done
        done
}
trap clean EXIT
trap 'exit 130' INT TERM
status=0
"$@" || status=$?
exit "$status"
