/* The log in the store: rows, the chain's head, checkpoints.  See store.h. */
#pragma once

#include "model/event.h"
#include "store/db.h"

/* The last link of the chain. */
struct chain {
        int64_t seq;
        uint8_t hash[SHA256_SIZE];
};

/* Takes the row lock on the head, which orders the writers of several daemons; first thing in
 * each batch.  chain_write() ends it. */
_must_check_ int chain_lock(struct tx *tx, struct chain *ret, struct err *err);
_must_check_ int chain_write(struct tx *tx, const struct chain *chain, struct err *err);

/* Reads the head without a lock. */
_must_check_ int chain_read(struct tx *tx, struct chain *ret, struct err *err);

/* Gives EVENT its seq, seals it after CHAIN's last link, writes it, moves CHAIN on. */
_must_check_ int events_append(struct tx *tx, struct chain *chain, struct event *event,
                               struct err *err);

struct event_filter {
        int64_t tenant;         /* 0: any */
        struct account account; /* id 0: any */
        int64_t challenge;      /* 0: any */
        const char *lease;      /* NULL: any */
        int action;             /* -1: any */
        int64_t after_seq;      /* only later ones */
        int64_t before_seq;     /* only earlier ones; 0: no bound */
        int64_t from_ms, to_ms; /* [from, to); 0: no bound */
        bool newest_first;
        bool live;   /* only what a live stream tells of; needs a tenant */
        int64_t max; /* 0: no bound */
};
typedef int events_fn(void *arg, const struct event *event, struct err *err);
_must_check_ int events_each(struct tx *tx, const struct event_filter *filter, events_fn *fn,
                             void *arg, struct err *err);

/* The last seq of those from before MS; 0 when there is none.  Near enough where the clock was set
 * back meanwhile. */
_must_check_ int events_seq_before(struct tx *tx, int64_t ms, int64_t *ret, struct err *err);

_must_check_ int checkpoints_insert(struct tx *tx, const struct checkpoint *c, struct err *err);
/* The newest; NOT_FOUND when there is none. */
_must_check_ int checkpoints_last(struct tx *tx, struct checkpoint *ret, struct err *err);

/* Who writes makes a checkpoint at least every 1,000 rows; more than this many without one are a
 * finding, as removing checkpoints would otherwise make room for a new chain. */
#define CHECKPOINT_ROWS_MAX 4096

/* What verifying found. */
struct audit_report {
        int64_t rows, checkpoints;
        bool good;
        int64_t first_bad_seq; /* when not good; where only a range can be told, its first */
        char what[256];        /* "row 17 was changed", "rows 20 to 22 are missing", ... */
        int64_t unsigned_rows; /* after the last checkpoint, so far vouched for by the chain only */
        bool keys_unknown;     /* no PUBLIC_KEY was given: each checkpoint's own was trusted */
};
/* Walks the whole chain and every checkpoint, against PUBLIC_KEY (NULL: each checkpoint's own,
 * and the report says so).  What is wrong with the rows is in the report: fails only when they
 * cannot be read. */
_must_check_ int audit_verify(struct tx *tx, const uint8_t *public_key, struct audit_report *ret,
                              struct err *err);
/* The export: one JSON object a line, events and checkpoints in order of seq, then the chain's
 * head. audit_verify_export() reads it from TEXT. */
_must_check_ int audit_export(struct tx *tx, int (*write)(void *arg, const char *line, size_t n),
                              void *arg, struct err *err);
_must_check_ int audit_verify_export(const char *text, size_t n, const uint8_t *public_key,
                                     struct audit_report *ret, struct err *err);
