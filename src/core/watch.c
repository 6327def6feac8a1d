/*
 * Watching over the game: comes round every few seconds.
 *
 * The reader reads the submissions since the last look, and makes a command of each pair of
 * accounts that has enough in common.  What it remembers is a window on the store: it begins anew,
 * with the last submissions that there are, at a start, when a command failed, and when submissions
 * were deleted.  To find a pair again changes nothing, so several daemons may look at the same.
 *
 * The commit thread looks how the challenges fare, which it knows.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "core/watch_impl.h"
#include "core/window.h"
#include "store/game.h"

#define WATCH_MS    5000
#define PAGE        500
#define SNAPSHOT_MS INT64_C(3600000)

struct watch {
        struct query query;
        struct engine *engine;
        _Atomic(bool) looking, anew;
        /* The reader's, while it looks. */
        struct window *window;
        int64_t last_id, last_seq; /* of the submissions in it; 0: none */
        /* The commit thread's. */
        bool checking;
        int64_t snapshot_ms; /* the hour that was written down last */
};

struct watch *watch_new(struct engine *e) {
        struct watch *w = calloc(1, sizeof(*w));

        if (!w)
                abort();
        w->engine = e;
        w->window = window_new();
        return w;
}

struct watch *watch_free(struct watch *w) {
        if (w)
                window_free(w->window);
        free(w);
        return NULL;
}

void watch_anew(struct engine *e) { e->watch->anew = true; }

/* --- suspicions: on the reader's thread --- */

/* Organisers try things out; what they hand in is nobody's work.  What would be deleted as too old
 * once it was judged is not found again. */
static bool is_left_out(const struct watch *w, const struct submission *s) {
        int64_t keep_ms = w->engine->config.retention_ms;
        const struct user *u;
        bool staff;

        if (keep_ms && s->at_ms < clock_now_ms() - keep_ms)
                return true;
        read_model_lock(w->engine->model);
        u = read_model_user(w->engine->model, s->user);
        staff = u && u->role >= ROLE_ORGANISER;
        read_model_unlock(w->engine->model);
        return staff;
}

struct page {
        struct watch *watch;
        int64_t last, n;
};

static int add(void *arg, const struct submission *s, _unused_ struct err *err) {
        struct page *p = arg;
        struct watch *w = p->watch;

        if (!is_left_out(w, s))
                window_add(w->window, s);
        p->last = w->last_id = s->id;
        w->last_seq = s->seq;
        p->n++;
        return 0;
}

/* Is the last one that was read still there?  Else ids may have begun anew. */
static int is_unbroken(const struct watch *w, struct tx *tx, bool *ret, struct err *err) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct submission s;

        *ret = true;
        if (w->last_id == 0)
                return 0;
        if (submissions_get(tx, w->last_id, &arena, &s, err) == 0) {
                *ret = s.seq == w->last_seq;
                return 0;
        }
        *ret = false;
        return err->kind == ERR_NOT_FOUND ? 0 : -1;
}

static int read_new(struct watch *w, struct tx *tx, struct err *err) {
        struct page page = { .watch = w };
        bool unbroken;
        int64_t newest;

        if (is_unbroken(w, tx, &unbroken, err) < 0 || submissions_last(tx, &newest, err) < 0)
                return -1;
        if (w->anew || !unbroken) {
                w->anew = false;
                window_clear(w->window);
                w->last_id = w->last_seq = 0;
        }
        page.last = w->last_id;
        if (page.last < newest - WINDOW_MOST)
                page.last = newest - WINDOW_MOST;
        do {
                page.n = 0;
                if (submissions_since(tx, page.last, PAGE, add, &page, err) < 0)
                        return -1;
        } while (page.n == PAGE);
        return 0;
}

static void on_found(void *arg, const struct suspicion *s) {
        const struct watch *w = arg;
        const struct tenant_game *game;
        int64_t threshold = GAME_THRESHOLD_DEFAULT;

        read_model_lock(w->engine->model);
        game = read_model_game(w->engine->model, s->tenant);
        if (game)
                threshold = game->rules.threshold;
        read_model_unlock(w->engine->model);
        if (s->certainty >= threshold)
                suspicion_submit(w->engine, s);
}

static int look_run(struct query *q, struct tx *tx, struct err *err) {
        struct watch *w = container_of(q, struct watch, query);

        if (read_new(w, tx, err) < 0)
                return -1;
        window_find(w->window, on_found, w);
        return 0;
}

static void look_done(struct query *q) {
        struct watch *w = container_of(q, struct watch, query);

        if (q->result < 0) {
                w->anew = true;
                log_warn("submissions cannot be compared", LOG_TEXT("error", q->err.msg));
        }
        w->looking = false;
}

static void look(struct watch *w) {
        if (w->looking)
                return;
        w->looking = true;
        w->query = (struct query){ .run = look_run, .done = look_done };
        engine_query(w->engine, &w->query);
}

/* --- health: on the commit thread --- */

static void on_checked(struct engine *e, int64_t snapshot_ms, bool good) {
        struct watch *w = e->watch;

        w->checking = false;
        if (good && snapshot_ms)
                w->snapshot_ms = snapshot_ms;
}

static void check_health(struct watch *w, int64_t now_ms) {
        int64_t hour_ms = now_ms - now_ms % SNAPSHOT_MS, how_many[_HEALTH_N];
        bool changed = health_changed(w->engine->model, now_ms, how_many);

        for (int s = 0; s < _HEALTH_N; s++)
                metric_set(METRIC_CHALLENGES, (double)how_many[s],
                           health_state_name((enum health_state)s));
        if (w->checking || (!changed && w->snapshot_ms == hour_ms))
                return;
        w->checking = true;
        health_submit(w->engine, w->snapshot_ms == hour_ms ? 0 : hour_ms, on_checked);
}

void watch_due(struct engine *e, int64_t now_ms) {
        int64_t every_ms = e->config.watch_ms ? e->config.watch_ms : WATCH_MS;

        heap_put(&e->timers, &e->look, now_ms + every_ms);
        if (e->draining)
                return;
        look(e->watch);
        check_health(e->watch, now_ms);
}

void watch_note(struct engine *e, const struct event *event) {
        read_model_note(e->model, event);
        if (event->action == ACTION_GAME_RESET || event->action == ACTION_SUBMISSION_DELETED)
                watch_anew(e);
}
