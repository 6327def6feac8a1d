/*
 * SQL databases.
 *
 * One connection, used by one thread at a time.  Statements are files in
 * store/sql/, compiled in and named by enum sql: no SQL is written in C and
 * none is put together at run time.  They use $1, $2, ... and only what
 * SQLite and PostgreSQL both know (RETURNING, ON CONFLICT, CTEs).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/sql.h" /* generated: enum sql, sql_text[] */

struct db;
struct tx;

enum val_type { VAL_NULL, VAL_INT, VAL_TEXT };

struct val {
        enum val_type type;
        int64_t i;
        const char *s;
};

static inline struct val val_int(int64_t i) { return (struct val){ .type = VAL_INT, .i = i }; }
static inline struct val val_text(const char *s) {
        return (struct val){ .type = s ? VAL_TEXT : VAL_NULL, .s = s };
}

/* V(x) wraps an integer or a string; ARGS(...) passes them as array, count. */
#define V(x) _Generic((x), char * : val_text, const char * : val_text, default : val_int)(x)
#define ARGS(...)                            \
        (const struct val[]){ __VA_ARGS__ }, \
                sizeof((const struct val[]){ __VA_ARGS__ }) / sizeof(struct val)
#define NO_ARGS NULL, 0

#define ARGS_MAX 32 /* of one statement */

/* A result, in the arena it was asked for. */
struct rows {
        size_t n, columns;
        struct val *vals;
        int64_t changed; /* rows that an INSERT, UPDATE or DELETE wrote */
};

static inline struct val rows_get(const struct rows *r, size_t row, size_t col) {
        return r->vals[row * r->columns + col];
}

/* Opens "sqlite:PATH" or "postgres:CONNINFO" (libpq's key=value pairs, or what follows
 * "postgres:" of a postgres:// URL).  A SQLite file has one writer: an flock on PATH.lock, which
 * ends with the process, keeps a second one out.  The caller owns *ret.
 * Fails: INVALID a bad URL, CONFLICT another process writes this file, UNAVAILABLE the server
 * does not answer, INTERNAL. */
_must_check_ int db_open(const char *url, struct db **ret, struct err *err);
/* The same for reading only, beside a running daemon: takes no lock, changes nothing, and each
 * transaction sees one moment.  Fails as db_open(). */
_must_check_ int db_open_reader(const char *url, struct db **ret, struct err *err);
struct db *db_free(struct db *db);
DEFINE_CLEANUP(struct db *, db_free)
const char *db_name(const struct db *db); /* "sqlite", "postgres" */

/* Is the connection good?  Reopens one that broke, outside transactions.  UNAVAILABLE if not. */
_must_check_ int db_ping(struct db *db, struct err *err);

/* Housekeeping when idle: SQLite checkpoints its WAL; *wal_bytes is what is left of it.  (Under
 * load a thread copies it whenever it has grown by another 32 MiB.) */
void db_idle(struct db *db, int64_t *wal_bytes);

/* Waits at most TIMEOUT_MS for another daemon's notice that events were written; outside
 * transactions.  True, too, when notices may have been missed: at the first call and after a lost
 * connection.  SQLite has one daemon only: returns false at once. */
bool db_wait_notice(struct db *db, int timeout_ms);
/* Tells the other daemons; part of the transaction. */
_must_check_ int tx_notify(struct tx *tx, struct err *err);

/*
 * Transactions roll back when they go out of scope uncommitted:
 *
 *         _cleanup_(tx_endp) struct tx *tx = NULL;
 *
 *         if (tx_begin(db, &tx, err) < 0 ||
 *             tx_exec(tx, SQL_LEASE_INSERT, ARGS(V(id), V(team)), arena, NULL, err) < 0)
 *                 return -1;
 *         return tx_commit(&tx, err);
 */
_must_check_ int tx_begin(struct db *db, struct tx **ret, struct err *err);
/* *tx is NULL after, either way.  A transaction with a failed statement that no tx_rollback()
 * undid is rolled back, and this fails.  See db_in_doubt(). */
_must_check_ int tx_commit(struct tx **tx, struct err *err);
struct tx *tx_end(struct tx *tx);
DEFINE_CLEANUP(struct tx *, tx_end)

/* True after a tx_commit() that failed because the server's answer was lost: the transaction may
 * or may not be there, and only a reload can tell.  After any other failure it is not there. */
bool db_in_doubt(const struct db *db);

/* Savepoints, one level: what a command did can be undone, the batch goes on. */
_must_check_ int tx_savepoint(struct tx *tx, struct err *err);
_must_check_ int tx_release(struct tx *tx, struct err *err);
_must_check_ int tx_rollback(struct tx *tx, struct err *err); /* to the savepoint, and forgets it */

/* How many statements of TX were not for reading only: what stays the same was not written to. */
unsigned tx_writes(const struct tx *tx);
/* Did a statement fail, with no tx_rollback() since? */
bool tx_failed(const struct tx *tx);

/* Runs one statement.  RET may be NULL, and ARENA then too.  After a failure the transaction takes
 * no more statements until tx_rollback() or its end, on every database.
 * Fails: CONFLICT on a constraint (the message names it), UNAVAILABLE when the database is busy or
 * gone, NO_SPACE when its disk is full. */
_must_check_ int tx_exec(struct tx *tx, enum sql stmt, const struct val *args, size_t n,
                         struct arena *arena, struct rows *ret, struct err *err);
