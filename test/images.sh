#!/bin/sh
# Builds the image that the tests run on Docker, from Debian's busybox-static; no registry needed.
#   test/images.sh [NAME]      NAME defaults to berth/busybox
set -eu

name=${1:-berth/busybox}
docker image inspect "$name" >/dev/null 2>&1 && exit 0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir -p "$dir/bin" "$dir/tmp" "$dir/etc" "$dir/home/ctf" "$dir/var"
chmod 1777 "$dir/tmp"
cp /bin/busybox "$dir/bin/busybox"
for applet in $(/bin/busybox --list); do
        [ "$applet" = busybox ] || ln -s busybox "$dir/bin/$applet"
done
echo 'root:x:0:0:root:/:/bin/sh' >"$dir/etc/passwd"
echo 'ctf:x:1000:1000:ctf:/home/ctf:/bin/sh' >>"$dir/etc/passwd"
tar -C "$dir" --numeric-owner --owner=0 --group=0 -c . |
        docker import --change 'CMD ["sh"]' --change 'ENV PATH=/bin' - "$name" >/dev/null
