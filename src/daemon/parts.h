/*
 * The parts of a running daemon, opened in order and closed in reverse.
 *
 * `berth serve` opens all of them; `berth init` needs the engine only, to make
 * its first rows by the same verbs.  One thread opens and closes.
 */
#pragma once

#include "api/api.h"
#include "daemon/author.h"
#include "daemon/install.h"
#include "daemon/janitor.h"
#include "net/http.h"

#define LOOPS_MAX 64

struct parts {
        const struct settings *settings;
        struct install install;
        struct loop *loops[LOOPS_MAX];
        size_t n_loops;
        struct gate *gate;
        struct runtime *runtimes[ENGINE_RUNTIMES_MAX];
        size_t n_runtimes;
        struct engine *engine;
        struct depot *depot;
        struct arena arena; /* of what was made of the settings */
        struct placeholder_setting placeholders;
        struct source_status *source; /* from here on: serve only */
        struct api *api;
        struct janitor *janitor;
        struct author *author; /* NULL: nobody's files are read */
        struct http_server *http;
};

/* Everything up to the engine, which is started.  SETTINGS must outlive the parts.  Fails: as the
 * parts do; then nothing is left open. */
_must_check_ int parts_open(const struct settings *settings, bool serving, struct parts *ret,
                            struct err *err);
/* The HTTP server, last: whoever reaches it finds everything in place. */
_must_check_ int parts_listen(struct parts *p, struct err *err);
/* Ends requests, waits for the engine's jobs, closes everything: at most about 25 s. */
void parts_close(struct parts *p);
