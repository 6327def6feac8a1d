#!/bin/sh
# Every test: on AddressSanitizer and UBSan, then unit tests, contracts, the core and
# the scenarios on the fake engine on ThreadSanitizer.  Closes with `N passed, N failed, N skipped`.
set -u
cd "$(dirname "$0")/.." || exit
# Most of a scenario is waiting: for a disk, an engine, a deadline.
jobs=$(($(nproc) + 1))
status=0

# Leaks of short-lived forks count too; a sanitizer's finding is a failure at once.
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_stack_use_after_return=1:strict_string_checks=1}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-halt_on_error=1:print_stacktrace=1}"
export TSAN_OPTIONS="${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1:suppressions=$PWD/tools/tsan.supp}"

run() { # build folder, meson test's further arguments
        folder=$1
        shift
        ninja -C "$folder" --quiet || exit 1
        rm -f "$folder/meson-logs/testlog.json"
        # TSan wants the address layout that it knows, not one drawn at random.
        # Times are for a hang to end, not a promise: machines differ, and are shared.
        setarch -R meson test -C "$folder" --no-rebuild --num-processes "$jobs" --timeout-multiplier 3 \
                --print-errorlogs "$@" || status=1
}

test -f build-asan/build.ninja ||
        meson setup build-asan -Db_sanitize=address,undefined -Doptimization=1 >/dev/null || exit 1
test -f build-tsan/build.ninja ||
        meson setup build-tsan -Db_sanitize=thread -Doptimization=1 >/dev/null || exit 1
run build-asan
run build-tsan --suite unit --suite contract --suite core --suite fake
python3 tools/test_summary.py build-asan/meson-logs/testlog.json \
        build-tsan/meson-logs/testlog.json || status=1
exit $status
