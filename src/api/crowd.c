#include "api/crowd_impl.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "api/instances.h"
#include "api/json_lease.h"
#include "base/clock.h"
#include "base/metric.h"

#define TICK_MS       1000
#define COMMENT_TICKS 15

static const struct ws_limits limits = {
        .role = WS_SERVER,
        .max_message_bytes = 4096,
        .max_pending_bytes = CROWD_PENDING_BYTES,
        .ping_ms = 15000,
        .silent_ms = 45000,
        .frames_per_s = 20,
        .frames_burst = 100,
};

/* --- who there is --- */

static struct audience *audience_of(struct crowd *c, int64_t tenant) {
        struct audience *a = map_get_id(&c->audiences, tenant);

        if (a)
                return a;
        a = calloc(1, sizeof(*a));
        if (!a)
                abort();
        a->tenant = tenant;
        map_put_id(&c->audiences, tenant, a);
        return a;
}

bool crowd_any(const struct crowd *c) { return atomic_load(&c->n) > 0; }

void crowd_count(struct crowd *c, enum form form, int by) {
        atomic_fetch_add(&c->n, (unsigned)by);
        metric_series_add(form == FORM_EVENTS ? c->streams : c->sockets, by);
}

static void on_tick(void *arg);

void crowd_put(struct crowd *c, struct watcher *w) {
        struct audience *a = audience_of(c, w->tenant);

        w->next = a->first;
        w->link = &a->first;
        if (w->next)
                w->next->link = &w->next;
        a->first = w;
        if (c->ticking || c->quiet)
                return;
        if (!c->has_tick)
                loop_timer_init(&c->tick, c->lane->loop, on_tick, c);
        c->has_tick = c->ticking = true;
        loop_timer_set(&c->tick, TICK_MS);
}

void crowd_take_out(struct watcher *w) {
        *w->link = w->next;
        if (w->next)
                w->next->link = w->link;
        if (w->crowd->tour.next == w)
                w->crowd->tour.next = w->next;
        crowd_count(w->crowd, w->form, -1);
        crowd_release(w->crowd->api, w->user);
}

/* --- leases --- */

static void write_lease(struct crowd *c, const struct lease *l, bool staff, struct buf *b) {
        const struct challenge *ch = read_model_challenge(c->api->model, l->challenge);

        buf_str(b, "event: lease\ndata: ");
        json_lease(b, &(struct lease_view){ .lease = l,
                                            .slug = ch ? ch->slug : NULL,
                                            .host = instance_host(c->api, l),
                                            .now_ms = clock_now_ms(),
                                            .staff = staff });
        buf_str(b, "\n\n");
}

/* Event streams hear of their account's leases, organisers of all. */
static void tell_lease(struct crowd *c, const char *id) {
        _cleanup_buf_ struct buf own = { 0 }, all = { 0 };
        struct audience *a = NULL;
        struct watcher *next;
        const struct lease *l;
        struct account owner;

        read_model_lock(c->api->model);
        l = read_model_lease(c->api->model, id);
        if (l && (a = map_get_id(&c->audiences, l->tenant))) {
                owner = l->owner;
                write_lease(c, l, false, &own);
                write_lease(c, l, true, &all);
        }
        read_model_unlock(c->api->model);
        for (struct watcher *w = a ? a->first : NULL; w; w = next) {
                next = w->next;
                if (w->form != FORM_EVENTS)
                        continue;
                if (w->staff)
                        watcher_write(w, all.data, all.len);
                else if (w->account.id && account_equal(w->account, owner))
                        watcher_write(w, own.data, own.len);
        }
}

/* --- from other threads --- */

/* The ring of TENANT is filled. */
static void wake(struct crowd *c, int64_t tenant) {
        struct audience *a = map_get_id(&c->audiences, tenant);
        struct watcher *next;

        for (struct watcher *w = a ? a->first : NULL; w; w = next) {
                next = w->next;
                watcher_pump(w);
        }
}

static void on_inbox(void *arg) {
        struct crowd *c = arg;
        struct buf leases, woken;
        struct batch **batches;
        size_t n;

        pthread_mutex_lock(&c->lock);
        batches = TAKE(c->batches);
        n = c->n_batches;
        c->n_batches = c->cap_batches = 0;
        leases = c->leases;
        woken = c->woken;
        c->leases = c->woken = (struct buf){ 0 };
        c->posted = false;
        pthread_mutex_unlock(&c->lock);
        tour_take(c, batches, n);
        for (size_t at = 0; at < woken.len; at += sizeof(int64_t)) {
                int64_t tenant;

                memcpy(&tenant, woken.data + at, sizeof(tenant));
                wake(c, tenant);
        }
        for (size_t at = 0; at < leases.len; at += LEASE_ID_SIZE)
                tell_lease(c, leases.data + at);
        free(batches);
        buf_done(&leases);
        buf_done(&woken);
}

/* With the lock held; lets go of it. */
static void post(struct crowd *c) {
        bool first = !c->posted;

        c->posted = true;
        pthread_mutex_unlock(&c->lock);
        if (first)
                loop_post(c->lane->loop, on_inbox, c);
}

void crowd_give(struct crowd *c, struct batch *batch, const char (*leases)[LEASE_ID_SIZE],
                size_t n) {
        pthread_mutex_lock(&c->lock);
        if (batch && c->n_batches == c->cap_batches) {
                c->cap_batches = c->cap_batches ? 2 * c->cap_batches : 16;
                c->batches = reallocarray(c->batches, c->cap_batches, sizeof(struct batch *));
                if (!c->batches)
                        abort();
        }
        if (batch)
                c->batches[c->n_batches++] = batch_ref(batch);
        if (n)
                buf_add(&c->leases, leases, n * LEASE_ID_SIZE);
        post(c);
}

void crowd_wake(struct crowd *c, int64_t tenant) {
        if (!crowd_any(c))
                return;
        pthread_mutex_lock(&c->lock);
        buf_add(&c->woken, &tenant, sizeof(tenant));
        post(c);
}

/* --- time --- */

static void look_at(struct watcher *w, int64_t now_ms, bool comment) {
        if (w->expires_ms && now_ms >= w->expires_ms)
                watcher_end(w, WS_POLICY, "signed out");
        else if (w->form == FORM_EVENTS && !http_stream_alive(w->stream))
                watcher_end(w, WS_GOING_AWAY, "");
        else if (w->form == FORM_EVENTS && comment)
                watcher_write(w, ":\n\n", 3);
}

static void on_tick(void *arg) {
        struct crowd *c = arg;
        int64_t now_ms = clock_now_ms();
        bool comment = ++c->ticks % COMMENT_TICKS == 0;
        struct watcher *next;
        struct audience *a;
        size_t at = 0;

        while ((a = map_next(&c->audiences, &at))) {
                for (struct watcher *w = a->first; w; w = next) {
                        next = w->next;
                        look_at(w, now_ms, comment);
                }
        }
        c->ticking = crowd_any(c) && !c->quiet;
        if (c->ticking)
                loop_timer_set(&c->tick, TICK_MS);
}

/* --- life --- */

static void on_drained(void *watcher) { watcher_pump(watcher); }

static void on_closed(void *arg, enum ws_end end, int code _unused_) {
        struct watcher *w = arg;

        if (end != WS_END_LEFT && end != WS_END_CLOSED)
                metric_add(METRIC_DROPPED, 1, ws_end_name(end));
        watcher_free(w);
}

int crowd_new(struct lane *lane, struct crowd **ret, struct err *err) {
        static const struct ws_events events = { .drained = on_drained, .closed = on_closed };
        struct crowd *c = calloc(1, sizeof(*c));

        if (!c)
                abort();
        c->lane = lane;
        c->api = lane->api;
        c->snapshots = snapshots_new();
        c->sockets = metric_series(METRIC_WATCHERS, "websocket");
        c->streams = metric_series(METRIC_WATCHERS, "events");
        pthread_mutex_init(&c->lock, NULL);
        if (ws_new(lane->loop, &limits, &events, &c->ws, err) < 0) {
                crowd_free(c);
                return -1;
        }
        *ret = c;
        return 0;
}

struct crowd *crowd_free(struct crowd *c) {
        struct audience *a;
        size_t at = 0;

        if (!c)
                return NULL;
        ws_free(c->ws);
        snapshots_free(c->snapshots);
        while ((a = map_next(&c->audiences, &at))) {
                assert(!a->first);
                free(a);
        }
        map_done(&c->audiences);
        tour_done(c);
        for (size_t i = 0; i < c->n_batches; i++)
                batch_unref(c->batches[i]);
        free(c->batches);
        buf_done(&c->leases);
        buf_done(&c->woken);
        buf_done(&c->gathered);
        pthread_mutex_destroy(&c->lock);
        free(c);
        return NULL;
}
