#!/bin/sh
# Installs the Debian packages that the given targets need and that are missing.
#
#     tools/setup.sh build run         # targets of tools/packages.txt
#
# Does nothing, quickly, when all are there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

wanted() {
        for target in "$@"; do
                awk -v t="$target" '!/^#/ && $2 == t { print $1 }' "$here/packages.txt"
        done
}

missing() {
        for package in $(wanted "$@"); do
                dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
                        echo "$package"
        done
}

if ! command -v dpkg-query >/dev/null; then
        echo "setup: this is no Debian; install what tools/packages.txt lists, then go on" >&2
        exit 0
fi
lacking=$(missing "$@" | tr '\n' ' ')
[ -n "$lacking" ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
        if ! command -v sudo >/dev/null; then
                echo "setup: run this as root: apt-get install $lacking" >&2
                exit 1
        fi
        as_root=sudo
fi
apt="$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0"

echo "setup: installing $lacking"
# Lists may be missing (images) or too old to name a file that still exists.
# shellcheck disable=SC2086
$apt install --no-install-recommends $lacking >/dev/null 2>&1 || {
        $apt update
        $apt install --no-install-recommends $lacking
}
lacking=$(missing "$@" | tr '\n' ' ')
if [ -n "$lacking" ]; then
        echo "setup: still missing: $lacking" >&2
        exit 1
fi
