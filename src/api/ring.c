#include "api/ring.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void ring_init(struct ring *r, size_t max_bytes, int64_t seq) {
        *r = (struct ring){ .max_bytes = max_bytes, .from = seq, .last = seq };
}

/* The I-th of some. */
static struct batch *at(const struct ring *r, size_t i) {
        assert(r->cap > 0);
        return r->items[(r->head + i) % r->cap];
}

static void drop_first(struct ring *r) {
        struct batch *b = at(r, 0);

        r->from = b->last;
        r->bytes -= batch_bytes(b);
        batch_unref(b);
        r->head = (r->head + 1) % r->cap;
        r->n--;
}

void ring_done(struct ring *r) {
        while (r->n)
                drop_first(r);
        free(r->items);
        *r = (struct ring){ 0 };
}

static void make_room(struct ring *r) {
        size_t cap = r->cap ? 2 * r->cap : 64;
        struct batch **items;

        if (r->n < r->cap)
                return;
        items = malloc(cap * sizeof(struct batch *));
        if (!items)
                abort();
        for (size_t i = 0; i < r->n; i++)
                items[i] = at(r, i);
        free(r->items);
        r->items = items;
        r->cap = cap;
        r->head = 0;
}

void ring_push(struct ring *r, struct batch *b) {
        assert(b->last > r->last);
        make_room(r);
        r->items[(r->head + r->n++) % r->cap] = batch_ref(b);
        r->bytes += batch_bytes(b);
        r->last = b->last;
        while (r->bytes > r->max_bytes && r->n > 1)
                drop_first(r);
}

bool ring_put_first(struct ring *r, struct batch *b, int64_t from) {
        assert(b->last <= r->from && from <= b->last);
        if (r->bytes + batch_bytes(b) > r->max_bytes)
                return false;
        make_room(r);
        r->head = (r->head + r->cap - 1) % r->cap;
        r->items[r->head] = batch_ref(b);
        r->n++;
        r->bytes += batch_bytes(b);
        r->from = from;
        return true;
}

struct batch *ring_find(const struct ring *r, int64_t seq) {
        size_t low = 0, high = r->n;

        assert(seq >= r->from);
        while (low < high) {
                size_t mid = low + (high - low) / 2;

                if (at(r, mid)->last <= seq)
                        low = mid + 1;
                else
                        high = mid;
        }
        return low < r->n ? at(r, low) : NULL;
}
