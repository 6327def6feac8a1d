#include "api/batch.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct batch *batch_ref(struct batch *b) {
        atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
        return b;
}

struct batch *batch_unref(struct batch *b) {
        if (!b || atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) != 1)
                return NULL;
        ws_message_unref(b->wire);
        ws_message_unref(b->open);
        free(b->concerns);
        free(b);
        return NULL;
}

size_t batch_bytes(const struct batch *b) {
        size_t n = sizeof(*b) + b->n * sizeof(b->parts[0]);

        if (b->wire)
                n += b->wire->n;
        if (b->open && b->open != b->wire)
                n += b->open->n;
        return n;
}

size_t batch_find(const struct batch *b, int64_t seq) {
        size_t low = 0, high = b->n;

        while (low < high) {
                size_t mid = low + (high - low) / 2;

                if (b->parts[mid].frame.seq <= seq)
                        low = mid + 1;
                else
                        high = mid;
        }
        return low;
}

/* --- making --- */

static void *grow(void *list, size_t n, size_t *cap, size_t size) {
        if (n < *cap)
                return list;
        *cap = *cap ? 2 * *cap : 16;
        list = reallocarray(list, *cap, size);
        if (!list)
                abort();
        return list;
}

/* Whose credentials, role or standing E may have changed. */
static bool concern_of(const struct event *e, struct concern *ret) {
        *ret = (struct concern){ CONCERN_ALL, 0 };
        switch ((int)e->action) {
        case ACTION_TOKEN_REVOKED:
        case ACTION_SIGNED_OUT:
                *ret = (struct concern){ CONCERN_TOKEN, event_number(e, "token", 0) };
                return true;
        case ACTION_USER_CHANGED:
                *ret = (struct concern){ CONCERN_USER, e->account.id };
                return true;
        case ACTION_TEAM_CHANGED:
                *ret = (struct concern){ CONCERN_TEAM, e->account.id };
                return true;
        case ACTION_GAME_CHANGED:
                *ret = (struct concern){ CONCERN_PUBLIC, 0 };
                return true;
        case ACTION_TENANT_CHANGED:
        case ACTION_GAME_RESET:
                return true;
        default:
                return false;
        }
}

bool batch_wants(const struct event *e) {
        struct concern ignored;

        return frame_has(e->action) || concern_of(e, &ignored);
}

static void add_concern(struct batch_maker *m, const struct event *e) {
        struct concern c;

        if (!concern_of(e, &c))
                return;
        m->concerns = grow(m->concerns, m->n_concerns, &m->cap_concerns, sizeof(*m->concerns));
        m->concerns[m->n_concerns++] = c;
}

void batch_maker_add(struct batch_maker *m, const struct event *e) {
        struct part p;

        if (m->rules)
                add_concern(m, e);
        buf_clear(&m->text);
        if (!frame_of(e, &p.frame, &m->text))
                return;
        p.at = (uint32_t)(m->wire.len + ws_frame_header(m->text.len));
        p.n = (uint32_t)m->text.len;
        ws_frame_add(&m->wire, WS_SERVER, WS_TEXT, m->text.data, m->text.len);
        m->parts = grow(m->parts, m->n, &m->cap, sizeof(*m->parts));
        m->parts[m->n++] = p;
        m->reset |= p.frame.reset;
        if (!m->rules)
                return;
        if (frame_shown(&p.frame, false, m->rules, m->now_ms))
                ws_frame_add(&m->open, WS_SERVER, WS_TEXT, m->text.data, m->text.len);
        else
                m->partly = true;
}

bool batch_maker_empty(const struct batch_maker *m) { return m->n == 0 && m->n_concerns == 0; }

/* What players see of it. */
static struct ws_message *open_of(const struct batch_maker *m, struct ws_message *wire) {
        if (!m->rules || !wire)
                return NULL;
        if (!m->partly)
                return ws_message_ref(wire);
        return m->open.len ? ws_message_new(m->open.data, m->open.len) : NULL;
}

struct batch *batch_maker_finish(struct batch_maker *m, int64_t last) {
        struct batch *b = malloc(sizeof(*b) + m->n * sizeof(b->parts[0]));

        if (!b)
                abort();
        *b = (struct batch){ .refs = 1,
                             .tenant = m->tenant,
                             .last = last,
                             .wire = m->n ? ws_message_new(m->wire.data, m->wire.len) : NULL,
                             .concerns = TAKE(m->concerns),
                             .n_concerns = m->n_concerns,
                             .n = m->n,
                             .reset = m->reset };
        b->open = open_of(m, b->wire);
        if (m->n)
                memcpy(b->parts, m->parts, m->n * sizeof(b->parts[0]));
        assert(m->n == 0 || m->parts[m->n - 1].frame.seq <= last);
        m->n = m->n_concerns = m->cap_concerns = 0;
        m->partly = m->reset = false;
        buf_clear(&m->wire);
        buf_clear(&m->open);
        return b;
}

void batch_maker_done(struct batch_maker *m) {
        buf_done(&m->wire);
        buf_done(&m->open);
        buf_done(&m->text);
        free(m->parts);
        free(m->concerns);
}

/* --- joining --- */

static void join_one(struct batch_maker *m, const struct batch *b) {
        for (size_t i = 0; i < b->n; i++) {
                m->parts = grow(m->parts, m->n, &m->cap, sizeof(*m->parts));
                m->parts[m->n] = b->parts[i];
                m->parts[m->n++].at += (uint32_t)m->wire.len;
        }
        for (size_t i = 0; i < b->n_concerns; i++) {
                m->concerns =
                        grow(m->concerns, m->n_concerns, &m->cap_concerns, sizeof(*m->concerns));
                m->concerns[m->n_concerns++] = b->concerns[i];
        }
        if (b->wire)
                buf_add(&m->wire, b->wire->data, b->wire->n);
        if (b->open)
                buf_add(&m->open, b->open->data, b->open->n);
        m->partly |= b->open != b->wire;
        m->reset |= b->reset;
}

struct batch *batch_join(struct batch *const *list, size_t n) {
        static const struct game_rules any; /* what players see was settled when each was made */
        _cleanup_maker_ struct batch_maker m = { .tenant = list[0]->tenant, .rules = &any };

        for (size_t i = 0; i < n; i++) {
                assert(list[i]->tenant == m.tenant);
                join_one(&m, list[i]);
        }
        return batch_maker_finish(&m, list[n - 1]->last);
}
