/*
 * Lookouts: something is looked at again when a folder changes.
 *
 * The kernel tells of changes (inotify, through libuv); they are let settle, and
 * then `look` runs on a thread of the lookout's own, where it may block.  It also runs every
 * poll_ms, for what the kernel does not tell: it has to find out itself
 * whether there is anything new.  It never runs twice at once.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct lookout;

struct lookout_config {
        int64_t settle_ms; /* after the last change, or eight times that after the first */
        int64_t poll_ms;
        void (*look)(void *arg);
        void *arg;
};

_must_check_ int lookout_new(const struct lookout_config *config, struct lookout **ret,
                             struct err *err);
/* From now on these folders, and no others.  What is no folder is left to the poll.  From any
 * thread. */
void lookout_folders(struct lookout *w, const char *const *folders, size_t n);
/* Waits for a look that is under way; there is none after it. */
struct lookout *lookout_free(struct lookout *w);
DEFINE_CLEANUP(struct lookout *, lookout_free)
