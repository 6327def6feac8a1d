#include <assert.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/str.h"
#include "os/loop.h"
#include "os/thread.h"

#define LOOP_NAME_MAX 16

struct post {
        struct post *next;
        void (*fn)(void *arg);
        void *arg;
};

struct loop {
        uv_loop_t uv;
        uv_async_t wake;
        char name[LOOP_NAME_MAX];

        pthread_mutex_t lock; /* for what follows */
        struct post *first, **last;
        bool ended; /* nothing runs any more, WAKE is closed */

        pthread_t thread; /* of who starts and stops */
        bool started;
};

static _Thread_local const struct loop *mine;

bool loop_is_mine(const struct loop *l) { return mine == l; }
bool loop_is_started(const struct loop *l) { return l->started; }
uv_loop_t *loop_uv(struct loop *l) { return &l->uv; }

void loop_post(struct loop *l, void (*fn)(void *arg), void *arg) {
        struct post *p = malloc(sizeof(*p));

        if (!p)
                abort();
        *p = (struct post){ NULL, fn, arg };
        pthread_mutex_lock(&l->lock);
        if (!l->ended) {
                *l->last = TAKE(p);
                l->last = &(*l->last)->next;
                uv_async_send(&l->wake);
        }
        pthread_mutex_unlock(&l->lock);
        free(p);
}

/* Runs what was posted until now; what that posts in turn waits for the next round. */
static void run_posts(struct loop *l) {
        struct post *p, *next;

        pthread_mutex_lock(&l->lock);
        p = TAKE(l->first);
        l->last = &l->first;
        pthread_mutex_unlock(&l->lock);
        for (; p; p = next) {
                next = p->next;
                p->fn(p->arg);
                free(p);
        }
}

static void on_wake(uv_async_t *wake) { run_posts(container_of(wake, struct loop, wake)); }
static void stop_here(void *arg) { uv_stop(arg); }

static void see_closing(uv_handle_t *h, void *arg) {
        if (uv_is_closing(h))
                *(bool *)arg = true;
}

static void close_open(uv_handle_t *h, void *arg) {
        const struct loop *l = arg;

        if (h != (const uv_handle_t *)&l->wake && !uv_is_closing(h))
                uv_close(h, NULL);
}

/* Is the queue empty?  Then nothing can be posted from now on. */
static bool end(struct loop *l) {
        bool empty;

        pthread_mutex_lock(&l->lock);
        empty = !l->first;
        l->ended = empty;
        pthread_mutex_unlock(&l->lock);
        return empty;
}

/* Closes all handles.  Those that their owners close already go first, with their callbacks,
 * which may close others: only what is left open after that has no one who waits for it. */
static void wind_up(struct loop *l) {
        bool closing;

        uv_unref((uv_handle_t *)&l->wake);
        do {
                run_posts(l);
                do {
                        closing = false;
                        uv_walk(&l->uv, see_closing, &closing);
                        if (closing)
                                uv_run(&l->uv, UV_RUN_NOWAIT);
                } while (closing);
                uv_walk(&l->uv, close_open, l);
                uv_run(&l->uv, UV_RUN_DEFAULT);
        } while (!end(l));
        uv_close((uv_handle_t *)&l->wake, NULL);
        uv_run(&l->uv, UV_RUN_DEFAULT);
}

static void *run(void *arg) {
        struct loop *l = arg;

        mine = l;
        uv_run(&l->uv, UV_RUN_DEFAULT);
        wind_up(l);
        return NULL;
}

int loop_new(const char *name, struct loop **ret, struct err *err) {
        struct loop *l = calloc(1, sizeof(*l));
        int r;

        if (!l)
                abort();
        r = uv_loop_init(&l->uv);
        if (r < 0) {
                free(l);
                return err_set(err, ERR_UNAVAILABLE, "making a loop: %s", uv_strerror(r));
        }
        r = uv_async_init(&l->uv, &l->wake, on_wake);
        if (r < 0) {
                uv_loop_close(&l->uv);
                free(l);
                return err_set(err, ERR_UNAVAILABLE, "making a loop: %s", uv_strerror(r));
        }
        str_copy(l->name, sizeof(l->name), name);
        pthread_mutex_init(&l->lock, NULL);
        l->last = &l->first;
        *ret = l;
        return 0;
}

void loop_start(struct loop *l) {
        struct err err;

        assert(!l->started);
        l->started = true;
        if (thread_start(l->name, run, l, &l->thread, &err) < 0) {
                log_error("cannot start a loop", LOG_TEXT("error", err.msg));
                abort();
        }
}

void loop_stop(struct loop *l) {
        assert(!loop_is_mine(l));
        if (!l->started)
                return;
        loop_post(l, stop_here, &l->uv);
        pthread_join(l->thread, NULL);
        l->started = false;
}

struct loop *loop_free(struct loop *l) {
        if (!l)
                return NULL;
        assert(!l->started);
        if (!l->ended)
                wind_up(l);
        if (uv_loop_close(&l->uv) != 0)
                abort();
        pthread_mutex_destroy(&l->lock);
        free(l);
        return NULL;
}

static void on_timer(uv_timer_t *uv) {
        struct loop_timer *t = container_of(uv, struct loop_timer, uv);

        t->fn(t->arg);
}

static void on_timer_closed(uv_handle_t *h) {
        struct loop_timer *t = container_of((uv_timer_t *)h, struct loop_timer, uv);

        if (t->done)
                t->done(t->arg);
}

void loop_timer_init(struct loop_timer *t, struct loop *l, void (*fn)(void *arg), void *arg) {
        *t = (struct loop_timer){ .fn = fn, .arg = arg };
        uv_timer_init(&l->uv, &t->uv);
}

void loop_timer_set(struct loop_timer *t, int64_t delay_ms) {
        /* libuv counts from its idea of now, which is as old as this turn of the loop. */
        uv_update_time(t->uv.loop);
        uv_timer_start(&t->uv, on_timer, delay_ms > 0 ? (uint64_t)delay_ms : 0, 0);
}

void loop_timer_stop(struct loop_timer *t) { uv_timer_stop(&t->uv); }

void loop_timer_close(struct loop_timer *t, void (*done)(void *arg)) {
        t->done = done;
        if (uv_is_closing((uv_handle_t *)&t->uv)) /* by loop_stop(), which is long over */
                on_timer_closed((uv_handle_t *)&t->uv);
        else
                uv_close((uv_handle_t *)&t->uv, on_timer_closed);
}
