#!/bin/sh
# Builds the fuzzers with clang and libFuzzer, and runs each for FUZZ_SECONDS.
# New inputs go to build-fuzz/found/NAME; a crash is kept there and fails the run.
set -eu
cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-60}

test -f build-fuzz/build.ninja ||
        CC=clang meson setup build-fuzz -Dfuzz=true -Db_sanitize=address,undefined \
                -Db_lundef=false -Dc_args=-fsanitize=fuzzer-no-link >/dev/null
ninja -C build-fuzz --quiet
status=0
for fuzzer in build-fuzz/fuzz/*-fuzz; do
        [ -x "$fuzzer" ] || continue
        name=$(basename "$fuzzer" -fuzz)
        found=build-fuzz/found/$name
        mkdir -p "$found"
        printf '%-20s ' "$name"
        if "$fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
                -artifact_prefix="$found/" "$found" "fuzz/corpus/$name" >"$found.log" 2>&1; then
                awk '/stat::number_of_executed_units/ { print $2 " inputs, nothing found" }' "$found.log"
        else
                status=1
                echo "FAILED, see $found.log"
                grep -m 3 -E 'ERROR|SUMMARY|Test unit written' "$found.log" || true
        fi
done
exit $status
