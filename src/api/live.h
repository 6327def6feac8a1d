/*
 * The live hub: what the commit thread tells goes into the ring of its tenant
 * and to every loop, where crowd.h hands it to those who watch.
 *
 * A watcher's place is a seq.  It asks live_next() for what comes after it until
 * it is at the end; from then on it takes each batch that its loop is given, as
 * long as that goes beyond its place.  A batch is in the ring before any loop
 * is given it, and a loop is one thread: so nothing is lost and nothing comes
 * twice.
 *
 * What is older than the ring is read from the log by the store's reader, a page
 * at a time.  The ring of a tenant is filled from the log when the first watcher
 * comes.
 *
 * Thread-safe; live_notice() is for the commit thread, and takes no lock for
 * longer than it takes to put a batch into a list.
 */
#pragma once

#include "api/call.h"
#include "api/ring.h"

#define LIVE_RING_BYTES ((size_t)8 << 20) /* of one tenant */
#define LIVE_PAGE       1000              /* frames read from the log at once */
#define LIVE_PAGE_BYTES ((size_t)256 << 10)

struct live;
struct live *live_new(struct api *a);
struct live *live_free(struct live *l); /* after the engine and the loops' last turns */

void live_notice(struct live *l, const struct notice *notices, size_t n);

enum live_where {
        LIVE_BATCH, /* *ret goes on from there */
        LIVE_END,   /* there is no more yet */
        LIVE_OLDER, /* it is to be read from the log: live_read() up to *bound */
        LIVE_WAIT,  /* the ring is being filled: crowd_wake() will tell */
};
/* What comes after SEQ.  The caller owns *ret. */
enum live_where live_next(struct live *l, int64_t tenant, int64_t seq, struct batch **ret,
                          int64_t *bound);
/* Where the tenant's game began anew last; 0: never, -1: not known as long as live_next() says
 * LIVE_WAIT. */
int64_t live_reset_seq(struct live *l, int64_t tenant);

/* A page of the log. */
struct live_page {
        struct query query;
        int64_t tenant, after, upto;       /* after < seq <= upto */
        struct batch *ret;                 /* NULL when it failed; else up to ret->last */
        void (*done)(struct live_page *p); /* on any thread */
};
/* Reads at least one frame, or all up to p->upto. */
void live_read(struct live *l, struct live_page *p);
