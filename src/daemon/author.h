/*
 * The source of challenges, a folder or CTFG's file: read, watched, and made the
 * tenant's challenges.
 *
 * The whole new set is checked before anything is changed.  As long as something
 * is wrong with it the one before stays, all of it; what is wrong is logged with
 * file, line and reason, and told to the interface.  At the start, where nothing
 * is before it, the good ones of a folder are taken; CTFG's file is good or
 * refuses the start.
 *
 * Reads and checks run on the lookout's thread (author_reload(): on the caller's),
 * never on a loop or the commit thread.
 */
#pragma once

#include "api/source.h"
#include "core/engine.h"
#include "os/depot.h"

struct author;

struct author_config {
        struct engine *engine;
        struct depot *depot;
        struct source_status *status;
        const char *path;
        int64_t tenant;
        int64_t max_file_bytes;
};

/* Reads it, and watches it from then on.  All in CONFIG is borrowed.  Fails when it cannot be read,
 * and when CTFG's file is bad: INVALID, with the first problem. */
_must_check_ int author_new(const struct author_config *config, struct author **ret,
                            struct err *err);
/* Reads it again, whether it changed or not. */
void author_reload(struct author *a);
struct author *author_free(struct author *a); /* before the engine stops */
DEFINE_CLEANUP(struct author *, author_free)
