/*
 * What the store's tests share: an empty store in the database that $STORE
 * names, and rows to begin with.  Included by tests only.
 */
#pragma once

#include "store/accounts.h"
#include "store/challenges.h"
#include "store/driver.h"
#include "store/events.h"
#include "store/leases.h"
#include "store/store.h"
#include "test.h"

#define T0 1795200000000 /* when all this happens, in ms */

static inline const char *store_url(void) {
        const char *url = getenv("STORE");

        return url ? url : "sqlite::memory:";
}

static inline bool on_postgres(void) { return strncmp(store_url(), "postgres:", 9) == 0; }
static inline bool in_memory(void) { return strcmp(store_url(), "sqlite::memory:") == 0; }

/* Removes what an earlier test left. */
static inline void wipe(void) {
        char path[512];
        struct err err;
        struct db *db;

        if (on_postgres()) {
                CHECK_OK(db_open(store_url(), &db, &err));
                CHECK_OK(db->driver->script(db, "DROP SCHEMA public CASCADE; CREATE SCHEMA public",
                                            &err));
                db_free(db);
                return;
        }
        for (size_t i = 0; i < 3; i++) {
                snprintf(path, sizeof(path), "%s%s", store_url() + strlen("sqlite:"),
                         (const char *const[]){ "", "-wal", "-shm" }[i]);
                unlink(path);
        }
}

static inline struct db *reopen(void) {
        struct err err;
        struct db *db;

        CHECK_OK(store_open(store_url(), &db, &err));
        return db;
}

/* Removes the rows of an earlier test, which is much faster on PostgreSQL than making the tables
 * anew.  False when there are no tables. */
static inline bool clear_rows(struct db *db) {
        struct err err;

        return db->driver->script(
                       db,
                       "DELETE FROM port; DELETE FROM instance; DELETE FROM policy;"
                       "DELETE FROM challenge; DELETE FROM token; DELETE FROM app_user;"
                       "DELETE FROM team; DELETE FROM tenant; DELETE FROM meta;"
                       "DELETE FROM checkpoint; DELETE FROM event; UPDATE chain SET seq = 0,"
                       " hash = '00000000000000000000000000000000"
                       "00000000000000000000000000000000'",
                       &err) == 0;
}

static inline struct db *fresh(void) {
        struct err err;
        struct db *db;

        if (on_postgres()) {
                CHECK_OK(db_open(store_url(), &db, &err));
                if (!clear_rows(db))
                        wipe();
                db_free(db);
        } else {
                wipe();
        }
        return reopen();
}

static inline struct tx *begin(struct db *db) {
        struct tx *tx;
        struct err err;

        CHECK_OK(tx_begin(db, &tx, &err));
        return tx;
}

static inline void commit(struct tx *tx) {
        struct err err;

        CHECK_OK(tx_commit(&tx, &err));
}

__attribute__((constructor)) static void fixture_init(void) { crypto_init(); }

/* A tenant, a challenge and N users, in a transaction that is committed. */
struct world {
        struct tenant tenant;
        int64_t challenge;
        struct user users[16];
};

static inline void seed(struct tx *tx, struct world *w, size_t n) {
        struct err err;
        bool changed;

        *w = (struct world){
                .tenant = { .slug = "demo", .name = "Demo", .max_per_account = 3, .created_ms = T0 }
        };
        CHECK_OK(tenants_insert(tx, &w->tenant, &err));
        CHECK_OK(challenges_put(tx, w->tenant.id, "web", "{}", T0, &w->challenge, &changed, &err));
        for (size_t i = 0; i < n; i++) {
                struct user *u = &w->users[i];

                u->tenant = w->tenant.id;
                snprintf(u->name, sizeof(u->name), "player%zu", i + 1);
                u->created_ms = T0;
                CHECK_OK(users_insert(tx, u, "", &err));
        }
}

static inline struct world make_world(struct db *db, size_t n) {
        struct tx *tx = begin(db);
        struct world w;

        seed(tx, &w, n);
        commit(tx);
        return w;
}

static inline struct lease lease_of(const struct world *w, size_t user, enum lease_state state) {
        struct lease l = { .tenant = w->tenant.id,
                           .challenge = w->challenge,
                           .owner = { ACCOUNT_USER, w->users[user].id },
                           .user = w->users[user].id,
                           .state = state,
                           .policy = policy_default,
                           .created_ms = T0,
                           .expires_ms = T0 + policy_default.base_ms,
                           .queued_ms = T0,
                           .runtime = "fake",
                           .version = 1 };

        lease_id_make(T0 + (int64_t)user, l.id);
        return l;
}

static inline struct event event_of(const struct world *w, size_t user, enum action action) {
        struct event e = { .at_ms = T0,
                           .tenant = w->tenant.id,
                           .action = action,
                           .actor_kind = ACTOR_USER,
                           .actor = w->users[user].id,
                           .account = { ACCOUNT_USER, w->users[user].id },
                           .challenge = w->challenge,
                           .lease = "01HZZZZZZZZZZZZZZZZZ",
                           .request_id = "r1" };

        event_int(&e, "n", (int64_t)user);
        return e;
}
