#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "store/row.h"

struct row row_of(const struct rows *rows, size_t i) {
        assert(i < rows->n);
        return (struct row){ .vals = rows->vals + i * rows->columns, .columns = rows->columns };
}

static void damaged(struct row *row) {
        if (!row->bad)
                row->bad = row->at;
}

static struct val next(struct row *row, enum val_type type) {
        struct val v = { 0 };

        if (row->at++ < row->columns)
                v = row->vals[row->at - 1];
        if (v.type != type)
                damaged(row);
        return v;
}

int64_t row_int(struct row *row) { return next(row, VAL_INT).i; }

const char *row_string(struct row *row) {
        struct val v = next(row, VAL_TEXT);

        return v.type == VAL_TEXT ? v.s : "";
}

void row_text(struct row *row, char *ret, size_t room) {
        const char *s = row_string(row);

        if ((size_t)snprintf(ret, room, "%s", s) >= room)
                damaged(row);
}

int row_enum(struct row *row, int (*parse)(const char *name)) {
        int v = parse(row_string(row));

        if (v < 0)
                damaged(row);
        return v < 0 ? 0 : v;
}

static int account_kind_parse(const char *name) {
        for (int k = ACCOUNT_USER; k <= ACCOUNT_TEAM; k++)
                if (strcmp(name, account_kind_name((enum account_kind)k)) == 0)
                        return k;
        return -1;
}

struct account row_account(struct row *row) {
        struct account a;

        a.kind = (enum account_kind)row_enum(row, account_kind_parse);
        a.id = row_int(row);
        return a;
}

void row_hex(struct row *row, uint8_t *ret, size_t n) {
        struct err ignored;

        if (hex_decode(row_string(row), ret, n, &ignored) < 0)
                damaged(row);
}

int row_end(const struct row *row, const char *table, struct err *err) {
        if (row->bad || row->at != row->columns)
                return err_set(err, ERR_INTERNAL, "store: a row of %s is damaged (column %zu)",
                               table, row->bad);
        return 0;
}
