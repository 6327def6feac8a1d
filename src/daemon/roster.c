#include "daemon/roster.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "cli/progress.h"
#include "core/read_model.h"
#include "core/verbs.h"
#include "model/credentials.h"
#include "os/file.h"

#define WORKERS_MAX 16

/* What the workers share. */
struct roster {
        struct engine *engine;
        int64_t tenant;
        const struct credential **rows; /* those to make */
        size_t n;
        struct progress *progress;
        atomic_size_t next, done;
        atomic_bool failed;
        pthread_mutex_t lock;
        struct err err; /* of the first that failed */
};

struct worker {
        struct job job;
        struct roster *roster;
};

static void fail(struct roster *r, const struct credential *row, struct err *err) {
        pthread_mutex_lock(&r->lock);
        if (!atomic_exchange(&r->failed, true)) {
                r->err = *err;
                err_wrap(&r->err, "line %d", row->line);
        }
        pthread_mutex_unlock(&r->lock);
}

static void make(struct roster *r, const struct credential *row) {
        struct user_create create = {
                .command.origin = { .kind = ACTOR_OPERATOR,
                                    .tenant = r->tenant,
                                    .role = ROLE_ADMIN },
                .user.role = ROLE_PLAYER,
        };
        struct err err;

        str_copy(create.user.name, sizeof(create.user.name), row->name);
        password_hash(row->password, create.password);
        user_create_command(&create);
        if (engine_call(r->engine, &create.command, &err) < 0 && err.kind != ERR_CONFLICT)
                fail(r, row, &err); /* CONFLICT: another daemon has just read the same file */
        progress_say(r->progress, "Users of the credentials file: %zu of %zu",
                     atomic_fetch_add(&r->done, 1) + 1, r->n);
}

static void work(struct job *job) {
        struct roster *r = container_of(job, struct worker, job)->roster;
        size_t i;

        while (!atomic_load(&r->failed) && (i = atomic_fetch_add(&r->next, 1)) < r->n)
                make(r, r->rows[i]);
}

/* On as many threads as there are cores. */
static int make_all(struct roster *r, struct err *err) {
        _cleanup_(pool_freep) struct pool *pool = NULL;
        struct worker workers[WORKERS_MAX];
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        unsigned n = cores < 1 ? 1 : cores > WORKERS_MAX ? WORKERS_MAX : (unsigned)cores;

        if (pool_new("roster", n, &pool, err) < 0)
                return -1;
        r->progress = progress_begin("Users of the credentials file");
        for (unsigned i = 0; i < n; i++) {
                workers[i] = (struct worker){ .job.run = work, .roster = r };
                pool_put(pool, &workers[i].job);
        }
        pool_stop(pool);
        r->progress = progress_end(r->progress);
        if (!atomic_load(&r->failed))
                return 0;
        *err = r->err;
        return -1;
}

static void find_missing(struct roster *r, const struct credentials *c) {
        struct read_model *m = engine_read_model(r->engine);

        read_model_lock(m);
        for (size_t i = 0; i < c->n; i++)
                if (!read_model_user_by_name(m, r->tenant, c->rows[i].name))
                        r->rows[r->n++] = &c->rows[i];
        read_model_unlock(m);
}

static int refuse(const struct credentials *c, struct arena *arena, struct err *err) {
        for (size_t i = 0; i < c->n_bad; i++)
                log_error("a row of the credentials is refused", LOG_TEXT("file", c->bad[i].file),
                          LOG_INT("line", c->bad[i].line), LOG_TEXT("reason", c->bad[i].reason));
        return err_set(err, ERR_INVALID, "%s%s", complaint_text(&c->bad[0], arena),
                       c->n_bad > 1 ? ", and more rows like it" : "");
}

static int load(struct roster *r, const char *file, char *text, size_t n, struct arena *arena,
                struct err *err) {
        struct credentials c;

        credentials_parse(file, text, n, arena, &c);
        if (c.n_bad)
                return refuse(&c, arena, err);
        r->rows = arena_alloc(arena, (c.n + 1) * sizeof(*r->rows));
        find_missing(r, &c);
        if (r->n && make_all(r, err) < 0)
                return err_wrap(err, "%s", file);
        log_info("credentials read", LOG_TEXT("file", file), LOG_INT("users", (int64_t)c.n),
                 LOG_INT("made", (int64_t)r->n));
        return 0;
}

int roster_load(struct engine *e, const char *file, int64_t tenant, struct err *err) {
        struct roster r = { .engine = e, .tenant = tenant };
        _cleanup_arena_ struct arena arena = { 0 };
        char *text;
        size_t n;
        int result;

        if (file_read(file, CREDENTIALS_FILE_MAX, &arena, &text, &n, err) < 0)
                return -1;
        pthread_mutex_init(&r.lock, NULL);
        result = load(&r, file, text, n, &arena, err);
        pthread_mutex_destroy(&r.lock);
        explicit_bzero(text, n);
        return result;
}
