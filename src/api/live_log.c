/* What the hub reads from the log, on the reader's thread: pages for one watcher, and what a ring
 * begins with. */
#include <stdlib.h>

#include "api/live_impl.h"
#include "base/log.h"
#include "store/events.h"

#define ROWS 256 /* read at once */

/* --- a page --- */

struct reading {
        struct batch_maker maker;
        int64_t last;
        int64_t n; /* rows */
};

static void reading_done(struct reading *r) { batch_maker_done(&r->maker); }

static int add_row(void *arg, const struct event *e, struct err *err _unused_) {
        struct reading *r = arg;

        batch_maker_add(&r->maker, e);
        r->last = e->seq;
        r->n++;
        return 0;
}

static int read_page(struct query *q, struct tx *tx, struct err *err) {
        struct live_page *p = container_of(q, struct live_page, query);
        _cleanup_(reading_done) struct reading r = { .maker.tenant = p->tenant, .last = p->after };
        struct event_filter f = { .tenant = p->tenant,
                                  .action = -1,
                                  .before_seq = p->upto + 1,
                                  .live = true,
                                  .max = ROWS };
        bool all = false;

        while (!all && r.maker.n < LIVE_PAGE && r.maker.wire.len < LIVE_PAGE_BYTES) {
                r.n = 0;
                f.after_seq = r.last;
                if (events_each(tx, &f, add_row, &r, err) < 0)
                        return -1;
                all = r.n < ROWS;
        }
        p->ret = batch_maker_finish(&r.maker, all ? p->upto : r.last);
        return 0;
}

static void on_page(struct query *q) {
        struct live_page *p = container_of(q, struct live_page, query);

        if (q->result < 0)
                log_warn("the log could not be read for a live stream",
                         LOG_TEXT("error", q->err.msg));
        p->done(p);
}

void live_read(struct live *l, struct live_page *p) {
        p->ret = NULL;
        p->query = (struct query){ .run = read_page, .done = on_page };
        engine_query(live_api(l)->config.engine, &p->query);
}

/* --- what a ring begins with --- */

struct fill {
        struct query query;
        struct live *live;
        struct live_past past;
        size_t room;
        struct event rows[ROWS]; /* newest first */
        int64_t n;
};

static int keep_row(void *arg, const struct event *e, struct err *err _unused_) {
        struct fill *f = arg;

        f->rows[f->n++] = *e;
        if (e->action == ACTION_GAME_RESET && f->past.reset_seq < 0)
                f->past.reset_seq = e->seq;
        return 0;
}

/* The rows that there are become a page, oldest first.  False when there is no room for it. */
static bool add_page(struct fill *f, bool last) {
        _cleanup_maker_ struct batch_maker maker = { .tenant = f->past.tenant };
        int64_t from = f->n && !last ? f->rows[f->n - 1].seq - 1 : 0;
        struct batch *b;
        size_t bytes;

        for (int64_t i = f->n; i-- > 0;)
                batch_maker_add(&maker, &f->rows[i]);
        if (batch_maker_empty(&maker))
                return true;
        b = batch_maker_finish(&maker, f->rows[0].seq);
        bytes = batch_bytes(b);
        if (bytes > f->room || f->past.n == LIVE_PAST_MAX) {
                batch_unref(b);
                return false;
        }
        f->room -= bytes;
        f->past.pages[f->past.n].batch = b;
        f->past.pages[f->past.n++].from = from;
        return true;
}

static int read_past(struct query *q, struct tx *tx, struct err *err) {
        struct fill *f = container_of(q, struct fill, query);
        struct event_filter filter = { .tenant = f->past.tenant,
                                       .action = -1,
                                       .live = true,
                                       .newest_first = true,
                                       .before_seq = f->past.before + 1,
                                       .max = ROWS };
        bool last = false;

        while (!last) {
                f->n = 0;
                if (events_each(tx, &filter, keep_row, f, err) < 0)
                        return -1;
                last = f->n < ROWS;
                if (!add_page(f, last))
                        break;
                if (f->n)
                        filter.before_seq = f->rows[f->n - 1].seq;
        }
        if (f->past.reset_seq >= 0)
                return 0;
        filter.action = ACTION_GAME_RESET;
        filter.max = 1;
        f->n = 0;
        if (!last && events_each(tx, &filter, keep_row, f, err) < 0)
                return -1;
        if (f->past.reset_seq < 0)
                f->past.reset_seq = 0;
        return 0;
}

static void on_past(struct query *q) {
        struct fill *f = container_of(q, struct fill, query);

        if (q->result < 0)
                log_warn("the log could not be read for the live stream",
                         LOG_TEXT("error", q->err.msg));
        live_filled(f->live, &f->past);
        for (size_t i = 0; i < f->past.n; i++)
                batch_unref(f->past.pages[i].batch);
        free(f);
}

void live_fill(struct live *l, int64_t tenant) {
        struct fill *f = calloc(1, sizeof(*f));

        if (!f)
                abort();
        f->live = l;
        f->past.tenant = tenant;
        f->past.reset_seq = -1;
        f->past.before = live_from(l, tenant, &f->room);
        f->query = (struct query){ .run = read_past, .done = on_past };
        engine_query(live_api(l)->config.engine, &f->query);
}
