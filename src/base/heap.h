/*
 * A heap of moments: what is due first.  Embedded nodes, not owned.
 * A node is in at most one heap.  Not thread-safe.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct heap_node {
        int64_t at_ms;
        size_t place; /* index + 1 in the heap, 0 when in none */
};

struct heap {
        struct heap_node **nodes;
        size_t n, cap;
};

void heap_done(struct heap *h);
void heap_put(struct heap *h, struct heap_node *node, int64_t at_ms); /* or moves it */
void heap_del(struct heap *h, struct heap_node *node);                /* no-op when in none */
struct heap_node *heap_first(const struct heap *h);                   /* NULL when empty */
