/*
 * Watches: something is looked at again when a folder changes.
 *
 * The kernel tells of changes (inotify, through libuv); they are let settle, and
 * then `look` runs on a thread of the watch's own, where it may block.  It also runs every
 * poll_ms, for what the kernel does not tell: it has to find out itself
 * whether there is anything new.  It never runs twice at once.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct folder_watch;

struct folder_watch_config {
        int64_t settle_ms; /* after the last change, or eight times that after the first */
        int64_t poll_ms;
        void (*look)(void *arg);
        void *arg;
};

_must_check_ int folder_watch_new(const struct folder_watch_config *config,
                                  struct folder_watch **ret, struct err *err);
/* From now on these folders, and no others.  What is no folder is left to the poll.  From any
 * thread. */
void folder_watch_set(struct folder_watch *w, const char *const *folders, size_t n);
/* Waits for a look that is under way; there is none after it. */
struct folder_watch *folder_watch_free(struct folder_watch *w);
DEFINE_CLEANUP(struct folder_watch *, folder_watch_free)
