/*
 * A forecast: when do those who wait get a slot?
 *
 * First as the deadlines of the leases that have slots come, which nobody can
 * pass unless extended; then each slot a base time after it was given to one
 * of the queue.  Or by the pace of late, where that is sooner.
 */
#pragma once

#include <stdint.h>

#include "base/heap.h"

struct forecast {
        struct heap slots;
        struct heap_node *nodes; /* the caller's: one for each slot in use and each that waits */
        size_t n;
        int64_t given; /* of those that are not free now */
};

/* A slot that comes free at AT_MS. */
void forecast_add(struct forecast *f, int64_t at_ms);
/* After all were added: CAPACITY slots in all, for WAITING.  The rest are free now; what is in use
 * beyond it is not given again. */
void forecast_fit(struct forecast *f, int64_t capacity, size_t waiting, int64_t now_ms);
/* How long the next of the queue waits for its slot, which it then keeps for BASE_MS.  One came
 * free every INTERVAL_MS of late (0: unknown).  Never less than the one before. */
int64_t forecast_give(struct forecast *f, int64_t base_ms, int64_t interval_ms, int64_t now_ms);
void forecast_done(struct forecast *f);
