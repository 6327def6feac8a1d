/* What only a SQLite file can do: its log, its lock, a full disk. */
#include <signal.h>
#include <sys/stat.h>

#include "store/fixture.h"

static int64_t wal_bytes(void) {
        char path[512];
        struct stat st;

        snprintf(path, sizeof(path), "%s-wal", store_url() + strlen("sqlite:"));
        return stat(path, &st) == 0 ? st.st_size : 0;
}

/* Commits N times 1 MiB. */
static void write_much(struct db *db, const struct world *w, int n) {
        static char text[(1 << 20) + 1];
        struct err err;
        int64_t id;
        bool changed;

        for (int i = 0; i < n; i++) {
                struct tx *tx = begin(db);

                memset(text, 'a' + i % 26, sizeof(text) - 1);
                CHECK_OK(challenges_put(tx, w->tenant.id, "big", text, T0, &id, &changed, &err));
                commit(tx);
        }
}

TEST(the_write_ahead_log_is_bounded_under_load_and_goes_when_idle) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct world w = make_world(db, 1);
        int64_t left = -1;

        write_much(db, &w, 160);
        CHECK(wal_bytes() > 0 && wal_bytes() < 80 << 20);
        db_idle(db, &left);
        CHECK(left == 0 && wal_bytes() == 0);
        write_much(db, &w, 1);
        CHECK(wal_bytes() > 0);
}

TEST(a_reader_holds_the_log_up_but_no_commit) {
        _cleanup_(db_freep) struct db *db = fresh();
        _cleanup_(db_freep) struct db *reader = NULL;
        struct world w = make_world(db, 1);
        struct user u;
        struct tx *tx;
        struct err err;
        int64_t left;

        CHECK_OK(store_open_reader(store_url(), &reader, &err));
        tx = begin(reader);
        CHECK_OK(users_get(tx, w.users[0].id, &u, &err));
        write_much(db, &w, 130);
        CHECK(wal_bytes() > 100 << 20);
        db_idle(db, &left);
        CHECK(left > 0);
        tx_end(tx);
        db_idle(db, &left);
        CHECK(left == 0);
}

TEST(a_full_disk_is_told_and_nothing_is_half_done) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct world w = make_world(db, 1);
        struct user two = { .tenant = w.tenant.id, .name = "player2" };
        static char text[200000];
        struct tx *tx;
        struct err err;
        int64_t id;
        bool changed;

        memset(text, 'x', sizeof(text) - 1);
        CHECK_OK(db->driver->script(db, "PRAGMA max_page_count = 60", &err));
        tx = begin(db);
        CHECK_OK(users_insert(tx, &two, "", &err));
        CHECK_OK(tx_savepoint(tx, &err));
        CHECK(challenges_put(tx, w.tenant.id, "big", text, T0, &id, &changed, &err) < 0);
        CHECK(err.kind == ERR_NO_SPACE);
        /* SQLite may have ended the transaction: then nothing of it may go on by itself. */
        if (tx_rollback(tx, &err) < 0) {
                CHECK(err.kind == ERR_UNAVAILABLE);
                CHECK(users_get(tx, w.users[0].id, &two, &err) < 0);
                CHECK(tx_commit(&tx, &err) < 0);
        } else {
                commit(tx);
        }
        CHECK_OK(db_ping(db, &err));
        CHECK_OK(db->driver->script(db, "PRAGMA max_page_count = 1000000", &err));
        tx = begin(db);
        CHECK(challenges_put(tx, w.tenant.id, "big", text, T0, &id, &changed, &err) == 0 &&
              changed);
        commit(tx);
}

TEST(a_file_has_one_writer) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct db *other;
        struct err err;
        char pid[32];

        snprintf(pid, sizeof(pid), "(process %ld)", (long)getpid());
        CHECK(store_open(store_url(), &other, &err) < 0);
        CHECK(err.kind == ERR_CONFLICT && strstr(err.msg, "in use by another berth"));
        CHECK(strstr(err.msg, pid));
        db = db_free(db);
        CHECK_OK(store_open(store_url(), &other, &err));
        db_free(other);
}

TEST(a_killed_writer_leaves_no_lock_and_loses_nothing) {
        struct world w;
        struct user u;
        struct err err;
        int status;
        int tell[2];

        wipe();
        CHECK(pipe(tell) == 0);
        pid_t pid = fork();
        if (pid == 0) {
                struct db *db = reopen();

                w = make_world(db, 1);
                CHECK(write(tell[1], &w, sizeof(w)) == sizeof(w));
                begin(db); /* one that never ends */
                pause();
        }
        CHECK(read(tell[0], &w, sizeof(w)) == sizeof(w));
        kill(pid, SIGKILL);
        CHECK(waitpid(pid, &status, 0) == pid);
        _cleanup_(db_freep) struct db *db = reopen();
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        CHECK_OK(users_get(tx, w.users[0].id, &u, &err));
        CHECK(u.id == w.users[0].id);
}

TEST(a_file_that_is_no_database_is_refused) {
        struct err err;
        struct db *db;
        FILE *f;

        wipe();
        f = fopen(store_url() + strlen("sqlite:"), "w");
        CHECK(f);
        for (int i = 0; i < 1000; i++)
                fputs("this is not a database\n", f);
        fclose(f);
        CHECK(store_open(store_url(), &db, &err) < 0);
        CHECK(strstr(err.msg, "not a database"));
        wipe();
        CHECK(store_open("sqlite:/nonexistent/berth.db", &db, &err) < 0);
        CHECK(err.kind == ERR_UNAVAILABLE);
        CHECK(store_open("sqlite:", &db, &err) < 0 && err.kind == ERR_INVALID);
}
