#include "daemon/author.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "core/read_model.h"
#include "core/verbs.h"
#include "os/folder_watch.h"
#include "os/tree.h"

#define SETTLE_MS 300
#define POLL_MS   2000

struct author {
        struct author_config config;
        struct folder_watch *watch;
        pthread_mutex_t lock;       /* one reads at a time; for what follows */
        uint8_t print[SHA256_SIZE]; /* of the tree when it was last read to an end */
        bool started;               /* some set was taken */
        struct err last;            /* of the last try; msg "" when that went well */
};

/* The slugs that CTFG's numbers have already. */

struct known {
        struct map by_number;
        struct arena arena;
};

static void known_done(struct known *k) {
        map_done(&k->by_number);
        arena_done(&k->arena);
}

static void know(struct author *a, struct known *ret) {
        struct read_model *m = engine_read_model(a->config.engine);
        const struct challenge *c;
        int64_t at = 0;

        read_model_lock(m);
        while ((c = read_model_next_challenge(m, a->config.tenant, &at)))
                if (c->number)
                        map_put_id(&ret->by_number, c->number,
                                   arena_printf(&ret->arena, "%s", c->slug));
        read_model_unlock(m);
}

static const char *slug_of(void *arg, int64_t number) {
        const struct known *k = arg;

        return map_get_id(&k->by_number, number);
}

static int load(struct author *a, struct challenge_source *ret, struct err *err) {
        _cleanup_(known_done) struct known known = { 0 };
        const struct source_config config = { .tenant = a->config.tenant,
                                              .max_file_bytes = a->config.max_file_bytes,
                                              .slug_of = slug_of,
                                              .arg = &known };

        know(a, &known);
        return challenge_source_load(a->config.path, &config, ret, err);
}

/* What was found becomes what is played. */

static int store_files(struct author *a, const struct challenge_source *s, struct err *err) {
        for (size_t i = 0; i < s->n; i++)
                for (size_t k = 0; k < s->set[i]->n_files; k++) {
                        const struct attachment *f = &s->set[i]->files[k];

                        if (f->path && depot_import(a->config.depot, a->config.tenant, f->digest,
                                                    f->path, err) < 0)
                                return err_wrap(err, "%s: %s", s->set[i]->slug, f->name);
                }
        return 0;
}

static int take(struct author *a, const struct challenge_source *s, struct err *err) {
        struct challenges_sync sync = {
                .command.origin = { .kind = ACTOR_OPERATOR,
                                    .tenant = a->config.tenant,
                                    .role = ROLE_ADMIN },
                .set = s->set,
                .n = s->n,
                .whole = s->n_bad == 0,
        };

        if (store_files(a, s, err) < 0)
                return -1;
        challenges_sync_command(&sync);
        if (engine_call(a->config.engine, &sync.command, err) < 0)
                return -1;
        log_info("challenges read", LOG_TEXT("source", a->config.path),
                 LOG_INT("good", (int64_t)s->n), LOG_INT("refused", (int64_t)s->n_bad),
                 LOG_INT("added", (int64_t)sync.added), LOG_INT("changed", (int64_t)sync.changed),
                 LOG_INT("hidden", (int64_t)sync.hidden));
        return 0;
}

static void tell(struct author *a, const struct complaint *bad, size_t n) {
        for (size_t i = 0; i < n; i++)
                log_warn("a challenge is refused", LOG_TEXT("file", bad[i].file),
                         LOG_INT("line", bad[i].line), LOG_INT("column", bad[i].column),
                         LOG_TEXT("reason", bad[i].reason));
        source_status_tell(a->config.status, a->config.tenant, clock_now_ms(), bad, n);
}

/* Reads the source and takes what may be taken.  On -1 it is worth another try later. */
static int read_source(struct author *a, struct err *err) {
        _cleanup_source_ struct challenge_source s = { 0 };
        _cleanup_arena_ struct arena arena = { 0 };

        if (load(a, &s, err) < 0)
                return -1;
        tell(a, s.bad, s.n_bad);
        if (s.n_bad && s.is_file && !a->started)
                return err_set(err, ERR_INVALID, "%s", complaint_text(&s.bad[0], &arena));
        if (s.n_bad && a->started) {
                log_error("challenges stay as they were: mend what is refused first",
                          LOG_TEXT("source", a->config.path),
                          LOG_INT("problems", (int64_t)s.n_bad));
                return 0;
        }
        return take(a, &s, err);
}

/* With the lock held.  Does nothing when nothing has changed, unless ANYWAY. */
static int look_again(struct author *a, bool anyway, struct err *err) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct tree tree;

        if (tree_look(a->config.path, &arena, &tree, err) < 0)
                return -1;
        if (!anyway && memcmp(tree.print, a->print, sizeof(a->print)) == 0)
                return 0;
        /* Before it is read: a change meanwhile is seen, or leads to another print. */
        folder_watch_set(a->watch, tree.folders, tree.n_folders);
        if (read_source(a, err) < 0)
                return -1;
        memcpy(a->print, tree.print, sizeof(a->print));
        return 0;
}

static void look(struct author *a, bool anyway) {
        struct complaint problem = { .file = a->config.path };
        struct err err;

        pthread_mutex_lock(&a->lock);
        if (look_again(a, anyway, &err) == 0) {
                a->last.msg[0] = '\0';
        } else if (strcmp(err.msg, a->last.msg) != 0) { /* it is tried again and again */
                a->last = err;
                problem.reason = err.msg;
                log_error("challenges stay as they were", LOG_TEXT("error", err.msg));
                source_status_tell(a->config.status, a->config.tenant, clock_now_ms(), &problem, 1);
        }
        pthread_mutex_unlock(&a->lock);
}

static void on_look(void *arg) { look(arg, false); }

void author_reload(struct author *a) { look(a, true); }

int author_new(const struct author_config *config, struct author **ret, struct err *err) {
        _cleanup_(author_freep) struct author *a = calloc(1, sizeof(*a));
        const struct folder_watch_config watch = {
                .settle_ms = SETTLE_MS, .poll_ms = POLL_MS, .look = on_look, .arg = a
        };
        int r;

        if (!a)
                abort();
        a->config = *config;
        pthread_mutex_init(&a->lock, NULL);
        pthread_mutex_lock(&a->lock);
        r = folder_watch_new(&watch, &a->watch, err) < 0 ? -1 : look_again(a, true, err);
        a->started = r == 0;
        pthread_mutex_unlock(&a->lock);
        if (r < 0)
                return -1;
        *ret = TAKE(a);
        return 0;
}

struct author *author_free(struct author *a) {
        if (!a)
                return NULL;
        folder_watch_free(a->watch);
        pthread_mutex_destroy(&a->lock);
        free(a);
        return NULL;
}
