/* What live.c and live_log.c share: how a ring is filled from the log. */
#pragma once

#include "api/live.h"

#define LIVE_PAST_MAX 1024 /* pages */

/* What a tenant's log holds before BEFORE, newest page first. */
struct live_past {
        int64_t tenant, before;
        struct {
                struct batch *batch;
                int64_t from; /* with it, all after this is known */
        } pages[LIVE_PAST_MAX];
        size_t n;
        int64_t reset_seq; /* as live_reset_seq() */
};

/* live_log.c: reads it, and calls live_filled() on the reader's thread. */
void live_fill(struct live *l, int64_t tenant);

/* live.c */
struct api *live_api(struct live *l);
/* From where on TENANT's ring has all, and for how many bytes more it has room. */
int64_t live_from(struct live *l, int64_t tenant, size_t *room);
void live_filled(struct live *l, const struct live_past *past);
