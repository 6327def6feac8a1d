/*
 * The engine: one commit thread, the read model, and the jobs.
 *
 * Every state change is a command: a verb run by the commit thread inside a
 * transaction, with its events.  The thread takes all commands that wait, runs
 * them one after the other, commits once, applies the changes to the read model,
 * reacts to them (timers, doors, jobs), publishes them, and only then calls each
 * command's done().  Nothing is answered before its commit.
 *
 * Threads: engine_submit(), engine_call(), engine_query() and the read model's
 * shared lock may be used from any thread.  done() runs on the commit thread
 * and must not block; usually it is one http_resume().
 */
#pragma once

#include "base/crypto.h"
#include "gate/gate.h"
#include "model/challenge.h"
#include "model/event.h"
#include "os/pool.h"
#include "runtime/runtime.h"
#include "store/store.h"

struct engine;
struct read_model;
struct work; /* what a running verb may touch: core/work.h, for core only */

#define ENGINE_RUNTIMES_MAX 4

struct engine_runtime {
        struct runtime *rt;     /* owned by the caller, outlives the engine */
        int64_t capacity;       /* slots */
        unsigned starts, stops; /* calls in parallel */
};

/* What changed, as it is told to those who follow. */
struct notice {
        const struct event *event;
        const struct lease *lease; /* NULL: not about a lease */
};

struct engine_config {
        const char *store_url;
        struct engine_runtime runtimes[ENGINE_RUNTIMES_MAX]; /* the first is the default */
        size_t n_runtimes;
        struct gate *gate;       /* NULL: players connect to the engine's published ports */
        const char *public_host; /* in endpoints: where players reach the gate */
        uint16_t port_from, port_to;
        int64_t max_queue;  /* leases that wait, in all */
        const char *worker; /* this daemon's name among several on one store */
        int64_t sweep_ms;   /* between reconciliations */
        int64_t orphan_grace_ms;
        unsigned threads;     /* of the job pool */
        int64_t watch_ms;     /* between two looks at the game; 0: 5 s */
        int64_t retention_ms; /* for which snapshots of health, and suspicions that were judged
                                 innocent, are kept; 0: for ever */
        uint8_t master_key[KEY_SIZE];
        uint8_t audit_secret[SIGN_SECRET];
        /* Called on the commit thread after each commit, in order; must not block. */
        void (*on_notice)(void *arg, const struct notice *notices, size_t n);
        void *arg;
};

/* Opens the store, checks the keys against it, loads the read model.  Changes nothing on the
 * engines yet.  Fails as store_open(). */
_must_check_ int engine_open(const struct engine_config *config, struct engine **ret,
                             struct err *err);
/* Starts the threads: doors of running leases open, interrupted intents go on, reconciliation
 * begins. */
_must_check_ int engine_start(struct engine *e, struct err *err);
/* Begins no more jobs, waits for those in flight at most TIMEOUT_MS, commits what is there, joins.
 * Commands that come later fail UNAVAILABLE.  What was not finished goes on at the next start. */
void engine_stop(struct engine *e, int64_t timeout_ms);
struct engine *engine_free(struct engine *e);
DEFINE_CLEANUP(struct engine *, engine_free)

struct read_model *engine_read_model(struct engine *e);
const char *engine_store_name(const struct engine *e); /* "sqlite", "postgres" */
/* The key of hashes of addresses: the install's, so that all its daemons have the same. */
void engine_address_key(const struct engine *e, uint8_t ret[KEY_SIZE]);
/* The key of what lets a session's pages open the live stream; the install's as well. */
void engine_stream_key(const struct engine *e, uint8_t ret[KEY_SIZE]);

/* Who asks.  Identity comes from the credential, never from the request's body. */
struct origin {
        enum actor_kind kind;
        int64_t tenant, user;
        struct account account; /* that the user acts for; id 0: none */
        enum role role;
        char request_id[REQUEST_ID_SIZE];
};

struct command {
        struct command *next;
        struct origin origin;
        /* The verb.  Returns -1 with *err: what it did is undone.  It may run twice, from the
         * same state: one that fails after it has written makes its whole batch run again. */
        int (*run)(struct command *cmd, struct work *w, struct err *err);
        /* After a rollback: writes the refusal's event.  NULL: none. */
        int (*refused)(struct command *cmd, struct work *w, const struct err *why, struct err *err);
        void (*done)(struct command *cmd); /* after the commit; may be NULL */
        void *arg;                         /* the caller's own */
        int result;                        /* 0, or -1 with err */
        struct err err;
};

/* CMD must live until its done(). */
void engine_submit(struct engine *e, struct command *cmd);
/* Submits and waits.  Not on the commit thread, not on a loop.  Gives cmd->result. */
_must_check_ int engine_call(struct engine *e, struct command *cmd, struct err *err);

/* Reads of the store that the read model does not hold (old leases, the log): run on the reader's
 * thread, with a connection of its own. */
struct query {
        struct job job; /* first */
        struct engine *engine;
        int (*run)(struct query *q, struct tx *tx, struct err *err);
        void (*done)(struct query *q); /* on the reader's thread; the caller's after the stop */
        void *arg;
        int result;
        struct err err;
};
void engine_query(struct engine *e, struct query *q);

/* The key that wrong answers and stored flags of TENANT are sealed with (model/seal.h). */
void engine_seal_key(const struct engine *e, int64_t tenant, uint8_t ret[KEY_SIZE]);

/* For /ready, as it is known: no calls. */
struct readiness {
        bool store;
        struct {
                const char *name;
                struct runtime_health health; /* as of the last look, a second ago or so */
        } runtimes[ENGINE_RUNTIMES_MAX];
        size_t n_runtimes;
        int64_t clock_jumped_ms; /* since start; 0: never */
};
void engine_readiness(struct engine *e, struct readiness *ret);

/* The runtime a lease or challenge names ("" or NULL: the default); NULL when there is none. */
struct runtime *engine_runtime(struct engine *e, const char *name);
struct gate *engine_gate(struct engine *e);
const char *engine_public_host(const struct engine *e);
