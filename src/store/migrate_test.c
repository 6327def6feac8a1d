/* Migrations, held against the database in $STORE. */
#include "base/fault.h"
#include "store/fixture.h"
#include "store/migrate.h"

static const struct migration list[] = {
        { 1, "0001_one", "CREATE TABLE one (id BIGINT NOT NULL);", "", "" },
        { 2, "0002_two", "CREATE TABLE two (id BIGINT NOT NULL); INSERT INTO two VALUES (2);",
          "INSERT INTO two VALUES (3);", "INSERT INTO two VALUES (3);" },
};

static struct db *empty(void) {
        struct err err;
        struct db *db;

        wipe();
        CHECK_OK(db_open(store_url(), &db, &err));
        return db;
}

static bool runs(struct db *db, const char *script) {
        struct err err;

        return db->driver->script(db, script, &err) == 0;
}

static void refused(struct db *db, const struct migration *l, int n, const char *why) {
        struct err err;

        CHECK(migrate(db, l, n, &err) < 0);
        CHECK(err.kind == ERR_INVALID);
        if (!strstr(err.msg, why)) {
                fprintf(stderr, "\"%s\" does not say \"%s\"\n", err.msg, why);
                exit(1);
        }
}

TEST(migrations_are_applied_once) {
        _cleanup_(db_freep) struct db *db = empty();
        struct err err;

        CHECK_OK(migrate(db, list, 1, &err));
        CHECK(runs(db, "UPDATE schema_migration SET applied_ms = 1"));
        CHECK_OK(migrate(db, list, 2, &err));
        CHECK_OK(migrate(db, list, 2, &err));
        CHECK_OK(migrate_check(db, list, 2, &err));
        /* Each ran once, its supplement too, and the first was not recorded anew. */
        CHECK(runs(db, "CREATE UNIQUE INDEX two_id ON two (id)"));
        CHECK(runs(db, "UPDATE two SET id = id / (SELECT count(*) - 1 FROM two)"));
        CHECK(runs(db, "ALTER TABLE schema_migration ADD CHECK (number <> 1 OR applied_ms = 1)") ||
              !on_postgres());
}

TEST(a_store_of_this_program_is_at_its_schema) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct err err;

        CHECK(store_schema_version() == migrations[n_migrations - 1].number);
        CHECK_OK(migrate(db, migrations, n_migrations, &err));
        for (int i = 0; i < n_migrations; i++)
                CHECK(migrations[i].number == i + 1);
}

TEST(a_changed_migration_is_refused) {
        _cleanup_(db_freep) struct db *db = empty();
        struct migration changed[] = { list[0], list[1] };
        struct err err;

        CHECK_OK(migrate(db, list, 2, &err));
        changed[0].text = "CREATE TABLE one (id BIGINT);";
        refused(db, changed, 2, "0001_one was changed");
        changed[0] = list[0];
        changed[1].sqlite = changed[1].postgres = "";
        refused(db, changed, 2, "0002_two was changed");
}

TEST(a_half_applied_migration_is_refused) {
        _cleanup_(db_freep) struct db *db = empty();
        struct err err;

        CHECK_OK(migrate(db, list, 1, &err));
        CHECK(runs(db, "UPDATE schema_migration SET state = 'applying' WHERE number = 1"));
        refused(db, list, 2, "restore the last backup");
        CHECK(!runs(db, "INSERT INTO two VALUES (1)"));
}

TEST(a_missing_migration_is_refused) {
        _cleanup_(db_freep) struct db *db = empty();
        struct err err;

        CHECK_OK(migrate(db, list, 2, &err));
        CHECK(runs(db, "DELETE FROM schema_migration WHERE number = 1"));
        refused(db, list, 2, "0001_one is missing");
}

TEST(a_newer_store_is_refused) {
        _cleanup_(db_freep) struct db *db = empty();
        struct err err;

        CHECK_OK(migrate(db, list, 2, &err));
        refused(db, list, 1, "newer than this program");
        CHECK(migrate_check(db, list, 1, &err) < 0 && err.kind == ERR_INVALID);
}

TEST(an_older_store_is_refused_by_a_reader) {
        _cleanup_(db_freep) struct db *db = empty();
        struct err err;

        CHECK_OK(migrate(db, list, 1, &err));
        CHECK(migrate_check(db, list, 2, &err) < 0 && err.kind == ERR_INVALID);
        CHECK(strstr(err.msg, "0002_two"));
}

TEST(a_migration_that_fails_leaves_nothing) {
        _cleanup_(db_freep) struct db *db = empty();
        struct migration bad[] = { list[0], list[1] };
        struct err err;

        bad[1].text = "CREATE TABLE two (id BIGINT); INSERT INTO nowhere VALUES (1);";
        CHECK(migrate(db, bad, 2, &err) < 0);
        CHECK(strstr(err.msg, "0002_two was not applied"));
        CHECK(runs(db, "INSERT INTO one VALUES (1)"));
        CHECK(!runs(db, "INSERT INTO two VALUES (1)"));
        CHECK_OK(migrate(db, list, 2, &err));
        CHECK(runs(db, "INSERT INTO two VALUES (1)"));
}

TEST(wherever_a_migration_breaks_off_it_is_taken_up_again) {
        struct err err;
        bool fired;
        long k = 0;

        do {
                _cleanup_(db_freep) struct db *db = empty();
                int r;

                fault_arm(++k);
                r = migrate(db, list, 2, &err);
                fired = fault_fired();
                fault_arm(0);
                /* Only the release of the lock may fail without notice. */
                CHECK(r < 0 || !fired || on_postgres());
                CHECK_OK(migrate(db, list, 2, &err));
                CHECK_OK(migrate_check(db, list, 2, &err));
                CHECK(runs(db, "INSERT INTO two VALUES (1)"));
        } while (fired);
        CHECK(k > 10);
}

TEST(daemons_that_start_together_migrate_once) {
        int status;

        if (!on_postgres())
                return;
        wipe();
        for (int i = 0; i < 4; i++)
                if (fork() == 0) {
                        db_free(reopen());
                        exit(0);
                }
        for (int i = 0; i < 4; i++) {
                CHECK(wait(&status) > 0);
                CHECK(status == 0);
        }
}

TEST(a_reader_makes_no_store) {
        struct err err;
        struct db *db;

        if (in_memory())
                return;
        wipe();
        CHECK(store_open_reader(store_url(), &db, &err) < 0);
        if (!on_postgres())
                CHECK(access(store_url() + strlen("sqlite:"), F_OK) < 0);
}
