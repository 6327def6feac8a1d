#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "net/ws_impl.h"

/* Somebody waits until some loops have told that they are through. */
struct ws_quiet {
        pthread_mutex_t lock;
        pthread_cond_t changed;
        size_t left;
};

static void init(struct ws_quiet *q, size_t n) {
        pthread_condattr_t attr;

        *q = (struct ws_quiet){ .lock = PTHREAD_MUTEX_INITIALIZER, .left = n };
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&q->changed, &attr);
        pthread_condattr_destroy(&attr);
}

static void done(struct ws_quiet *q) {
        pthread_cond_destroy(&q->changed);
        pthread_mutex_destroy(&q->lock);
}

void ws_quiet_tell(void *quiet) {
        struct ws_quiet *q = quiet;

        pthread_mutex_lock(&q->lock);
        q->left--;
        pthread_cond_signal(&q->changed);
        pthread_mutex_unlock(&q->lock);
}

/* False when it takes longer than TIMEOUT_MS; -1: as long as it takes. */
static bool wait_for(struct ws_quiet *q, int64_t timeout_ms) {
        struct timespec end;
        bool through;
        int r = 0;

        clock_gettime(CLOCK_MONOTONIC, &end);
        end.tv_sec += timeout_ms / 1000;
        end.tv_nsec += timeout_ms % 1000 * 1000000;
        if (end.tv_nsec >= 1000000000) {
                end.tv_sec++;
                end.tv_nsec -= 1000000000;
        }
        pthread_mutex_lock(&q->lock);
        while (q->left && r != ETIMEDOUT)
                r = timeout_ms < 0 ? pthread_cond_wait(&q->changed, &q->lock) :
                                     pthread_cond_timedwait(&q->changed, &q->lock, &end);
        through = !q->left;
        pthread_mutex_unlock(&q->lock);
        return through;
}

/* Of one loop. */
struct leaving {
        struct ws *ws;
        struct ws_quiet *quiet;
        enum ws_code code;
};

static void on_leaving(void *arg) {
        struct leaving *l = arg;

        ws_begin_leaving(l->ws, l->quiet, l->code);
}

static void on_give_up(void *arg) { ws_end_all(arg); }

void ws_quiesce(struct ws *const *all, size_t n, enum ws_code code, int64_t timeout_ms) {
        _cleanup_free_ struct leaving *list = calloc(n, sizeof(*list));
        struct ws_quiet q;

        if (!list)
                abort();
        init(&q, n);
        for (size_t i = 0; i < n; i++) {
                assert(!loop_is_mine(ws_loop(all[i])));
                list[i] = (struct leaving){ all[i], &q, code };
                loop_post(ws_loop(all[i]), on_leaving, &list[i]);
        }
        if (!wait_for(&q, timeout_ms)) {
                for (size_t i = 0; i < n; i++)
                        loop_post(ws_loop(all[i]), on_give_up, all[i]);
                wait_for(&q, -1);
        }
        done(&q);
}

void ws_settle(struct ws *ws, bool ended) {
        struct ws_quiet q;

        if (!ended)
                ws_quiesce(&ws, 1, WS_GOING_AWAY, 0);
        init(&q, 1);
        loop_post(ws_loop(ws), ws_quiet_tell, &q);
        wait_for(&q, -1);
        done(&q);
}
