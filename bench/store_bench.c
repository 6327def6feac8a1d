/*
 * What the store costs on SQLite.
 *
 * The work of an extension (read the live lease, change it by compare-and-set,
 * append its event), 256 in a transaction with a savepoint each, on one thread;
 * beside the limit: the same conditional update and insert with sqlite3 alone,
 * prepared once and without savepoints, on the same schema, rows and settings.
 *
 *         store_bench [SECONDS [LEASES]]
 */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/accounts.h"
#include "store/challenges.h"
#include "store/events.h"
#include "store/leases.h"
#include "store/store.h"

#define GROUP 256
#define PATH  "store_bench.db"

static void must(int r, const struct err *err) {
        if (r < 0) {
                fprintf(stderr, "store_bench: %s\n", err->msg);
                exit(1);
        }
}

static void must_sqlite(int r, sqlite3 *db) {
        if (r != SQLITE_OK && r != SQLITE_DONE && r != SQLITE_ROW) {
                fprintf(stderr, "store_bench: %s\n", sqlite3_errmsg(db));
                exit(1);
        }
}

static void wipe(void) {
        unlink(PATH);
        unlink(PATH "-wal");
        unlink(PATH "-shm");
        unlink(PATH ".lock");
}

/* N players, each with a running lease of one challenge. */
static int64_t fill(struct db *db, int n) {
        struct tenant tenant = { .slug = "demo", .name = "Demo", .created_ms = 1 };
        struct policy policy = { .base_ms = 900000,
                                 .increment_ms = 1,
                                 .max_lifetime_ms = 1LL << 40,
                                 .max_extensions = 1LL << 40 };
        int64_t now_ms = clock_now_ms(), challenge;
        struct tx *tx;
        struct err err;
        bool changed;

        must(tx_begin(db, &tx, &err), &err);
        must(tenants_insert(tx, &tenant, &err), &err);
        must(challenges_put(tx, tenant.id, "web", "{}", now_ms, &challenge, &changed, &err), &err);
        for (int i = 0; i < n; i++) {
                struct user user = { .tenant = tenant.id };
                struct lease l = { .tenant = tenant.id,
                                   .challenge = challenge,
                                   .state = LEASE_RUNNING,
                                   .policy = policy,
                                   .created_ms = now_ms,
                                   .expires_ms = now_ms + policy.base_ms,
                                   .queued_ms = now_ms,
                                   .runtime = "docker",
                                   .n_endpoints = 1 };

                snprintf(user.name, sizeof(user.name), "player%d", i);
                must(users_insert(tx, &user, "", &err), &err);
                l.owner = (struct account){ ACCOUNT_USER, user.id };
                l.user = user.id;
                l.endpoints[0] = (struct endpoint){ "web", PROTOCOL_HTTP, 8080, 30000 };
                snprintf(l.instance, sizeof(l.instance), "%064d", i);
                snprintf(l.host, sizeof(l.host), "172.30.0.9");
                lease_id_make(now_ms, l.id);
                must(leases_insert(tx, &l, &err), &err);
        }
        must(tx_commit(&tx, &err), &err);
        return challenge;
}

/* Takes users in an order without pattern, as players do. */
static int64_t next_user(uint32_t *state, int n) {
        *state = *state * 1664525u + 1013904223u;
        return 1 + (int64_t)((uint64_t)*state * (uint64_t)n >> 32);
}

static void extend(struct tx *tx, struct chain *chain, int64_t user, int64_t challenge) {
        struct account who = { ACCOUNT_USER, user };
        struct lease l;
        struct err err;
        int64_t version;

        must(tx_savepoint(tx, &err), &err);
        must(leases_get_live(tx, who, challenge, &l, &err), &err);
        struct event e = { .at_ms = l.expires_ms,
                           .tenant = l.tenant,
                           .action = ACTION_EXTENDED,
                           .actor_kind = ACTOR_USER,
                           .actor = user,
                           .account = who,
                           .challenge = challenge,
                           .request_id = "4f1c2a9e77d04b6c" };
        memcpy(e.lease, l.id, sizeof(e.lease));
        l.extensions++;
        l.expires_ms += l.policy.increment_ms;
        event_int(&e, "extensions", l.extensions);
        event_int(&e, "expires_ms", l.expires_ms);
        must(events_append(tx, chain, &e, &err), &err);
        version = l.version;
        l.version = e.seq;
        must(leases_update(tx, &l, LEASE_RUNNING, version, &err), &err);
        must(tx_release(tx, &err), &err);
}

struct figures {
        double per_s;    /* extensions a second */
        double cpu_us;   /* processor time of each: what a busy machine does not change */
        double worst_ms; /* the longest transaction */
};

static double cpu_us(void) {
        struct timespec ts;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
        return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static struct figures figures(int64_t done, int64_t us, double cpu, int64_t worst_us) {
        return (struct figures){ (double)done * 1e6 / (double)us, (cpu_us() - cpu) / (double)done,
                                 (double)worst_us / 1e3 };
}

static struct figures bench_store(int64_t us, int n) {
        struct db *db;
        struct tx *tx;
        struct chain chain;
        struct err err;
        struct figures ret;
        uint32_t state = 1;
        int64_t challenge, begun, now, done = 0, worst = 0;
        double cpu;

        wipe();
        must(store_open("sqlite:" PATH, &db, &err), &err);
        challenge = fill(db, n);
        cpu = cpu_us();
        begun = now = clock_mono_us();
        while (now - begun < us) {
                int64_t before = now;

                must(tx_begin(db, &tx, &err), &err);
                must(chain_lock(tx, &chain, &err), &err);
                for (int i = 0; i < GROUP; i++)
                        extend(tx, &chain, next_user(&state, n), challenge);
                must(chain_write(tx, &chain, &err), &err);
                must(tx_commit(&tx, &err), &err);
                done += GROUP;
                now = clock_mono_us();
                worst = now - before > worst ? now - before : worst;
        }
        ret = figures(done, now - begun, cpu, worst);
        db_free(db);
        return ret;
}

static sqlite3_stmt *compile(sqlite3 *db, const char *text) {
        sqlite3_stmt *st;

        must_sqlite(sqlite3_prepare_v3(db, text, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL), db);
        return st;
}

static void step(sqlite3 *db, sqlite3_stmt *st) {
        must_sqlite(sqlite3_step(st), db);
        must_sqlite(sqlite3_reset(st), db);
}

/* The same without Berth. */
static struct figures bench_bare(int64_t us, int n) {
        static const char
                id[] = "01JD3QZ0000000000000",
                hash[] = "0000000000000000000000000000000000000000000000000000000000000000";
        struct db *store;
        struct err err;
        sqlite3 *db;
        sqlite3_stmt *update, *insert, *begin, *commit;
        struct figures ret;
        uint32_t state = 1;
        int64_t begun, now, before, challenge, done = 0, worst = 0;
        double cpu;

        wipe();
        must(store_open("sqlite:" PATH, &store, &err), &err);
        challenge = fill(store, n);
        db_free(store);
        must_sqlite(sqlite3_open_v2(PATH, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL),
                    NULL);
        must_sqlite(sqlite3_exec(db,
                                 "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                                 "PRAGMA wal_autocheckpoint=16000; PRAGMA cache_size=-16384;"
                                 "PRAGMA secure_delete=OFF;",
                                 NULL, NULL, NULL),
                    db);
        begin = compile(db, "BEGIN IMMEDIATE");
        commit = compile(db, "COMMIT");
        update = compile(db, "UPDATE instance SET expires_ms = expires_ms + 1,"
                             " extensions = extensions + 1 WHERE owner_kind = 'user' AND"
                             " owner_id = ? AND challenge_id = ? AND state <> 'ended'");
        insert = compile(db, "INSERT INTO event VALUES"
                             " (?, 1, 1, 'extended', 'user', ?, 'user', ?, ?, ?, ?, ?, ?)");
        cpu = cpu_us();
        begun = now = clock_mono_us();
        while (now - begun < us) {
                before = now;
                step(db, begin);
                for (int i = 0; i < GROUP; i++) {
                        int64_t user = next_user(&state, n);

                        sqlite3_bind_int64(update, 1, user);
                        sqlite3_bind_int64(update, 2, challenge);
                        step(db, update);
                        sqlite3_bind_int64(insert, 1, ++done);
                        sqlite3_bind_int64(insert, 2, user);
                        sqlite3_bind_int64(insert, 3, user);
                        sqlite3_bind_int64(insert, 4, challenge);
                        sqlite3_bind_text(insert, 5, id, -1, SQLITE_STATIC);
                        sqlite3_bind_text(insert, 6, "4f1c2a9e77d04b6c", -1, SQLITE_STATIC);
                        sqlite3_bind_text(insert, 7,
                                          "{\"extensions\":1,\"expires_ms\":1795200000000}", -1,
                                          SQLITE_STATIC);
                        sqlite3_bind_text(insert, 8, hash, -1, SQLITE_STATIC);
                        step(db, insert);
                }
                step(db, commit);
                now = clock_mono_us();
                worst = now - before > worst ? now - before : worst;
        }
        ret = figures(done, now - begun, cpu, worst);
        sqlite3_finalize(begin);
        sqlite3_finalize(commit);
        sqlite3_finalize(update);
        sqlite3_finalize(insert);
        sqlite3_close(db);
        return ret;
}

static void print(const char *what, struct figures f) {
        printf("  %-26s %7.0f/s  %5.1f us CPU each  longest transaction %5.1f ms\n", what, f.per_s,
               f.cpu_us, f.worst_ms);
}

int main(int argc, char **argv) {
        int64_t us = (int64_t)((argc > 1 ? strtod(argv[1], NULL) : 3) * 1e6);
        int n = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 800;
        struct figures bare, store;

        crypto_init();
        log_set_level(LOG_WARN);
        bare = bench_bare(us, n);
        store = bench_store(us, n);
        wipe();
        printf("SQLite, %d leases, %d extensions a transaction:\n", n, GROUP);
        print("bare sqlite3 (the limit)", bare);
        print("store", store);
        printf("  store / limit              %7.0f %%  %5.0f %%\n", 100 * store.per_s / bare.per_s,
               100 * bare.cpu_us / store.cpu_us);
        return 0;
}
