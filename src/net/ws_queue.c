#include "net/ws_queue.h"

#include <assert.h>
#include <stdlib.h>

struct ws_queue {
        size_t head, n, cap; /* a ring */
        size_t sent;         /* of the first */
        struct ws_message *items[];
};

static struct ws_message *at(const struct ws_queue *q, size_t i) {
        return q->items[(q->head + i) % q->cap];
}

/* With room for CAP. */
static struct ws_queue *queue_new(size_t cap) {
        struct ws_queue *q = malloc(sizeof(*q) + cap * sizeof(q->items[0]));

        if (!q)
                abort();
        q->head = q->n = q->sent = 0;
        q->cap = cap;
        return q;
}

static struct ws_queue *grow(struct ws_queue *q) {
        struct ws_queue *bigger = queue_new(2 * q->cap);

        for (size_t i = 0; i < q->n; i++)
                bigger->items[i] = at(q, i);
        bigger->n = q->n;
        bigger->sent = q->sent;
        free(q);
        return bigger;
}

struct ws_queue *ws_queue_push(struct ws_queue *q, struct ws_message *m, size_t sent) {
        size_t end;

        assert(sent < m->n && (!q || (q->n > 0 && sent == 0)));
        if (!q)
                q = queue_new(4);
        else if (q->n == q->cap)
                q = grow(q);
        end = (q->head + q->n++) % q->cap;
        if (sent)
                q->sent = sent;
        q->items[end] = ws_message_ref(m);
        return q;
}

size_t ws_queue_pieces(const struct ws_queue *q, struct iovec *ret, size_t max) {
        size_t n = q->n < max ? q->n : max;

        for (size_t i = 0; i < n; i++) {
                struct ws_message *m = at(q, i);
                size_t skip = i ? 0 : q->sent;

                ret[i] = (struct iovec){ m->data + skip, m->n - skip };
        }
        return n;
}

/* Q, or nothing when it is empty. */
static struct ws_queue *left(struct ws_queue *q) {
        if (q->n)
                return q;
        free(q);
        return NULL;
}

struct ws_queue *ws_queue_advance(struct ws_queue *q, size_t n) {
        while (n) {
                struct ws_message *first = q->n ? at(q, 0) : NULL;
                size_t rest;

                assert(first);
                rest = first->n - q->sent;
                if (n < rest) {
                        q->sent += n;
                        return q;
                }
                n -= rest;
                ws_message_unref(first);
                q->head = (q->head + 1) % q->cap;
                q->n--;
                q->sent = 0;
        }
        return left(q);
}

struct ws_queue *ws_queue_cut(struct ws_queue *q, size_t *bytes) {
        size_t kept = q->sent ? 1 : 0;

        *bytes = 0;
        while (q->n > kept) {
                struct ws_message *m = at(q, --q->n);

                *bytes += m->n;
                ws_message_unref(m);
        }
        return left(q);
}

void ws_queue_free(struct ws_queue *q) {
        for (size_t i = 0; q && i < q->n; i++)
                ws_message_unref(at(q, i));
        free(q);
}
