/* What only a database with a server can do: several daemons, lost connections. */
#include "base/clock.h"
#include "store/fixture.h"

/* Ends every other connection. */
static void cut(void) {
        struct err err;
        struct db *db;

        CHECK_OK(db_open(store_url(), &db, &err));
        CHECK_OK(db->driver->script(db,
                                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                                    "WHERE pid <> pg_backend_pid() AND application_name = 'berth'",
                                    &err));
        db_free(db);
}

static bool has_user(struct db *db, int64_t id) {
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        struct user u;
        struct err err;

        return users_get(tx, id, &u, &err) == 0;
}

TEST(a_lost_connection_is_opened_again) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct world w = make_world(db, 1);
        struct tx *tx;
        struct user u;
        struct err err;

        CHECK_OK(db_ping(db, &err));
        cut();
        CHECK(tx_begin(db, &tx, &err) < 0 && err.kind == ERR_UNAVAILABLE);
        CHECK_OK(db_ping(db, &err));
        CHECK(has_user(db, w.users[0].id));

        /* In the middle of a transaction. */
        tx = begin(db);
        CHECK_OK(tx_savepoint(tx, &err));
        CHECK_OK(users_get(tx, w.users[0].id, &u, &err));
        cut();
        CHECK(users_get(tx, w.users[0].id, &u, &err) < 0);
        CHECK(err.kind == ERR_UNAVAILABLE);
        CHECK(tx_rollback(tx, &err) < 0 && err.kind == ERR_UNAVAILABLE);
        CHECK(tx_savepoint(tx, &err) < 0);
        CHECK(tx_commit(&tx, &err) < 0);
        CHECK(!db_in_doubt(db)); /* no COMMIT was sent */
        CHECK_OK(db_ping(db, &err));
        CHECK(has_user(db, w.users[0].id));
}

TEST(a_commit_without_an_answer_is_in_doubt) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct world w = make_world(db, 1);
        struct user u = { .tenant = w.tenant.id, .name = "late" };
        struct tx *tx = begin(db);
        struct err err;

        CHECK_OK(users_insert(tx, &u, "", &err));
        cut();
        CHECK(tx_commit(&tx, &err) < 0);
        CHECK(err.kind == ERR_UNAVAILABLE && db_in_doubt(db));
        CHECK_OK(db_ping(db, &err));
        CHECK(!has_user(db, u.id));
        CHECK(!db_in_doubt(db)); /* the next transaction is its own */
}

TEST(a_server_that_is_not_there_is_unavailable) {
        struct err err;
        struct db *db;

        CHECK(db_open("postgres:host=/nonexistent dbname=x", &db, &err) < 0);
        CHECK(err.kind == ERR_UNAVAILABLE);
        CHECK(db_open("postgres://nobody:hunter2@127.0.0.1:1/x", &db, &err) < 0);
        CHECK(err.kind == ERR_UNAVAILABLE && !strstr(err.msg, "hunter2"));
}

TEST(a_notice_reaches_the_other_daemon_after_the_commit) {
        _cleanup_(db_freep) struct db *db = fresh();
        _cleanup_(db_freep) struct db *other = reopen();
        struct tx *tx;
        struct err err;
        int64_t ms;

        CHECK(db_wait_notice(other, 0)); /* what came before cannot be known */
        ms = clock_mono_ms();
        CHECK(!db_wait_notice(other, 100));
        CHECK(clock_mono_ms() - ms >= 90);
        tx = begin(db);
        CHECK_OK(tx_notify(tx, &err));
        CHECK(!db_wait_notice(other, 50));
        commit(tx);
        CHECK(db_wait_notice(other, 5000));
        CHECK(!db_wait_notice(other, 0));

        /* One's own are none, those of a rolled back transaction neither. */
        CHECK(db_wait_notice(db, 0));
        tx = begin(other);
        CHECK_OK(tx_notify(tx, &err));
        tx_end(tx);
        tx = begin(db);
        CHECK_OK(tx_notify(tx, &err));
        commit(tx);
        CHECK(!db_wait_notice(db, 50));
        CHECK(db_wait_notice(other, 5000));

        /* Nothing is heard without a connection, and time passes all the same. */
        cut();
        ms = clock_mono_ms();
        CHECK(!db_wait_notice(other, 100));
        CHECK(clock_mono_ms() - ms >= 90);
        CHECK_OK(db_ping(other, &err));
        CHECK(db_wait_notice(other, 0));
}

/* Batches of an update and its event, as a daemon writes them. */
static void write_batches(const struct world *w, size_t me, int n) {
        struct db *db = reopen();
        struct lease l;
        struct err err;

        for (int i = 0; i < n; i++) {
                struct tx *tx = begin(db);
                struct chain chain;

                CHECK_OK(chain_lock(tx, &chain, &err));
                for (size_t j = 0; j < 3; j++) {
                        struct event e = event_of(w, me, ACTION_EXTENDED);
                        int64_t version;

                        CHECK_OK(tx_savepoint(tx, &err));
                        CHECK_OK(leases_get_live(tx,
                                                 (struct account){ ACCOUNT_USER, w->users[0].id },
                                                 w->challenge, &l, &err));
                        CHECK_OK(events_append(tx, &chain, &e, &err));
                        version = l.version;
                        l.version = e.seq;
                        l.attempts++;
                        CHECK_OK(leases_update(tx, &l, l.state, version, &err));
                        CHECK_OK(tx_release(tx, &err));
                }
                CHECK_OK(chain_write(tx, &chain, &err));
                CHECK_OK(tx_notify(tx, &err));
                commit(tx);
        }
        db_free(db);
}

TEST(two_daemons_write_one_chain) {
        enum { BATCHES = 60, WRITERS = 3 };
        struct db *db = fresh();
        struct world w = make_world(db, WRITERS);
        struct lease l = lease_of(&w, 0, LEASE_RUNNING);
        struct tx *tx = begin(db);
        struct audit_report report;
        struct err err;
        int status;

        CHECK_OK(leases_insert(tx, &l, &err));
        commit(tx);
        db_free(db);
        for (size_t i = 0; i < WRITERS; i++)
                if (fork() == 0) {
                        write_batches(&w, i, BATCHES);
                        exit(0);
                }
        for (size_t i = 0; i < WRITERS; i++) {
                CHECK(wait(&status) > 0);
                CHECK(status == 0);
        }
        db = reopen();
        tx = begin(db);
        CHECK_OK(audit_verify(tx, NULL, &report, &err));
        CHECK(report.good && report.rows == WRITERS * BATCHES * 3);
        CHECK_OK(leases_get(tx, l.id, &l, &err));
        CHECK(l.attempts == report.rows && l.version == report.rows); /* no update was lost */
        tx_end(tx);
        db_free(db);
}
