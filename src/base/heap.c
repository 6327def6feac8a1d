#include <assert.h>
#include <stdlib.h>

#include "base/heap.h"

#define HEAP_LEAST 16

void heap_done(struct heap *h) {
        for (size_t i = 0; i < h->n; i++)
                h->nodes[i]->place = 0;
        free(h->nodes);
        *h = (struct heap){ 0 };
}

static void set(struct heap *h, size_t i, struct heap_node *node) {
        h->nodes[i] = node;
        node->place = i + 1;
}

static void sift_up(struct heap *h, size_t i) {
        struct heap_node *node = h->nodes[i];

        for (; i > 0 && h->nodes[(i - 1) / 2]->at_ms > node->at_ms; i = (i - 1) / 2)
                set(h, i, h->nodes[(i - 1) / 2]);
        set(h, i, node);
}

static void sift_down(struct heap *h, size_t i) {
        struct heap_node *node = h->nodes[i];

        for (;;) {
                size_t child = 2 * i + 1;

                if (child + 1 < h->n && h->nodes[child + 1]->at_ms < h->nodes[child]->at_ms)
                        child++;
                if (child >= h->n || h->nodes[child]->at_ms >= node->at_ms)
                        break;
                set(h, i, h->nodes[child]);
                i = child;
        }
        set(h, i, node);
}

/* Brings the node at I, whose moment has changed, to where it belongs. */
static void settle(struct heap *h, size_t i) {
        struct heap_node *node = h->nodes[i];

        sift_up(h, i);
        sift_down(h, node->place - 1);
}

void heap_put(struct heap *h, struct heap_node *node, int64_t at_ms) {
        node->at_ms = at_ms;
        if (!node->place) {
                if (h->n == h->cap) {
                        h->cap = h->cap ? h->cap * 2 : HEAP_LEAST;
                        h->nodes = reallocarray(h->nodes, h->cap, sizeof(struct heap_node *));
                        if (!h->nodes)
                                abort();
                }
                set(h, h->n++, node);
        }
        assert(node->place <= h->n && h->nodes[node->place - 1] == node);
        settle(h, node->place - 1);
}

void heap_del(struct heap *h, struct heap_node *node) {
        size_t i = node->place - 1;
        struct heap_node *last;

        if (!node->place)
                return;
        assert(node->place <= h->n && h->nodes[i] == node);
        node->place = 0;
        last = h->nodes[--h->n];
        if (last == node)
                return;
        set(h, i, last);
        settle(h, i);
}

struct heap_node *heap_first(const struct heap *h) {
        return h->n ? h->nodes[0] : NULL;
}
