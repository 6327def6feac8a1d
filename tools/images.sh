#!/bin/sh
# Builds the images of the example challenges, berth/<slug>:latest, from examples/challenges.
#
#     tools/images.sh                  # all of them
#     tools/images.sh nc-vault         # only these
#     tools/images.sh --force          # also what has not changed
#
# Needs a Docker Engine, gcc and Debian's busybox-static, and no network: the images are made from
# scratch.  An image carries the digest of its sources as a label and is built again only when they
# have changed.
set -eu
cd "$(dirname "$0")/.."
examples=examples/challenges
label=berth.sources

force=
if [ "${1:-}" = --force ]; then
        force=yes
        shift
fi

fail() {
        printf 'images: %s\n' "$*" >&2
        exit 1
}

find_busybox() {
        for b in /bin/busybox /usr/bin/busybox; do
                [ ! -x "$b" ] || { echo "$b"; return 0; }
        done
        fail "busybox is missing; install busybox-static"
}

command -v docker >/dev/null || fail "docker is missing; install docker.io"
command -v gcc >/dev/null || fail "gcc is missing; install build-essential"
docker version >/dev/null 2>&1 || fail "no Docker Engine answers; tools/dockerd.sh starts one"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

# For recipes, which run in their challenge's folder: $root is what becomes the image's root.
compile() { # FILE SOURCE...
        target=$1
        shift
        mkdir -p "$root/$(dirname "$target")"
        gcc -static -Os -s -std=gnu17 -Wall -Wextra -Werror -D_GNU_SOURCE \
                -o "$root/$target" "$@" ../../lib/puzzle.c
}
busybox() {
        mkdir -p "$root/bin" "$root/app"
        cp "$(find_busybox)" "$root/bin/busybox"
        for applet in $("$root/bin/busybox" --list); do
                [ "$applet" = busybox ] || ln -sf busybox "$root/bin/$applet"
        done
}

# All that the image is made from.  What is only told about it does not count.
digest() { # SLUG
        {
                find "$examples/$1" examples/lib -type f ! -name challenge.yml ! -name README.md \
                        ! -name solve.py -exec sha256sum {} + | sort
                sha256sum tools/images.sh
                case $(cat "$examples/$1/recipe.sh") in
                *busybox*) sha256sum "$(find_busybox)" ;;
                esac
        } | sha256sum | cut -d ' ' -f 1
}

# The classic builder needs no network and no plug-in for an image from scratch; where there is no
# builder at all the Dockerfile's other lines go to `docker import`.
make_image() { # SLUG DIGEST DIR
        DOCKER_BUILDKIT=0 docker build -q --label "$label=$2" -t "berth/$1:latest" "$3" \
                >"$work/log" 2>&1 && return 0
        set -- "$1" "$2" "$3" --change "LABEL $label=$2"
        while read -r line; do
                case $line in
                '#'* | FROM* | COPY* | '') ;;
                *) set -- "$@" --change "$line" ;;
                esac
        done <"$3/Dockerfile"
        slug=$1 dir=$3
        shift 3
        tar -C "$dir/root" --owner=0 --group=0 --numeric-owner -c . |
                docker import "$@" - "berth/$slug:latest" >"$work/log" 2>&1
}

build() { # SLUG DIGEST
        dir=$work/$1
        mkdir -p "$dir/root/tmp"
        chmod 755 "$dir/root"
        chmod 1777 "$dir/root/tmp"
        cp "$examples/$1/Dockerfile" "$dir/Dockerfile"
        (
                umask 022
                root=$dir/root
                cd "$examples/$1"
                . ./recipe.sh
        ) || fail "$1: its recipe failed"
        old=$(docker image inspect -f '{{.Id}}' "berth/$1:latest" 2>/dev/null || true)
        make_image "$1" "$2" "$dir" || {
                cat "$work/log" >&2
                fail "$1: the engine made no image"
        }
        # An old one that no container uses any more goes; one that is in use stays.
        new=$(docker image inspect -f '{{.Id}}' "berth/$1:latest")
        [ -z "$old" ] || [ "$old" = "$new" ] || docker rmi "$old" >/dev/null 2>&1 || true
        rm -rf "$dir"
}

if [ $# -eq 0 ]; then
        for recipe in "$examples"/*/recipe.sh; do
                set -- "$@" "$(basename "$(dirname "$recipe")")"
        done
fi
n=0
for slug in "$@"; do
        n=$((n + 1))
        [ -f "$examples/$slug/recipe.sh" ] || fail "$slug: there is no $examples/$slug/recipe.sh"
        wanted=$(digest "$slug")
        found=$(docker image inspect -f "{{index .Config.Labels \"$label\"}}" \
                "berth/$slug:latest" 2>/dev/null || true)
        if [ -z "$force" ] && [ "$found" = "$wanted" ]; then
                echo "images: $n/$# berth/$slug is up to date"
                continue
        fi
        echo "images: $n/$# berth/$slug: building"
        build "$slug" "$wanted"
done
