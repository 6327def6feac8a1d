#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "store/driver.h"
#include "store/migrate.h"
#include "store/row.h"

#define CHECKSUM_TEXT (2 * SHA256_SIZE + 1)

/* What DB needs beside the text that both databases understand. */
static const char *extra_text(struct db *db, const struct migration *m) {
        return strcmp(db_name(db), "sqlite") == 0 ? m->sqlite : m->postgres;
}

static void checksum(struct db *db, const struct migration *m, char ret[CHECKSUM_TEXT]) {
        _cleanup_arena_ struct arena arena = { 0 };
        char *text = arena_printf(&arena, "%s%s", m->text, extra_text(db, m));
        uint8_t hash[SHA256_SIZE];

        sha256(text, strlen(text), hash);
        hex_encode(hash, sizeof(hash), ret);
}

/* One row of schema_migration, which should be the one of M. */
static int check_row(struct db *db, const struct rows *rows, size_t i, const struct migration *m,
                     struct err *err) {
        struct row row = row_of(rows, i);
        char sum[CHECKSUM_TEXT];
        int64_t number = row_int(&row);
        const char *name = row_string(&row), *had = row_string(&row), *state = row_string(&row);

        if (row_end(&row, "schema_migration", err) < 0)
                return -1;
        if (strcmp(state, "applied") != 0)
                return err_set(err, ERR_INVALID,
                               "migration %s of the store is half applied (state \"%s\"): restore "
                               "the last backup, or undo it by hand and delete its row from "
                               "schema_migration; then start again",
                               name, state);
        if (number != m->number)
                return err_set(err, ERR_INVALID,
                               "migration %s is missing from the store, which has %s: restore the "
                               "last backup",
                               m->name, name);
        checksum(db, m, sum);
        if (strcmp(had, sum) != 0)
                return err_set(err, ERR_INVALID,
                               "migration %s was changed after the store applied it: run the "
                               "program that the store was made with, or restore that file; a "
                               "change to the schema is a migration of its own",
                               m->name);
        return 0;
}

/* How many of LIST the store has. */
static int check_applied(struct db *db, struct tx *tx, const struct migration *list, int n,
                         int *ret, struct err *err) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct rows rows;

        if (tx_exec(tx, SQL_MIGRATION_LIST, NO_ARGS, &arena, &rows, err) < 0)
                return -1;
        for (size_t i = 0; i < rows.n && i < (size_t)n; i++)
                if (check_row(db, &rows, i, &list[i], err) < 0)
                        return -1;
        if (rows.n > (size_t)n)
                return err_set(err, ERR_INVALID,
                               "the store is newer than this program (it has migration %s, this "
                               "program ends with %d): run the newer berth, or restore a backup "
                               "from before its first start",
                               rows_get(&rows, rows.n - 1, 1).s, n ? list[n - 1].number : 0);
        *ret = (int)rows.n;
        return 0;
}

static int apply(struct db *db, const struct migration *m, struct err *err) {
        _cleanup_(tx_endp) struct tx *tx = NULL;
        char sum[CHECKSUM_TEXT];

        checksum(db, m, sum);
        if (tx_begin(db, &tx, err) < 0 ||
            tx_exec(tx, SQL_MIGRATION_BEGIN,
                    ARGS(V(m->number), V(m->name), V(sum), V(clock_now_ms())), NULL, NULL, err) < 0)
                return -1;
        if (db->driver->script(db, m->text, err) < 0 ||
            db->driver->script(db, extra_text(db, m), err) < 0)
                return -1;
        if (tx_exec(tx, SQL_MIGRATION_END, ARGS(V(m->number)), NULL, NULL, err) < 0)
                return -1;
        return tx_commit(&tx, err);
}

static int migrate_locked(struct db *db, const struct migration *list, int n, struct err *err) {
        _cleanup_(tx_endp) struct tx *tx = NULL;
        int applied = 0;

        if (tx_begin(db, &tx, err) < 0 ||
            tx_exec(tx, SQL_MIGRATION_TABLE, NO_ARGS, NULL, NULL, err) < 0 ||
            check_applied(db, tx, list, n, &applied, err) < 0 || tx_commit(&tx, err) < 0)
                return -1;
        for (; applied < n; applied++) {
                if (apply(db, &list[applied], err) < 0)
                        return err_wrap(err,
                                        "migration %s was not applied and nothing of it is kept; "
                                        "mend the cause and start again",
                                        list[applied].name);
                log_info("store migrated", LOG_TEXT("migration", list[applied].name));
        }
        return 0;
}

int migrate(struct db *db, const struct migration *list, int n, struct err *err) {
        struct err ignored;
        int r;

        if (db->driver->migration_lock(db, true, err) < 0)
                return -1;
        r = migrate_locked(db, list, n, err);
        (void)db->driver->migration_lock(db, false, &ignored);
        return r;
}

int migrate_check(struct db *db, const struct migration *list, int n, struct err *err) {
        _cleanup_(tx_endp) struct tx *tx = NULL;
        int applied = 0;

        if (tx_begin(db, &tx, err) < 0 || check_applied(db, tx, list, n, &applied, err) < 0)
                return -1;
        if (applied < n)
                return err_set(err, ERR_INVALID,
                               "the store is older than this program (it lacks migration %s): "
                               "start `berth serve` on it once",
                               list[applied].name);
        return 0;
}
