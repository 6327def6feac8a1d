/* The commit thread: batches of commands, one transaction each. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "core/engine_impl.h"

void command_fail(struct command *cmd, const struct err *err) {
        cmd->result = -1;
        cmd->err = *err;
        if (cmd->done)
                cmd->done(cmd);
}

bool engine_closed(struct engine *e) {
        bool closed;

        pthread_mutex_lock(&e->lock);
        closed = e->closed;
        pthread_mutex_unlock(&e->lock);
        return closed;
}

void engine_submit(struct engine *e, struct command *cmd) {
        struct err err;
        bool closed;

        cmd->next = NULL;
        pthread_mutex_lock(&e->lock);
        closed = e->closed;
        if (!closed) {
                *e->end = cmd;
                e->end = &cmd->next;
                pthread_cond_signal(&e->wake);
        }
        pthread_mutex_unlock(&e->lock);
        if (!closed)
                return;
        err_set(&err, ERR_UNAVAILABLE, "the daemon is stopping");
        command_fail(cmd, &err);
}

struct call {
        pthread_mutex_t lock;
        pthread_cond_t wake;
        bool done;
};

static void call_done(struct command *cmd) {
        struct call *c = cmd->arg;

        pthread_mutex_lock(&c->lock);
        c->done = true;
        pthread_cond_signal(&c->wake);
        pthread_mutex_unlock(&c->lock);
}

int engine_call(struct engine *e, struct command *cmd, struct err *err) {
        struct call c = { .lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER };

        cmd->done = call_done;
        cmd->arg = &c;
        engine_submit(e, cmd);
        pthread_mutex_lock(&c.lock);
        while (!c.done)
                pthread_cond_wait(&c.wake, &c.lock);
        pthread_mutex_unlock(&c.lock);
        if (cmd->result < 0)
                *err = cmd->err;
        return cmd->result;
}

/* Takes what waits, at most BATCH_MAX; waits for it until UNTIL_MS.  False when the engine is
 * closed and nothing is left. */
static bool take(struct engine *e, int64_t until_ms, struct command **ret, size_t *n) {
        struct command **at;
        struct timespec ts;
        int64_t wait_ms = until_ms - clock_now_ms();

        clock_gettime(CLOCK_MONOTONIC, &ts);
        if (wait_ms > 0) {
                ts.tv_sec += wait_ms / 1000;
                ts.tv_nsec += wait_ms % 1000 * 1000000;
                ts.tv_sec += ts.tv_nsec / 1000000000;
                ts.tv_nsec %= 1000000000;
        }
        pthread_mutex_lock(&e->lock);
        while (!e->first && !e->closed)
                if (pthread_cond_timedwait(&e->wake, &e->lock, &ts) == ETIMEDOUT)
                        break;
        *ret = e->first;
        for (at = &e->first, *n = 0; *at && *n < BATCH_MAX; at = &(*at)->next)
                ++*n;
        e->first = *at;
        *at = NULL;
        if (!e->first)
                e->end = &e->first;
        pthread_mutex_unlock(&e->lock);
        return *ret || !e->closed;
}

static void drop_changes(struct change *first) {
        for (struct change *c = first; c; c = c->next)
                if (c->kind == CHANGE_CHALLENGE)
                        challenge_unref(c->challenge);
}

/* Undoes what a verb did: in the store, in the chain, and among the changes. */
struct mark {
        struct chain chain;
        struct change **end;
};

static struct mark mark(const struct work *w) { return (struct mark){ w->chain, w->end }; }

static int undo(struct work *w, const struct mark *m, struct err *err) {
        drop_changes(*m->end);
        w->chain = m->chain;
        w->end = m->end;
        *w->end = NULL;
        return tx_rollback(w->tx, err);
}

typedef int step_fn(struct command *cmd, struct work *w, const struct err *why, struct err *err);

/* Runs STEP of CMD in a savepoint.  -1 only when the transaction itself is broken. */
static int run_saved(struct command *cmd, struct work *w, step_fn *step, const struct err *why,
                     int *result, struct err *verdict, struct err *err) {
        struct mark m = mark(w);

        if (tx_savepoint(w->tx, err) < 0)
                return -1;
        *result = step(cmd, w, why, verdict);
        return *result == 0 ? tx_release(w->tx, err) : undo(w, &m, err);
}

/* The same without a savepoint, for which nearly no command has a need: what is refused is refused
 * before it writes.  -1, too, where that was not so: the batch is spoiled. */
static int run_bare(struct command *cmd, struct work *w, step_fn *step, const struct err *why,
                    int *result, struct err *verdict, struct err *err) {
        unsigned writes = tx_writes(w->tx);
        struct change **end = w->end;

        *result = step(cmd, w, why, verdict);
        if (!tx_failed(w->tx) && (*result == 0 || (tx_writes(w->tx) == writes && w->end == end)))
                return 0;
        w->spoiled = true;
        return err_set(err, ERR_UNAVAILABLE, "a command failed after it had written");
}

/* What it did is in the games at once, for the next of the batch. */
static int run_step(struct command *cmd, struct work *w, step_fn *step, const struct err *why,
                    int *result, struct err *verdict, struct err *err) {
        struct change **from = w->end;
        int r = w->careful ? run_saved(cmd, w, step, why, result, verdict, err) :
                             run_bare(cmd, w, step, why, result, verdict, err);

        for (const struct change *c = r == 0 ? *from : NULL; c; c = c->next)
                games_apply(w->games, c);
        return r;
}

static int step_run(struct command *cmd, struct work *w, _unused_ const struct err *why,
                    struct err *err) {
        return cmd->run(cmd, w, err);
}

static int run_one(struct command *cmd, struct work *w, struct err *err) {
        struct err ignored;
        int result;

        if (run_step(cmd, w, step_run, NULL, &cmd->result, &cmd->err, err) < 0)
                return -1;
        if (cmd->result == 0 || !cmd->refused)
                return 0;
        return run_step(cmd, w, cmd->refused, &cmd->err, &result, &ignored, err);
}

static int64_t unsigned_rows(const struct work *w) {
        return w->chain.seq - (w->signed_seq ? w->signed_seq : w->engine->checkpoint_seq);
}

int work_checkpoint(struct work *w, struct err *err) {
        struct checkpoint c = { .seq = w->chain.seq, .at_ms = w->now_ms };

        if (unsigned_rows(w) == 0)
                return 0;
        memcpy(c.hash, w->chain.hash, sizeof(c.hash));
        checkpoint_sign(&c, w->engine->config.audit_secret);
        if (checkpoints_insert(w->tx, &c, err) < 0)
                return -1;
        w->signed_seq = c.seq;
        return 0;
}

static int batch(struct engine *e, struct work *w, struct command *first, struct err *err) {
        _cleanup_(tx_endp) struct tx *tx = NULL;

        if (tx_begin(e->db, &tx, err) < 0)
                return -1;
        w->tx = tx;
        if (chain_lock(tx, &w->chain, err) < 0 || engine_tail(e, w, err) < 0)
                return -1;
        w->now_ms = clock_now_ms(); /* not before: another daemon may have kept the lock */
        for (struct command *c = first; c; c = c->next) {
                if (run_one(c, w, err) < 0)
                        return -1;
                if (unsigned_rows(w) >= CHECKPOINT_ROWS && work_checkpoint(w, err) < 0)
                        return -1;
        }
        if (w->chain.seq != e->applied_seq &&
            (chain_write(tx, &w->chain, err) < 0 || tx_notify(tx, err) < 0))
                return -1;
        /* What a commit without an answer wrote is tailed by the next batch. */
        return tx_commit(&tx, err);
}

static void work_begin(struct engine *e, struct work *w, bool careful) {
        *w = (struct work){
                .engine = e,
                .model = e->model,
                .games = &e->games,
                .arena = &e->arena,
                .batch = ++e->batches,
                .careful = careful,
        };
        w->end = &w->first;
}

/* Of a batch that is not committed. */
static void discard(struct engine *e, struct work *w) {
        drop_changes(w->first);
        games_copy(&e->games, read_model_games(e->model));
}

/* Bare first; one command that has to be undone alone makes all of them run again, with care. */
static int try_batch(struct engine *e, struct work *w, struct command *first, struct err *err) {
        work_begin(e, w, false);
        if (!e->store_good && db_ping(e->db, err) < 0)
                return -1;
        if (batch(e, w, first, err) == 0)
                return 0;
        if (!w->spoiled)
                return -1;
        discard(e, w);
        work_begin(e, w, true);
        return batch(e, w, first, err);
}

static void run_batch(struct engine *e, struct command *first, size_t n) {
        int64_t began_us = clock_mono_us();
        struct command *next;
        struct work w;
        struct err err;

        if (try_batch(e, &w, first, &err) < 0) {
                e->store_good = false;
                log_error("a batch failed", LOG_TEXT("error", err.msg),
                          LOG_INT("commands", (int64_t)n));
                discard(e, &w);
                for (; first; first = next) {
                        next = first->next;
                        command_fail(first, &err);
                }
                arena_done(&e->arena);
                return;
        }
        e->store_good = true;
        e->applied_seq = w.chain.seq;
        if (w.signed_seq)
                e->checkpoint_seq = w.signed_seq;
        if (e->checkpoint_seq == e->applied_seq)
                e->unsigned_since_ms = 0;
        else if (e->unsigned_since_ms == 0)
                e->unsigned_since_ms = w.now_ms;
        engine_apply(e, w.first, w.now_ms);
        metric_observe(METRIC_BATCH, (double)n);
        metric_observe(METRIC_BATCH_TIME, (double)(clock_mono_us() - began_us) / 1e6);
        for (; first; first = next) {
                next = first->next; /* done() may free it */
                if (first->done)
                        first->done(first);
        }
        arena_done(&e->arena);
}

void *commit_thread(void *engine) {
        struct engine *e = engine;
        struct command *first;
        int64_t until_ms;
        size_t n;

        for (;;) {
                struct heap_node *due = heap_first(&e->timers);

                until_ms = due ? due->at_ms : clock_now_ms() + TICK_MS;
                if (!take(e, until_ms, &first, &n))
                        break;
                if (first)
                        run_batch(e, first, n);
                track_due(e, clock_now_ms());
        }
        return NULL;
}
