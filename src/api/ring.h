/*
 * The last batches of one tenant: all that has a frame after `from`, up to `last`.
 *
 * Bounded in bytes: the oldest gives way.  Not thread-safe.
 */
#pragma once

#include "api/batch.h"

struct ring {
        struct batch **items; /* a ring itself */
        size_t head, n, cap;
        size_t bytes, max_bytes;
        int64_t from; /* it has all that is after ... */
        int64_t last; /* ... up to here */
};

/* Empty, at SEQ. */
void ring_init(struct ring *r, size_t max_bytes, int64_t seq);
void ring_done(struct ring *r);
/* Adds B, which goes on where the last one ended; takes a reference. */
void ring_push(struct ring *r, struct batch *b);
/* Puts B before all others, which makes it begin after FROM; takes a reference.  False, and
 * nothing, when that is too much. */
bool ring_put_first(struct ring *r, struct batch *b, int64_t from);
/* The first batch that ends after SEQ, which is not before r->from; NULL at the end. */
struct batch *ring_find(const struct ring *r, int64_t seq);
