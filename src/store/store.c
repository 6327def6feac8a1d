#include "store/store.h"
#include "store/driver.h"
#include "store/migrate.h"
#include "store/row.h"

int store_open(const char *url, struct db **ret, struct err *err) {
        _cleanup_(db_freep) struct db *db = NULL;

        if (db_open(url, &db, err) < 0 || migrate(db, migrations, n_migrations, err) < 0)
                return -1;
        *ret = TAKE(db);
        return 0;
}

int store_open_reader(const char *url, struct db **ret, struct err *err) {
        _cleanup_(db_freep) struct db *db = NULL;

        if (db_open_reader(url, &db, err) < 0 ||
            migrate_check(db, migrations, n_migrations, err) < 0)
                return -1;
        *ret = TAKE(db);
        return 0;
}

int store_schema_version(void) { return migrations[n_migrations - 1].number; }

int meta_put_once(struct tx *tx, const char *key, const char *value, struct arena *arena,
                  const char **ret, struct err *err) {
        struct rows rows;

        if (tx_exec(tx, SQL_META_PUT_ONCE, ARGS(V(key), V(value)), arena, &rows, err) < 0)
                return -1;
        *ret = rows_get(&rows, 0, 0).s;
        return 0;
}
