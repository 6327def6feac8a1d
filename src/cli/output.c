#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/output.h"

/* What may help, by the kind of the failure; NULL: the message says it all. */
static const char *hint(enum err_kind kind, bool client) {
        if (kind == ERR_UNAVAILABLE && client)
                return "is the daemon running there? --url or $BERTH_URL names another, `berth "
                       "serve` runs one";
        if (kind == ERR_UNAUTHENTIC)
                return "set $BERTH_TOKEN; an administrator makes one with `berth token add USER`";
        if (kind == ERR_FORBIDDEN)
                return "this needs a token of another role";
        if (kind == ERR_RATE)
                return "wait a little, then try again";
        return NULL;
}

int output_fail(const struct call *call, const struct err *err) {
        bool client = call->command && call->command->options & UINT64_C(1) << OPTION_URL;
        const char *help = hint(err->kind, client);

        if (call->options[OPTION_JSON]) {
                _cleanup_buf_ struct buf b = { 0 };

                json_open(&b, '{');
                json_key(&b, "code");
                json_text(&b, err_code(err->kind));
                json_key(&b, "message");
                json_text(&b, err->msg);
                json_close(&b, '}');
                fprintf(stderr, "%s\n", b.data);
        } else {
                fprintf(stderr, "berth: %s\n", err->msg);
                if (help)
                        fprintf(stderr, "berth: %s\n", help);
        }
        return command_leave(err);
}

void output_json(const json_t *json) {
        json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
        putchar('\n');
}

/* "5, 3, 1" */
static const char *list_text(const json_t *list, struct arena *arena) {
        const char *all = "-";
        json_t *v;
        size_t i;

        json_array_foreach(list, i, v) all =
                i ? arena_printf(arena, "%s, %s", all, output_text(v, arena)) :
                    output_text(v, arena);
        return all;
}

const char *output_text(const json_t *value, struct arena *arena) {
        if (json_is_string(value))
                return arena_printf(arena, "%s", json_string_value(value));
        if (json_is_integer(value))
                return arena_printf(arena, "%" PRId64, (int64_t)json_integer_value(value));
        if (json_is_real(value))
                return arena_printf(arena, "%.2f", json_real_value(value));
        if (json_is_boolean(value))
                return json_is_true(value) ? "yes" : "no";
        if (json_is_array(value))
                return list_text(value, arena);
        if (json_is_object(value)) /* an account, say */
                return output_text(json_object_get(value, "name"), arena);
        return "-";
}

void table_init(struct table *t, const char *const *headings) {
        *t = (struct table){ 0 };
        while (headings[t->columns])
                t->columns++;
        for (size_t i = 0; i < t->columns; i++)
                table_add(t, headings[i]);
}

void table_add(struct table *t, const char *cell) {
        if (t->n == t->cap) {
                size_t cap = t->cap ? 2 * t->cap : 64;

                t->cells = arena_grow(&t->arena, t->cells, t->n * sizeof(*t->cells),
                                      cap * sizeof(*t->cells));
                t->cap = cap;
        }
        t->cells[t->n++] = cell && *cell ? arena_printf(&t->arena, "%s", cell) : "-";
}

void table_member(struct table *t, const json_t *o, const char *key) {
        table_add(t, output_text(json_object_get(o, key), &t->arena));
}

/* Columns of text that is not ASCII: characters count, not their continuation bytes. */
static int width(const char *s) {
        int n = 0;

        for (; *s; s++)
                n += ((unsigned char)*s & 0xc0) != 0x80;
        return n;
}

/* Text that others wrote must not move the cursor or change its colour. */
static void print_clean(const char *s) {
        for (; *s; s++)
                putchar((unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s);
}

void table_print(struct table *t) {
        int widths[TABLE_COLUMNS_MAX] = { 0 };
        bool terminal = isatty(STDOUT_FILENO);

        for (size_t i = 0; i < t->n; i++) {
                int w = width(t->cells[i]);

                if (w > widths[i % t->columns])
                        widths[i % t->columns] = w;
        }
        for (size_t i = terminal ? 0 : t->columns; i < t->n; i++) {
                bool last = i % t->columns == t->columns - 1;

                print_clean(t->cells[i]);
                if (last)
                        putchar('\n');
                else if (terminal)
                        printf("%*s", widths[i % t->columns] - width(t->cells[i]) + 2, "");
                else
                        putchar('\t');
        }
}

void table_done(struct table *t) { arena_done(&t->arena); }

int output_items(const struct call *call, const json_t *list, const json_t *whole,
                 const char *const *headings, const char *const *columns) {
        _cleanup_table_ struct table t;
        json_t *o;
        size_t i;

        table_init(&t, headings);
        if (call->options[OPTION_JSON]) {
                output_json(whole);
                return LEAVE_OK;
        }
        json_array_foreach(list, i, o) {
                for (size_t c = 0; columns[c]; c++)
                        table_member(&t, o, columns[c]);
        }
        table_print(&t);
        return LEAVE_OK;
}
