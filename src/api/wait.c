#include <assert.h>
#include <string.h>

#include "api/logs.h"
#include "api/query.h"
#include "api/wait.h"
#include "base/clock.h"

#define TICK_MS 200

/* In the request's arena. */
struct waiter {
        struct waiter *next;
        struct call *call;
        char lease[LEASE_ID_SIZE];
        enum wait_for what;
        int64_t deadline_ms; /* monotonic */
        void (*done)(struct call *c, void *arg);
        void *arg;
};

/* Did LEASE come to WHAT, or past it? */
static bool came_to(const struct lease *lease, enum wait_for what) {
        switch (lease->state) {
        case LEASE_PENDING:
        case LEASE_STARTING:
                return false;
        case LEASE_RUNNING:
        case LEASE_STOPPING:
                return what == WAIT_RUNNING;
        case LEASE_ENDED:
        case _LEASE_N:
                break;
        }
        return true;
}

int wait_parameter(const struct call *c, int64_t *ret_ms, struct err *err) {
        int64_t s;

        if (query_int("wait", http_query(c->req, "wait"), 0, WAIT_MAX_S, 0, &s, err) < 0)
                return -1;
        *ret_ms = s * 1000;
        return 0;
}

/* The last of an id's characters are chance. */
static struct waiter **slot_of(struct lane *lane, const char *lease) {
        size_t n = strlen(lease);
        unsigned h = n < 2 ? 0 : (unsigned char)lease[n - 1] * 31u + (unsigned char)lease[n - 2];

        return &lane->waiters[h % WAITER_SLOTS];
}

static void on_resume(struct http_req *req, void *arg) {
        struct waiter *w = arg;

        w->done(http_context(req), w->arg);
}

static void wake(struct lane *lane, struct waiter **link) {
        struct waiter *w = *link;

        *link = w->next;
        atomic_fetch_sub(&lane->n_waiters, 1);
        http_resume(w->call->req, on_resume, w);
}

static bool is_over(struct api *a, const struct waiter *w) {
        const struct lease *lease;
        bool over;

        read_model_lock(a->model);
        lease = read_model_lease(a->model, w->lease);
        over = !lease || came_to(lease, w->what);
        read_model_unlock(a->model);
        return over;
}

static void wake_slot(struct lane *lane, struct waiter **link, const char *lease) {
        while (*link) {
                if (strcmp((*link)->lease, lease) == 0 && is_over(lane->api, *link))
                        wake(lane, link);
                else
                        link = &(*link)->next;
        }
}

/* On the loop: those who wait for a lease that changed. */
static void on_changed(void *arg) {
        struct lane *lane = arg;
        struct buf ids;

        pthread_mutex_lock(&lane->lock);
        ids = lane->changed;
        lane->changed = (struct buf){ 0 };
        lane->posted = false;
        pthread_mutex_unlock(&lane->lock);
        for (size_t at = 0; at < ids.len; at += LEASE_ID_SIZE)
                wake_slot(lane, slot_of(lane, ids.data + at), ids.data + at);
        buf_done(&ids);
}

void wait_notice(struct lane *lane, const struct notice *notices, size_t n) {
        bool post = false;

        if (!atomic_load(&lane->n_waiters))
                return;
        pthread_mutex_lock(&lane->lock);
        for (size_t i = 0; i < n; i++) {
                if (!notices[i].lease)
                        continue;
                buf_add(&lane->changed, notices[i].lease->id, LEASE_ID_SIZE);
                post = !lane->posted;
        }
        if (post)
                lane->posted = true;
        pthread_mutex_unlock(&lane->lock);
        if (post)
                loop_post(lane->loop, on_changed, lane);
}

/* Wakes whose time is up, whose peer left, or (ALL) everyone. */
static void sweep(struct lane *lane, bool all) {
        int64_t now = clock_mono_ms();

        for (size_t i = 0; i < WAITER_SLOTS; i++) {
                struct waiter **link = &lane->waiters[i];

                while (*link) {
                        if (all || now >= (*link)->deadline_ms || http_gone((*link)->call->req))
                                wake(lane, link);
                        else
                                link = &(*link)->next;
                }
        }
}

static void on_tick(void *arg) {
        struct lane *lane = arg;
        bool followed = logs_check(lane);

        sweep(lane, false);
        if (followed || atomic_load(&lane->n_waiters))
                loop_timer_set(&lane->tick, TICK_MS);
        else
                lane->ticking = false;
}

void wait_lane_tick(struct lane *lane) {
        assert(loop_is_mine(lane->loop));
        if (!lane->tick.fn)
                loop_timer_init(&lane->tick, lane->loop, on_tick, lane);
        if (!lane->ticking)
                loop_timer_set(&lane->tick, TICK_MS);
        lane->ticking = true;
}

void wait_start(struct call *c, const char *lease, enum wait_for what, int64_t ms,
                void (*done)(struct call *c, void *arg), void *arg) {
        struct waiter *w = arena_new(http_arena(c->req), struct waiter);
        struct waiter **slot = slot_of(c->lane, lease);

        *w = (struct waiter){ .next = *slot,
                              .call = c,
                              .what = what,
                              .done = done,
                              .arg = arg,
                              .deadline_ms = clock_mono_ms() + ms };
        memcpy(w->lease, lease, LEASE_ID_SIZE);
        if (atomic_load(&c->api->quiet)) {
                done(c, arg);
                return;
        }
        /* Counted before the look: a commit after the look sees the count. */
        atomic_fetch_add(&c->lane->n_waiters, 1);
        if (ms == 0 || is_over(c->api, w)) {
                atomic_fetch_sub(&c->lane->n_waiters, 1);
                done(c, arg);
                return;
        }
        *slot = w;
        wait_lane_tick(c->lane);
        http_suspend(c->req);
}

void wait_lane_init(struct lane *lane, struct api *a, struct loop *loop) {
        lane->api = a;
        lane->loop = loop;
        pthread_mutex_init(&lane->lock, NULL);
}

/* Somebody waits on another thread until the lane is quiet. */
struct quiet {
        struct lane *lane;
        pthread_mutex_t lock;
        pthread_cond_t changed;
        bool done;
};

static void on_closed(void *arg) {
        struct quiet *q = arg;

        pthread_mutex_lock(&q->lock);
        q->done = true;
        pthread_cond_signal(&q->changed);
        pthread_mutex_unlock(&q->lock);
}

static void on_quiesce(void *arg) {
        struct quiet *q = arg;

        sweep(q->lane, true);
        if (!q->lane->tick.fn) {
                on_closed(q);
                return;
        }
        q->lane->tick.arg = q;
        loop_timer_close(&q->lane->tick, on_closed);
}

void wait_lane_quiesce(struct lane *lane) {
        struct quiet q = { .lane = lane,
                           .lock = PTHREAD_MUTEX_INITIALIZER,
                           .changed = PTHREAD_COND_INITIALIZER };

        loop_post(lane->loop, on_quiesce, &q);
        pthread_mutex_lock(&q.lock);
        while (!q.done)
                pthread_cond_wait(&q.changed, &q.lock);
        pthread_mutex_unlock(&q.lock);
}

void wait_lane_done(struct lane *lane) {
        pthread_mutex_destroy(&lane->lock);
        buf_done(&lane->changed);
        buf_done(&lane->scratch);
}
