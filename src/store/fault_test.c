/*
 * Every call into the database fails once, in turn: what a batch did is there
 * wholly or not at all, an acknowledged batch is there, and the chain holds.
 */
#include "base/fault.h"
#include "store/fixture.h"

#define COMMANDS 3

/* One command: a lease with a port moves on, with its event. */
static int command(struct tx *tx, struct chain *chain, const struct world *w, size_t user,
                   struct err *err) {
        struct lease l = lease_of(w, user, LEASE_STARTING);
        struct event e = event_of(w, user, ACTION_CREATED);
        struct lease_counts counts;
        int64_t version;
        uint16_t port;

        if (leases_count(tx, l.owner, l.tenant, l.runtime, &counts, err) < 0 ||
            leases_insert(tx, &l, err) < 0 ||
            ports_take(tx, l.id, 30000, 30009, 30000, 1, &port, err) < 0 ||
            leases_get(tx, l.id, &l, err) < 0 || events_append(tx, chain, &e, err) < 0)
                return -1;
        version = l.version;
        l.version = e.seq;
        l.state = LEASE_RUNNING;
        return leases_update(tx, &l, LEASE_STARTING, version, err);
}

/* As the commit thread does it.  *done counts the commands that succeeded. */
static int batch(struct db *db, const struct world *w, int *done, struct err *err) {
        _cleanup_(tx_endp) struct tx *tx = NULL;
        struct chain chain, before;
        struct err why;

        *done = 0;
        if (tx_begin(db, &tx, err) < 0 || chain_lock(tx, &chain, err) < 0)
                return -1;
        for (size_t i = 0; i < COMMANDS; i++) {
                before = chain;
                if (tx_savepoint(tx, err) < 0)
                        return -1;
                if (command(tx, &chain, w, i, &why) == 0) {
                        if (tx_release(tx, err) < 0)
                                return -1;
                        ++*done;
                        continue;
                }
                chain = before;
                if (tx_rollback(tx, err) < 0)
                        return -1;
        }
        if (chain_write(tx, &chain, err) < 0 || tx_notify(tx, err) < 0)
                return -1;
        return tx_commit(&tx, err);
}

static int count(void *arg, const struct lease *l, _unused_ struct err *err) {
        CHECK(l->state == LEASE_RUNNING);
        ++*(int *)arg;
        return 0;
}

/* DONE commands left their traces, and nothing else did. */
static void check(struct db *db, int done) {
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        _cleanup_arena_ struct arena arena = { 0 };
        struct audit_report report;
        struct rows ports;
        struct err err;
        int n = 0;

        CHECK_OK(leases_each(tx, 0, count, &n, &err));
        CHECK(n == done);
        CHECK_OK(tx_exec(tx, SQL_PORT_LIST, ARGS(V(1), V(65535)), &arena, &ports, &err));
        CHECK(ports.n == (size_t)done);
        CHECK_OK(audit_verify(tx, NULL, &report, &err));
        CHECK(report.good && report.rows == done);
}

TEST(whatever_call_fails_a_batch_is_whole) {
        bool fired = true, lost_one = false, lost_all = false;
        struct err err;

        for (long k = 1; fired; k++) {
                _cleanup_(db_freep) struct db *db = fresh();
                struct world w = make_world(db, COMMANDS);
                int done, r;

                fault_arm(k);
                r = batch(db, &w, &done, &err);
                fired = fault_fired();
                fault_arm(0);
                if (r < 0)
                        CHECK(err.kind == ERR_UNAVAILABLE && fired && !db_in_doubt(db));
                check(db, r < 0 ? 0 : done);
                lost_one |= r == 0 && done == COMMANDS - 1;
                lost_all |= r < 0;
                if (!fired)
                        CHECK(r == 0 && done == COMMANDS);

                /* The connection is good for more. */
                CHECK_OK(db_ping(db, &err));
                if (r < 0) {
                        CHECK_OK(batch(db, &w, &done, &err));
                        check(db, COMMANDS);
                }
        }
        CHECK(lost_one && lost_all);
}

TEST(opening_fails_cleanly_at_every_call) {
        struct err err;
        struct db *db;
        bool fired;
        long k = 0;
        int r;

        do {
                wipe();
                fault_arm(++k);
                r = store_open(store_url(), &db, &err);
                fired = fault_fired();
                fault_arm(0);
                if (r == 0)
                        db_free(db);
                else
                        CHECK(err.kind == ERR_UNAVAILABLE);
                db = reopen();
                make_world(db, 1);
                db_free(db);
        } while (fired);
        CHECK(k > 5);
}
