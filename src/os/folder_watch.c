#include "os/folder_watch.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/clock.h"
#include "os/loop.h"
#include "os/pool.h"

#define PATIENCE 8 /* settling times that a stream of changes may take */

/* One folder. */
struct eye {
        uv_fs_event_t uv; /* first */
        struct eye *next;
        struct folder_watch *watch;
};

struct folders {
        size_t n;
        char *paths[];
};

/* All but what the lock covers belongs to the loop's thread. */
struct folder_watch {
        struct folder_watch_config config;
        pthread_mutex_t lock;
        struct folders *next; /* to watch from now on; NULL: as before */
        struct loop *loop;
        struct pool *pool;
        struct loop_timer settle, poll;
        struct eye *eyes;
        int64_t first_ms; /* of the changes that are settling; 0: none */
        bool looking, again, ended;
        struct job job;
};

static void on_looked(void *arg);

static void run_look(struct job *job) {
        struct folder_watch *w = container_of(job, struct folder_watch, job);

        w->config.look(w->config.arg);
        loop_post(w->loop, on_looked, w);
}

static void look(struct folder_watch *w) {
        if (w->looking) {
                w->again = true;
                return;
        }
        w->looking = true;
        w->job.run = run_look;
        pool_put(w->pool, &w->job);
}

static void on_looked(void *arg) {
        struct folder_watch *w = arg;

        w->looking = false;
        if (w->ended)
                return;
        loop_timer_set(&w->poll, w->config.poll_ms);
        if (!w->again)
                return;
        w->again = false;
        look(w);
}

static void on_settled(void *arg) {
        struct folder_watch *w = arg;

        w->first_ms = 0;
        look(w);
}

static void on_poll(void *arg) { look(arg); }

static void on_change(uv_fs_event_t *uv, const char *name _unused_, int events _unused_,
                      int status _unused_) {
        struct folder_watch *w = container_of(uv, struct eye, uv)->watch;
        int64_t now_ms = clock_mono_ms();

        if (w->first_ms == 0)
                w->first_ms = now_ms;
        if (now_ms - w->first_ms < PATIENCE * w->config.settle_ms)
                loop_timer_set(&w->settle, w->config.settle_ms);
}

static void on_eye_closed(uv_handle_t *h) {
        free(container_of((uv_fs_event_t *)h, struct eye, uv));
}

static void free_folders(struct folders *f) {
        for (size_t i = 0; f && i < f->n; i++)
                free(f->paths[i]);
        free(f);
}

/* What was to be watched next, which is F from now on. */
static struct folders *swap_next(struct folder_watch *w, struct folders *f) {
        struct folders *before;

        pthread_mutex_lock(&w->lock);
        before = w->next;
        w->next = f;
        pthread_mutex_unlock(&w->lock);
        return before;
}

static void open_eye(struct folder_watch *w, const char *path) {
        struct eye *e = calloc(1, sizeof(*e));

        if (!e)
                abort();
        e->watch = w;
        uv_fs_event_init(loop_uv(w->loop), &e->uv);
        if (uv_fs_event_start(&e->uv, on_change, path, 0) < 0) {
                uv_close((uv_handle_t *)&e->uv, on_eye_closed);
                return;
        }
        e->next = w->eyes;
        w->eyes = e;
}

static void close_eyes(struct folder_watch *w) {
        struct eye *next;

        for (struct eye *e = TAKE(w->eyes); e; e = next) {
                next = e->next;
                uv_close((uv_handle_t *)&e->uv, on_eye_closed);
        }
}

static void on_folders(void *arg) {
        struct folder_watch *w = arg;
        struct folders *f = w->ended ? NULL : swap_next(w, NULL);

        if (!f)
                return;
        close_eyes(w);
        for (size_t i = 0; i < f->n; i++)
                open_eye(w, f->paths[i]);
        free_folders(f);
}

void folder_watch_set(struct folder_watch *w, const char *const *folders, size_t n) {
        struct folders *f = calloc(1, sizeof(*f) + n * sizeof(char *));

        if (!f)
                abort();
        for (; f->n < n; f->n++) {
                f->paths[f->n] = strdup(folders[f->n]);
                if (!f->paths[f->n])
                        abort();
        }
        free_folders(swap_next(w, f));
        loop_post(w->loop, on_folders, w);
}

static void on_begin(void *arg) {
        struct folder_watch *w = arg;

        loop_timer_init(&w->settle, w->loop, on_settled, w);
        loop_timer_init(&w->poll, w->loop, on_poll, w);
        loop_timer_set(&w->poll, w->config.poll_ms);
}

int folder_watch_new(const struct folder_watch_config *config, struct folder_watch **ret,
                     struct err *err) {
        _cleanup_(folder_watch_freep) struct folder_watch *w = calloc(1, sizeof(*w));

        if (!w)
                abort();
        w->config = *config;
        pthread_mutex_init(&w->lock, NULL);
        if (loop_new("folder", &w->loop, err) < 0 || pool_new("look", 1, &w->pool, err) < 0)
                return -1;
        loop_post(w->loop, on_begin, w);
        loop_start(w->loop);
        *ret = TAKE(w);
        return 0;
}

static void on_end(void *arg) {
        struct folder_watch *w = arg;

        w->ended = true;
        close_eyes(w);
        loop_timer_close(&w->settle, NULL);
        loop_timer_close(&w->poll, NULL);
}

struct folder_watch *folder_watch_free(struct folder_watch *w) {
        if (!w)
                return NULL;
        if (w->loop && loop_is_started(w->loop)) {
                loop_post(w->loop, on_end, w);
                loop_stop(w->loop);
        }
        pool_free(w->pool);
        loop_free(w->loop);
        free_folders(w->next);
        pthread_mutex_destroy(&w->lock);
        free(w);
        return NULL;
}
