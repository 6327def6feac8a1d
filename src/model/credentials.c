#include "model/credentials.h"

#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "base/password.h"
#include "base/str.h"
#include "model/account.h"
#include "model/csv.h"

struct reader {
        const char *file;
        struct arena *arena;
        struct credentials *to;
        struct map by_name;
        size_t cap_rows, cap_bad;
};

static void *room(struct arena *arena, void *array, size_t n, size_t *cap, size_t size) {
        if (n < *cap)
                return array;
        *cap = *cap ? 2 * *cap : 64;
        return arena_grow(arena, array, n * size, *cap * size);
}

static void complain(struct reader *r, int line, const char *reason) {
        struct credentials *to = r->to;

        to->bad = room(r->arena, to->bad, to->n_bad, &r->cap_bad, sizeof(*to->bad));
        to->bad[to->n_bad++] =
                (struct complaint){ r->file, line, 0, arena_printf(r->arena, "%s", reason) };
}

/* NULL when the row is good. */
static const char *fault(const struct reader *r, const struct csv_record *row) {
        const char *name = row->fields[0], *password = row->fields[1];

        if (row->n != 2)
                return arena_printf(r->arena, "has %zu fields, not a name and a password", row->n);
        if (!*name)
                return "has no name";
        if (strlen(name) >= NAME_MAX_BYTES)
                return arena_printf(r->arena, "the name has more than %d bytes",
                                    NAME_MAX_BYTES - 1);
        if (!str_is_name(name))
                return "the name is not valid text, or has invisible characters";
        if (!*password)
                return "has no password";
        if (strlen(password) > PASSWORD_MAX)
                return arena_printf(r->arena, "the password has more than %d bytes", PASSWORD_MAX);
        return NULL;
}

static void take(struct reader *r, const struct csv_record *row) {
        struct credentials *to = r->to;
        const char *why = fault(r, row);
        const int *first = why ? NULL : map_get(&r->by_name, row->fields[0]);
        int *line;

        if (first)
                why = arena_printf(r->arena, "has the name of line %d", *first);
        if (why) {
                complain(r, row->line, why);
                return;
        }
        line = arena_new(r->arena, int);
        *line = row->line;
        map_put(&r->by_name, row->fields[0], line);
        to->rows = room(r->arena, to->rows, to->n, &r->cap_rows, sizeof(*to->rows));
        to->rows[to->n++] = (struct credential){ row->fields[0], row->fields[1], row->line };
}

void credentials_parse(const char *file, const char *text, size_t n, struct arena *arena,
                       struct credentials *ret) {
        struct reader r = { .file = file, .arena = arena, .to = ret };
        bool more = true, first = true;
        struct csv_record row;
        struct csv csv;
        struct err err;

        *ret = (struct credentials){ 0 };
        csv_init(&csv, text, n);
        while (more) {
                if (csv_next(&csv, arena, &row, &more, &err) < 0)
                        complain(&r, row.line, err.msg);
                else if (more && !(first && strcmp(row.fields[0], "username") == 0))
                        take(&r, &row);
                first = false;
        }
        map_done(&r.by_name);
}
