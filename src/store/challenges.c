#include <string.h>

#include "store/challenges.h"
#include "store/driver.h"
#include "store/row.h"

#define PAGE 32 /* rows read at once by a walk; each may be large */

int challenges_put(struct tx *tx, int64_t tenant, const char *slug, const char *text,
                   int64_t now_ms, int64_t *id, bool *changed, struct err *err) {
        struct arena *arena = tx_scratch(tx);
        struct rows rows;

        if (tx_exec(tx, SQL_CHALLENGE_FIND, ARGS(V(tenant), V(slug)), arena, &rows, err) < 0)
                return -1;
        if (rows.n == 0) {
                if (tx_exec(tx, SQL_CHALLENGE_INSERT, ARGS(V(tenant), V(slug), V(text), V(now_ms)),
                            arena, &rows, err) < 0)
                        return -1;
                *id = rows_get(&rows, 0, 0).i;
                *changed = true;
                return 0;
        }
        struct row row = row_of(&rows, 0);
        int64_t found = row_int(&row);
        const char *old = row_string(&row);
        bool same = row_int(&row) == 1 && strcmp(old, text) == 0;

        if (row_end(&row, "challenge", err) < 0 ||
            (!same &&
             tx_exec(tx, SQL_CHALLENGE_UPDATE, ARGS(V(found), V(text)), NULL, NULL, err) < 0))
                return -1;
        *id = found;
        *changed = !same;
        return 0;
}

int challenges_hide(struct tx *tx, int64_t id, struct err *err) {
        struct rows rows;

        if (tx_exec(tx, SQL_CHALLENGE_HIDE, ARGS(V(id)), tx_scratch(tx), &rows, err) < 0)
                return -1;
        if (rows.n == 0)
                return err_set(err, ERR_NOT_FOUND, "no such challenge");
        return 0;
}

int challenges_each(struct tx *tx, int (*fn)(void *arg, const struct challenge_row *, struct err *),
                    void *arg, struct err *err) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct challenge_row c = { 0 };
        struct rows rows;

        do {
                arena_reset(&arena);
                if (tx_exec(tx, SQL_CHALLENGE_LIST, ARGS(V(c.id), V(PAGE)), &arena, &rows, err) < 0)
                        return -1;
                for (size_t i = 0; i < rows.n; i++) {
                        struct row row = row_of(&rows, i);

                        c.id = row_int(&row);
                        c.tenant = row_int(&row);
                        c.slug = row_string(&row);
                        c.text = row_string(&row);
                        c.present = row_int(&row);
                        if (row_end(&row, "challenge", err) < 0 || fn(arg, &c, err) < 0)
                                return -1;
                }
        } while (rows.n == PAGE);
        return 0;
}
