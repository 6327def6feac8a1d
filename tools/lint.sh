#!/bin/sh
# Form and rules of the tree: clang-format, layers, banned calls, lengths, shell syntax, clang-tidy.
# Prints what is wrong, file and line, and fails when anything is.
set -u
cd "$(dirname "$0")/.." || exit
status=0
sources=$(git ls-files 'src/*.[ch]' 'test/*.[ch]' 'fuzz/*.[ch]' 'bench/*.[ch]' 'examples/*.c')

say() { printf 'lint: %s\n' "$*"; }
fail() {
        printf 'lint: %s\n' "$*" >&2
        status=1
}

say "clang-format"
# shellcheck disable=SC2086
clang-format --dry-run -Werror $sources || fail "run clang-format -i on the files above"

say "layers, lengths, banned calls"
python3 tools/layers.py src || fail "an include points up"
python3 tools/banned.py || fail "see CONTRIBUTING.md for what to use instead"

say "shell and python syntax"
for script in $(git ls-files | xargs grep -lE '^#!/(usr/)?bin/(env )?(ba)?sh'); do
        case $(head -n 1 "$script") in
        *bash*) bash -n "$script" ;;
        *) sh -n "$script" ;;
        esac || fail "$script"
done
git ls-files '*.py' | xargs -r python3 -c '
import sys
for path in sys.argv[1:]:
    compile(open(path).read(), path, "exec")' || fail "python"

say "clang-tidy"
test -f build-lint/build.ninja || CC=clang meson setup build-lint >/dev/null || exit 1
ninja -C build-lint --quiet build.ninja || exit 1
# The generated headers must be there before anything is parsed.
generated=$(ninja -C build-lint -t targets all | sed -n 's/^\(src[^:]*\.[ch]\): CUSTOM_COMMAND.*$/\1/p')
# shellcheck disable=SC2086
[ -z "$generated" ] || ninja -C build-lint --quiet $generated || exit 1
git ls-files 'src/*.c' | grep -v '_test\.c$' |
        xargs -P "$(nproc)" -n 4 clang-tidy --quiet -p build-lint 2>build-lint/tidy.log ||
        fail "clang-tidy found the above (its own messages: build-lint/tidy.log)"
exit $status
