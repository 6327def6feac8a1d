#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/str.h"
#include "core/engine_impl.h"
#include "core/verbs.h"
#include "model/seal.h"
#include "os/thread.h"

static void slots_init(struct engine *e) {
        const struct engine_config *c = &e->config;

        e->n_slots = c->n_runtimes;
        for (size_t i = 0; i < c->n_runtimes; i++) {
                struct slot *s = &e->slots[i];

                *s = (struct slot){
                        .engine = e,
                        .rt = c->runtimes[i].rt,
                        .name = runtime_name(c->runtimes[i].rt),
                        .capacity = c->runtimes[i].capacity,
                        .max_starts = c->runtimes[i].starts,
                        .max_stops = c->runtimes[i].stops,
                };
                s->starts.end = &s->starts.first;
                s->stops.end = &s->stops.first;
        }
}

/* The store remembers whose signatures it carries: another key must not go on with its chain. */
static int check_keys(struct engine *e, struct tx *tx, struct arena *arena, struct err *err) {
        char mine[2 * SIGN_PUBLIC + 1];
        const char *stored;

        /* An Ed25519 secret key ends with its public one (RFC 8032, as libsodium lays it out). */
        hex_encode(e->config.audit_secret + SIGN_SECRET - SIGN_PUBLIC, SIGN_PUBLIC, mine);
        if (meta_put_once(tx, "audit_public_key", mine, arena, &stored, err) < 0)
                return -1;
        if (strcmp(stored, mine) != 0)
                return err_set(
                        err, ERR_INVALID,
                        "the store was signed with another audit key: put back the audit.key "
                        "that belongs to it (its public key is %s)",
                        stored);
        return 0;
}

static int open_store(struct engine *e, struct err *err) {
        _cleanup_arena_ struct arena arena = { 0 };
        _cleanup_(tx_endp) struct tx *tx = NULL;

        if (store_open(e->config.store_url, &e->db, err) < 0 ||
            store_open_reader(e->config.store_url, &e->reader_db, err) < 0)
                return -1;
        if (tx_begin(e->db, &tx, err) < 0 || check_keys(e, tx, &arena, err) < 0 ||
            engine_load(e, tx, err) < 0)
                return -1;
        return tx_commit(&tx, err);
}

int engine_open(const struct engine_config *config, struct engine **ret, struct err *err) {
        _cleanup_(engine_freep) struct engine *e = calloc(1, sizeof(*e));
        pthread_condattr_t attr;

        if (!e)
                abort();
        assert(config->n_runtimes > 0 && config->n_runtimes <= ENGINE_RUNTIMES_MAX);
        e->config = *config;
        str_copy(e->worker, sizeof(e->worker), config->worker);
        pthread_mutex_init(&e->lock, NULL);
        pthread_mutex_init(&e->health_lock, NULL);
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&e->wake, &attr);
        pthread_condattr_destroy(&attr);
        e->end = &e->first;
        e->model = read_model_new();
        e->port_hint = config->port_from;
        e->store_good = true;
        e->flags = flags_new(config->master_key);
        e->watch = watch_new(e);
        slots_init(e);
        if (pool_new("job", config->threads, &e->pool, err) < 0 ||
            pool_new("reader", 1, &e->reader, err) < 0 ||
            pool_new("watch", (unsigned)config->n_runtimes, &e->watchers, err) < 0 ||
            open_store(e, err) < 0)
                return -1;
        *ret = TAKE(e);
        return 0;
}

/* Doors of what runs: from the store alone, so that players are connected again even while the
 * engine is down.  Reconciliation mends addresses that changed. */
static void open_doors(struct engine *e) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct lease *leases;
        const struct lease *l;
        size_t n = 0, at = 0;
        struct err err;

        read_model_lock(e->model);
        leases = arena_alloc(&arena,
                             (read_model_count(e->model, LEASE_RUNNING) + 1) * sizeof(*leases));
        while ((l = read_model_next(e->model, 0, &at)))
                if (l->state == LEASE_RUNNING && strcmp(l->worker, e->worker) == 0)
                        leases[n++] = *l;
        read_model_unlock(e->model);
        for (size_t i = 0; i < n; i++)
                if (doors_open(e, &leases[i], &err) < 0)
                        log_warn("a door cannot be opened", LOG_TEXT("lease", leases[i].id),
                                 LOG_TEXT("error", err.msg));
}

static int run_nothing(_unused_ struct command *cmd, _unused_ struct work *w,
                       _unused_ struct err *err) {
        return 0; /* every batch begins with what other daemons wrote */
}

static void *tail_thread(void *engine) {
        struct engine *e = engine;

        while (!__atomic_load_n(&e->stop_watching, __ATOMIC_RELAXED))
                if (db_wait_notice(e->tail_db, TICK_MS))
                        own_submit(e, "", run_nothing);
        return NULL;
}

int engine_start(struct engine *e, struct err *err) {
        int64_t now_ms = clock_now_ms();

        if (strcmp(db_name(e->db), "postgres") == 0 &&
            store_open_reader(e->config.store_url, &e->tail_db, err) < 0)
                return -1;
        e->reacting = true;
        heap_put(&e->timers, &e->tick, now_ms);
        heap_put(&e->timers, &e->sweep, now_ms);
        heap_put(&e->timers, &e->look, now_ms);
        track_all(e);
        if (thread_start("commit", commit_thread, e, &e->thread, err) < 0)
                return -1;
        e->has_thread = true;
        if (e->tail_db) {
                if (thread_start("tail", tail_thread, e, &e->tail_thread, err) < 0) {
                        engine_stop(e, 0);
                        return -1;
                }
                e->has_tail = true;
        }
        for (size_t i = 0; i < e->n_slots; i++)
                reconcile_watch(e, &e->slots[i]);
        open_doors(e);
        return 0;
}

static int run_checkpoint(_unused_ struct command *cmd, struct work *w, struct err *err) {
        return work_checkpoint(w, err);
}

static void note_clock(struct engine *e) {
        int64_t jump_ms = clock_check();

        if (jump_ms == 0)
                return;
        e->clock_jumped_ms += jump_ms;
        metric_add(METRIC_CLOCK_JUMPS, 1);
        log_warn("the wall clock jumped; leases go on by the monotonic clock",
                 LOG_INT("by_ms", jump_ms));
}

void engine_tick(struct engine *e, int64_t now_ms) {
        int64_t wal_bytes = 0;

        heap_put(&e->timers, &e->tick, now_ms + TICK_MS);
        note_clock(e);
        for (int s = 0; s < LEASE_ENDED; s++)
                metric_set(METRIC_LEASES, (double)read_model_count(e->model, (enum lease_state)s),
                           lease_state_name((enum lease_state)s));
        metric_set(METRIC_QUEUE, (double)read_model_count(e->model, LEASE_PENDING));
        for (size_t i = 0; i < e->n_slots; i++) {
                metric_set(METRIC_BREAKER, runtime_breaker(e->slots[i].rt), e->slots[i].name);
                health_look(e, &e->slots[i]);
        }
        if (e->unsigned_since_ms && now_ms - e->unsigned_since_ms >= CHECKPOINT_MS)
                own_submit(e, "", run_checkpoint);
        if (!e->store_good)
                own_submit(e, "", run_nothing); /* a probe, so that /ready tells when it is back */
        read_model_begin(e->model);
        read_model_drop_ended(e->model, now_ms - KEEP_ENDED_MS);
        engine_rank_queues(e, now_ms); /* estimates go by the clock */
        read_model_end(e->model);
        engine_show_boards(e, now_ms);
        db_idle(e->db, &wal_bytes);
        metric_set(METRIC_WAL, (double)wal_bytes);
}

void engine_sweep(struct engine *e, int64_t now_ms) {
        heap_put(&e->timers, &e->sweep, now_ms + e->config.sweep_ms);
        track_all(e);
        for (size_t i = 0; i < e->n_slots; i++)
                reconcile_begin(e, &e->slots[i]);
}

/* Waits for the jobs in flight, whose last commands the commit thread still takes. */
static void drain(struct engine *e, int64_t timeout_ms) {
        int64_t until_ms = clock_mono_ms() + timeout_ms;

        while (pool_load(e->pool) > 0 && clock_mono_ms() < until_ms) {
                struct timespec ts = { .tv_nsec = 20000000 };

                nanosleep(&ts, NULL);
        }
}

/* The last batch: starts that are still under way are told to stop where they are, and go on at
 * the next start of a daemon. */
static int run_last(_unused_ struct command *cmd, struct work *w, struct err *err) {
        track_give_up(w->engine);
        return work_checkpoint(w, err);
}

void engine_stop(struct engine *e, int64_t timeout_ms) {
        struct command last = { .run = run_last };
        struct err err;

        if (!e->has_thread)
                return;
        __atomic_store_n(&e->stop_watching, true, __ATOMIC_RELAXED);
        e->draining = true;
        drain(e, timeout_ms);
        if (engine_call(e, &last, &err) < 0)
                log_warn("the log's last rows are not signed", LOG_TEXT("error", err.msg));
        pthread_mutex_lock(&e->lock);
        e->closed = true;
        pthread_cond_signal(&e->wake);
        pthread_mutex_unlock(&e->lock);
        pthread_join(e->thread, NULL);
        if (e->has_tail)
                pthread_join(e->tail_thread, NULL);
        pool_stop(e->watchers);
        pool_stop(e->pool);
        pool_stop(e->reader);
        e->has_thread = false;
}

struct engine *engine_free(struct engine *e) {
        if (!e)
                return NULL;
        assert(!e->has_thread);
        pool_free(e->pool);
        pool_free(e->reader);
        pool_free(e->watchers);
        track_free(e);
        db_free(e->db);
        db_free(e->reader_db);
        db_free(e->tail_db);
        read_model_free(e->model);
        games_done(&e->games);
        flags_free(e->flags);
        watch_free(e->watch);
        arena_done(&e->arena);
        pthread_cond_destroy(&e->wake);
        pthread_mutex_destroy(&e->lock);
        pthread_mutex_destroy(&e->health_lock);
        free(e);
        return NULL;
}

struct read_model *engine_read_model(struct engine *e) {
        return e->model;
}
const char *engine_store_name(const struct engine *e) { return db_name(e->db); }

void engine_address_key(const struct engine *e, uint8_t ret[KEY_SIZE]) {
        static const char purpose[] = "berth address key";

        hmac_sha256(e->config.master_key, purpose, sizeof(purpose) - 1, ret);
}

void engine_stream_key(const struct engine *e, uint8_t ret[KEY_SIZE]) {
        static const char purpose[] = "berth stream key";

        hmac_sha256(e->config.master_key, purpose, sizeof(purpose) - 1, ret);
}

struct gate *engine_gate(struct engine *e) {
        return e->config.gate;
}
const char *engine_public_host(const struct engine *e) { return e->config.public_host; }

void engine_seal_key(const struct engine *e, int64_t tenant, uint8_t ret[KEY_SIZE]) {
        seal_key(e->config.master_key, tenant, ret);
}

struct runtime *engine_runtime(struct engine *e, const char *name) {
        struct slot *s = engine_slot(e, name);

        return s ? s->rt : NULL;
}

static void query_run(struct job *job) {
        struct query *q = container_of(job, struct query, job);
        _cleanup_(tx_endp) struct tx *tx = NULL;
        struct db *db = q->engine->reader_db;

        q->result = -1;
        if (db_ping(db, &q->err) == 0 && tx_begin(db, &tx, &q->err) == 0)
                q->result = q->run(q, tx, &q->err);
        tx = tx_end(tx);
        q->done(q);
}

void engine_query(struct engine *e, struct query *q) {
        bool closed;

        q->engine = e;
        q->job.run = query_run;
        pthread_mutex_lock(&e->lock); /* the pool takes jobs as long as the engine is not closed */
        closed = e->closed;
        if (!closed)
                pool_put(e->reader, &q->job);
        pthread_mutex_unlock(&e->lock);
        if (!closed)
                return;
        q->result = err_set(&q->err, ERR_UNAVAILABLE, "the daemon is stopping");
        q->done(q);
}

void engine_readiness(struct engine *e, struct readiness *ret) {
        *ret = (struct readiness){
                .store = e->store_good,
                .n_runtimes = e->n_slots,
                .clock_jumped_ms = e->clock_jumped_ms,
        };
        pthread_mutex_lock(&e->health_lock);
        for (size_t i = 0; i < e->n_slots; i++) {
                ret->runtimes[i].name = e->slots[i].name;
                ret->runtimes[i].health = e->slots[i].health;
        }
        pthread_mutex_unlock(&e->health_lock);
}
