/*
 * What commands print: tables and JSON on standard output, one line about a
 * failure on standard error, with what to do next.
 */
#pragma once

#include "base/json.h"
#include "cli/command.h"

/* Says ERR (as JSON with --json), and what may help; gives the exit code. */
int output_fail(const struct call *call, const struct err *err);

/* JSON on standard output, with a line break. */
void output_json(const json_t *json);

/*
 * A table of text, its columns as wide as their widest cell.  Cells are
 * copied; a NULL one is "-".  Where standard output is no terminal, cells are
 * separated by tabs and there is no heading, for scripts.
 */
#define TABLE_COLUMNS_MAX 10
struct table {
        struct arena arena;
        size_t columns, n, cap;
        const char **cells;
};
void table_init(struct table *t, const char *const *headings); /* NULL-terminated */
void table_add(struct table *t, const char *cell);
/* A member of O: text, a number, yes or no, a list of text, the name of an object; "-" when absent
 * or null. */
void table_member(struct table *t, const json_t *o, const char *key);
void table_print(struct table *t);
void table_done(struct table *t);
#define _cleanup_table_ _cleanup_(table_done)

/* Text of a JSON value as table_member() shows it, in ARENA. */
const char *output_text(const json_t *value, struct arena *arena);

/* LIST as a table: COLUMNS are the members of each item, under HEADINGS; with --json all of WHOLE.
 * Gives the exit code. */
int output_items(const struct call *call, const json_t *list, const json_t *whole,
                 const char *const *headings, const char *const *columns);
