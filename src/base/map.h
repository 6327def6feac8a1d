/*
 * Hash maps from text or from 64-bit numbers to pointers.
 *
 * Open addressing, keyed by SipHash with a seed drawn at start, so that
 * names from outside cannot be chosen to collide; numbers are our own and
 * are only mixed.  A text key is not copied:
 * it must live in the value it leads to.  Values are not owned.  Not
 * thread-safe.  Zero-initialised is empty and valid.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct map {
        struct map_slot *slots;
        size_t n, used, cap; /* live, live + removed marks, slots */
};

void map_done(struct map *m);

void *map_get(const struct map *m, const char *key);       /* NULL when absent */
void map_put(struct map *m, const char *key, void *value); /* replaces; VALUE not NULL */
void *map_del(struct map *m, const char *key);             /* gives what was there, or NULL */

void *map_get_id(const struct map *m, int64_t key);
void map_put_id(struct map *m, int64_t key, void *value);
void *map_del_id(struct map *m, int64_t key);

/* Walks in no order; do not change the map meanwhile:
 *         for (size_t i = 0; (v = map_next(&m, &i));) ... */
void *map_next(const struct map *m, size_t *at);
