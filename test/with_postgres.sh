#!/bin/sh
# Runs a command beside a PostgreSQL of its own, in a temporary folder, without TCP:
#         with_postgres.sh COMMAND [ARGUMENT]...
# BERTH_TEST_POSTGRES and STORE name it to the command.  It is gone afterwards.
set -eu

bin=
for dir in /usr/lib/postgresql/*/bin; do
        [ -x "$dir/initdb" ] && bin=$dir
done
if [ -z "$bin" ]; then
        echo "with_postgres.sh: no PostgreSQL server found; install the package postgresql" >&2
        exit 1
fi

# Short: the path of a socket has at most 107 bytes.
dir=$(mktemp -d /tmp/berth-pg.XXXXXX)
as=
if [ "$(id -u)" = 0 ]; then # the server refuses to run as root
        as='runuser -u postgres --'
        chown postgres "$dir"
fi
chmod 755 "$dir"

stop() {
        trap '' INT TERM HUP
        if [ -f "$dir/data/postmaster.pid" ]; then
                (cd / && $as "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null 2>&1) || true
        fi
        rm -rf "$dir"
}
trap stop EXIT
trap 'exit 130' INT TERM HUP

cd "$dir"
$as "$bin/initdb" -D "$dir/data" -U berth -A trust -E UTF8 --locale=C.UTF-8 >"$dir/initdb.log" 2>&1 || {
        cat "$dir/initdb.log" >&2
        exit 1
}
$as "$bin/pg_ctl" -D "$dir/data" -l "$dir/data/server.log" -w \
        -o "-k $dir -c listen_addresses='' -c fsync=on -c max_connections=40" start >/dev/null || {
        cat "$dir/data/server.log" >&2
        exit 1
}
cd "$OLDPWD"

BERTH_TEST_POSTGRES="postgres:host=$dir user=berth dbname=postgres"
STORE=$BERTH_TEST_POSTGRES
export BERTH_TEST_POSTGRES STORE
"$@"
