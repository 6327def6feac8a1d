/*
 * The limit that durable changes are measured against: SQLite alone, one writer, group commit.
 *
 *         store_limit FILE CALLERS SECONDS [LEASES]
 *
 * Each transaction has as many changes as there are callers, as if all of them waited for it: a
 * conditional update of a lease and a row of the log, both as large as Berth's, with its indexes
 * and its settings (WAL, synchronous=FULL), statements prepared once, and nothing else: no
 * savepoint, no hash, no read before, no thread to wake.  Prints one JSON object; a change is
 * answered with its transaction, so the transaction's time is its latency.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

#define LATENCY_MAX_US 10000000
#define WAL_PAGES      16000 /* Berth checkpoints by steps of 64 MiB, too */
#define ID_SIZE        40

static const char schema[] =
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
        "PRAGMA cache_size=-16384; PRAGMA temp_store=MEMORY;"
        "CREATE TABLE lease (id TEXT PRIMARY KEY, owner_id INTEGER NOT NULL,"
        " state TEXT NOT NULL CHECK (state IN ('running', 'ended')),"
        " expires_ms INTEGER NOT NULL, extensions INTEGER NOT NULL CHECK (extensions >= 0),"
        " engine_id TEXT NOT NULL, host TEXT NOT NULL, endpoints TEXT NOT NULL,"
        " version INTEGER NOT NULL);"
        "CREATE UNIQUE INDEX lease_owner ON lease (owner_id) WHERE state <> 'ended';"
        "CREATE TABLE event (seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL,"
        " tenant_id INTEGER NOT NULL, action TEXT NOT NULL, actor_kind TEXT NOT NULL,"
        " actor_id INTEGER NOT NULL, account_kind TEXT NOT NULL, account_id INTEGER NOT NULL,"
        " challenge_id INTEGER NOT NULL, lease_id TEXT NOT NULL, request_id TEXT NOT NULL,"
        " detail TEXT NOT NULL, hash TEXT NOT NULL);"
        "CREATE INDEX event_account ON event ((seq / 1024), account_kind, account_id, seq);"
        "CREATE INDEX event_lease ON event ((seq / 1024), lease_id, seq);";

static sqlite3 *db;
static sqlite3_stmt *begin, *commit, *update, *insert;
static uint32_t latencies[LATENCY_MAX_US + 1];

static void must(int r) {
        if (r != SQLITE_OK && r != SQLITE_DONE && r != SQLITE_ROW) {
                fprintf(stderr, "store_limit: %s\n", sqlite3_errmsg(db));
                exit(1);
        }
}

static sqlite3_stmt *compile(const char *text) {
        sqlite3_stmt *st;

        must(sqlite3_prepare_v3(db, text, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL));
        return st;
}

static void step(sqlite3_stmt *st) {
        must(sqlite3_step(st));
        must(sqlite3_reset(st));
}

static void name(int64_t lease, char id[ID_SIZE]) {
        snprintf(id, ID_SIZE, "01JD3QZ%013lld", (long long)lease);
}

static void fill(int64_t leases) {
        sqlite3_stmt *st = compile("INSERT INTO lease VALUES (?, ?, 'running', 1795200000000, 0, ?,"
                                   " '172.30.0.9', 'web,http,8080,30000', 0)");
        char id[ID_SIZE], engine_id[65];

        step(begin);
        for (int64_t i = 0; i < leases; i++) {
                name(i, id);
                snprintf(engine_id, sizeof(engine_id), "%064lld", (long long)i);
                sqlite3_bind_text(st, 1, id, -1, SQLITE_TRANSIENT);
                sqlite3_bind_int64(st, 2, i + 1);
                sqlite3_bind_text(st, 3, engine_id, -1, SQLITE_TRANSIENT);
                step(st);
        }
        step(commit);
        sqlite3_finalize(st);
}

static void change(int64_t lease, int64_t seq) {
        char id[ID_SIZE];

        name(lease, id);
        sqlite3_bind_text(update, 1, id, -1, SQLITE_STATIC);
        step(update);
        sqlite3_bind_int64(insert, 1, seq);
        sqlite3_bind_int64(insert, 2, lease + 1);
        sqlite3_bind_text(insert, 3, id, -1, SQLITE_STATIC);
        sqlite3_bind_text(insert, 4, "4f1c2a9e77d04b6c-1f", -1, SQLITE_STATIC);
        sqlite3_bind_text(insert, 5, "{\"extension\":1,\"expires_ms\":1795200000000}", -1,
                          SQLITE_STATIC);
        sqlite3_bind_text(insert, 6,
                          "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", -1,
                          SQLITE_STATIC);
        step(insert);
}

static double latency_ms(double part, uint64_t transactions) {
        uint64_t seen = 0;

        for (size_t us = 0; us <= LATENCY_MAX_US; us++) {
                seen += latencies[us];
                if (seen && (double)seen >= part * (double)transactions)
                        return (double)us / 1000;
        }
        return LATENCY_MAX_US / 1000.0;
}

/* CPU time of this process. */
static double cpu_us(void) {
        struct timespec ts;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
        return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static void measure(int64_t callers, double seconds, int64_t leases) {
        int64_t from = clock_mono_us(), now = from, seq = 0;
        double used_us = cpu_us();
        uint64_t transactions = 0;

        while (now - from < (int64_t)(seconds * 1e6)) {
                int64_t before = now;

                step(begin);
                for (int64_t i = 0; i < callers; i++, seq++)
                        change(seq % leases, seq + 1);
                step(commit);
                now = clock_mono_us();
                transactions++;
                latencies[now - before < LATENCY_MAX_US ? now - before : LATENCY_MAX_US]++;
        }
        used_us = cpu_us() - used_us;
        printf("{\"callers\":%lld,\"rate\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,"
               "\"cpu_us\":%.2f}\n",
               (long long)callers, (double)seq * 1e6 / (double)(now - from),
               latency_ms(0.5, transactions), latency_ms(0.99, transactions),
               latency_ms(1, transactions), used_us / (double)seq);
}

int main(int argc, char **argv) {
        int64_t callers, leases;

        if (argc < 4) {
                fprintf(stderr, "store_limit: FILE CALLERS SECONDS [LEASES]\n");
                return 2;
        }
        callers = strtoll(argv[2], NULL, 10);
        leases = argc > 4 ? strtoll(argv[4], NULL, 10) : 800;
        must(sqlite3_open_v2(argv[1], &db,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                             NULL));
        must(sqlite3_exec(db, schema, NULL, NULL, NULL));
        sqlite3_wal_autocheckpoint(db, WAL_PAGES);
        begin = compile("BEGIN IMMEDIATE");
        commit = compile("COMMIT");
        update = compile("UPDATE lease SET expires_ms = expires_ms + 1000,"
                         " extensions = extensions + 1, version = version + 1"
                         " WHERE id = ? AND state = 'running' AND expires_ms > 0");
        insert = compile("INSERT INTO event VALUES"
                         " (?1, 1795200000000, 1, 'extended', 'user', ?2, 'user', ?2, 1, ?3, ?4,"
                         " ?5, ?6)");
        fill(leases);
        measure(callers, strtod(argv[3], NULL), leases);
        sqlite3_finalize(begin);
        sqlite3_finalize(commit);
        sqlite3_finalize(update);
        sqlite3_finalize(insert);
        return sqlite3_close(db) == SQLITE_OK ? 0 : 1;
}
