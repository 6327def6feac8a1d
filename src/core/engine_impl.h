/*
 * The inside of the engine, shared by the files of core/.
 *
 * Everything below "commit thread" belongs to that thread; jobs get copies
 * and answer with commands.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/heap.h"
#include "base/map.h"
#include "core/flags.h"
#include "core/work.h"
#include "os/pool.h"

#define BATCH_MAX       1024
#define CLAIM_MS        120000 /* an intent's worker is taken for dead after this */
#define KEEP_ENDED_MS   600000 /* ended leases stay in the read model */
#define CHECKPOINT_ROWS 900    /* a command's own rows may come on top: at least every 1,000 */
#define CHECKPOINT_MS   60000
#define TICK_MS         1000

enum job_kind { JOB_NONE, JOB_START, JOB_STOP };

/* What the commit thread knows of a live lease beside the lease itself. */
struct tracked {
        struct heap_node timer; /* its deadline, or when its intent may go on */
        char id[LEASE_ID_SIZE];
        enum job_kind job;               /* queued or running */
        bool running;                    /* the job is on a worker */
        uint16_t ports[LEASE_PORTS_MAX]; /* where it may have doors */
        int64_t not_before_ms;
        _Atomic(bool) cancel; /* read by the job between its steps */
        struct tracked *next; /* in its slot's queue */
};

struct tracked_queue {
        struct tracked *first, **end;
        unsigned running;
};

/* One runtime, with its parallel calls. */
struct slot {
        struct engine *engine;
        struct runtime *rt;
        const char *name;
        int64_t capacity;
        unsigned max_starts, max_stops;
        struct tracked_queue starts, stops;
        int64_t freed_ms, interval_ms; /* pace of the slots that came free, smoothed */
        _Atomic(bool) sweeping;        /* a reconciliation is under way */
        _Atomic(bool) looking;         /* a look at its health is under way */
        struct runtime_health health;  /* under engine->health_lock */
};

struct engine {
        struct engine_config config;
        char worker[32];
        struct read_model *model;
        struct pool *pool, *reader, *watchers;
        struct db *db;        /* the commit thread's */
        struct db *reader_db; /* the reader's */
        struct db *tail_db;   /* the tailer's; PostgreSQL only */
        pthread_t thread, tail_thread;
        bool has_thread, has_tail;
        bool stop_watching;     /* told to the followers of engine events and to the tailer */
        _Atomic(bool) draining; /* no new jobs: the engine is stopping */

        pthread_mutex_t lock; /* the queue of commands */
        pthread_cond_t wake;
        struct command *first, **end;
        bool closed; /* takes no more */

        pthread_mutex_t health_lock;
        _Atomic(bool) store_good;
        _Atomic(int64_t) clock_jumped_ms;

        /* Commit thread. */
        struct arena arena;
        struct games games; /* working copies */
        struct flags *flags;
        struct map tracked;
        struct heap timers;
        struct heap_node tick, sweep, look;
        struct watch *watch; /* watch.c */
        struct slot slots[ENGINE_RUNTIMES_MAX];
        size_t n_slots;
        unsigned jobs; /* in flight */
        uint16_t port_hint;
        uint64_t batches;
        int64_t applied_seq; /* last event in the read model */
        int64_t checkpoint_seq, unsigned_since_ms;
        bool reacting; /* engine_start() has been called */
};

/* engine.c: what comes round every second, and every sweep */
void engine_tick(struct engine *e, int64_t now_ms);
void engine_sweep(struct engine *e, int64_t now_ms);

/* commit.c */
void *commit_thread(void *engine);
void command_fail(struct command *cmd, const struct err *err);
bool engine_closed(struct engine *e);

/* apply.c: a committed batch goes into the read model, is reacted to and published. */
void engine_apply(struct engine *e, struct change *first, int64_t now_ms);
/* After LEASE was made or has ended. */
void engine_know_flag(struct engine *e, const struct lease *lease);
/* Boards that the time has come for. */
void engine_show_boards(struct engine *e, int64_t now_ms);
/* Place and estimate of those that wait, between read_model_begin() and its end. */
void engine_rank_queues(struct engine *e, int64_t now_ms);

/* C into the read model, between read_model_begin() and its end. */
void change_put(struct read_model *m, struct change *c);

/* load.c */
/* Puts every row of the store into the read model and the games, inside TX. */
_must_check_ int engine_load(struct engine *e, struct tx *tx, struct err *err);
/* All but leases and what was done in the games. */
_must_check_ int engine_load_nouns(struct engine *e, struct tx *tx, struct err *err);
/* Another daemon signs, too. */
_must_check_ int engine_load_checkpoint(struct engine *e, struct tx *tx, struct err *err);
/* C into the read model and the games. */
void engine_put(struct engine *e, struct change *c);

/* tail.c */
/* Applies what other daemons wrote since; first thing in a batch, under the chain's lock. */
_must_check_ int engine_tail(struct engine *e, struct work *w, struct err *err);

/* Is the claim of L's worker over, so that another daemon may go on with the intent? */
static inline bool claim_over(const struct lease *l, int64_t now_ms) {
        return now_ms >= l->retry_ms + (l->attempts > 0 ? CLAIM_MS : 0);
}

/* track.c: what follows from a lease's state */
void track_react(struct engine *e, const struct lease *lease);
void track_due(struct engine *e, int64_t now_ms); /* timers that came */
void track_all(struct engine *e);                 /* the safety net: looks at every live lease */
void track_job_done(struct engine *e, const char *lease, struct slot *slot, enum job_kind kind,
                    bool again);
struct slot *engine_slot(struct engine *e, const char *runtime);
void track_give_up(struct engine *e); /* every start in flight */
void track_free(struct engine *e);

/* jobs.c */
void job_begin(struct engine *e, struct slot *slot, struct tracked *t, const struct lease *lease);

/* doors.c */
/* Opens the doors of LEASE, whose instance can be reached.  A port that another program has is
 * exchanged.  Not on the commit thread.  Fails: GONE the lease has moved on, CONFLICT no port. */
_must_check_ int doors_open(struct engine *e, struct lease *lease, struct err *err);
void doors_open_soon(struct engine *e, const struct lease *lease); /* on a worker */
/* Does LEASE run here, with a door that is not there? */
bool doors_missing(struct engine *e, const struct lease *lease);
/* The commit thread: moves or closes doors as the lease's state wants it. */
void doors_follow(struct engine *e, struct tracked *t, const struct lease *lease);

/* watch.c */
struct watch *watch_new(struct engine *e);
struct watch *watch_free(struct watch *w); /* after the reader has stopped */
/* What comes round every few seconds. */
void watch_due(struct engine *e, int64_t now_ms);
/* EVENT was applied; between read_model_begin() and its end. */
void watch_note(struct engine *e, const struct event *event);
/* Compares the last submissions from the beginning.  From any thread. */
void watch_anew(struct engine *e);

/* probe.c */
/* Waits until the instance answers as its challenge wants.  Fails: TIMEOUT, UNAVAILABLE. */
_must_check_ int probe_wait(struct runtime *rt, const struct lease *lease,
                            const struct probe *probe, const _Atomic(bool) *cancel,
                            struct err *err);

/* reconcile.c */
void reconcile_begin(struct engine *e, struct slot *slot);
void reconcile_watch(struct engine *e, struct slot *slot);
void health_look(struct engine *e, struct slot *slot);

/* daemon_verbs.c: what the daemon does by itself; each frees itself when done. */
/* RUN as a command, about LEASE or ("") about none. */
void own_submit(struct engine *e, const char *lease,
                int (*run)(struct command *cmd, struct work *w, struct err *err));
void expire_submit(struct engine *e, const char *lease);
void takeover_submit(struct engine *e, const char *lease);
_must_check_ int queue_promote(struct work *w, const char *runtime, struct err *err);
/* Bytes and connections of LEASE's doors, into EVENT. */
void event_traffic(struct work *w, struct event *event, const struct lease *lease);
/* team_verbs.c */
void team_invite(char ret[INVITE_SIZE]); /* a fresh code */

/* play_verbs.c */
/* Of a deed of WHO's in the game, with what a live frame tells of it.  C may be NULL. */
struct event deed_event(const struct work *w, const struct origin *o, enum action action,
                        struct account who, const struct challenge *c);
void deed_gain(struct event *e, const struct gain *gain);
/* Notes where E's account is on no board, so that players hear nothing of it. */
void deed_hide(const struct work *w, struct event *e);

/* STARTING or RUNNING to STOPPING, by this daemon; writes EVENT with it. */
_must_check_ int lease_stop(struct work *w, struct event *event, struct lease *lease,
                            enum end_reason reason, struct err *err);
/* PENDING or STOPPING to ENDED; frees its ports. */
_must_check_ int lease_end(struct work *w, const struct event *event, struct lease *lease,
                           enum end_reason reason, struct err *err);
