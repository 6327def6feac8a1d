# The program, linked statically, and nothing else.
compile app/serve serve.c
# Where the flag is put; engines want the place to be there when the root is read-only.
mkdir -p "$root/flag"
: >"$root/flag/flag.txt"
