/*
 * Challenge folders: DIR/<any>/challenge.yml, in ctfcli's format (spec 0.1)
 * with an `instance:` block.
 *
 *         name: Web 101
 *         slug: web-101            # default: made from the name
 *         category: web
 *         description: ...
 *         value: 100
 *         state: visible
 *         instance:
 *           image: berth/web
 *           ports: [{name: web, port: 8080, protocol: http}]
 *           command: [/app/serve]
 *           environment: {MODE: demo}
 *           limits: {memory_mb: 64, cpu_milli: 500, pids: 64, connections: 64}
 *           isolation: {writable_root: false}
 *           egress: false
 *           probe: {type: http, port: web, path: /, status: 200, timeout_seconds: 30}
 *           flag: {template: "CTF{web_<hex>_<user_id>}", env: true, file: /flag/flag.txt}
 *           policy: {base_seconds: 900, increment_seconds: 900, max_extensions: 5,
 *                    max_lifetime_seconds: 5400}
 *           runtime: docker
 *
 * Bytes are limited (1 MiB a file), aliases and tags refused, depth bounded.
 */
#pragma once

#include "model/challenge.h"
#include "model/marks.h"

#define CHALLENGE_FILE_MAX 1048576

/* One file's text.  The caller owns *ret; MARKS gets the place of each value.  Fails: INVALID, with
 * *at; line 0 for the whole file. */
_must_check_ int challenge_file_parse(const char *text, size_t n, int64_t tenant,
                                      struct marks *marks, struct challenge **ret, struct mark *at,
                                      struct err *err);
