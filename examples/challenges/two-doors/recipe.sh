# The program, linked statically, and nothing else.
compile app/serve serve.c
