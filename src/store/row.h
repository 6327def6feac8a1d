/*
 * Reading a row into a struct, column by column.
 *
 *         struct row row = row_of(&rows, i);
 *
 *         team.id = row_int(&row);
 *         row_text(&row, team.name, sizeof(team.name));
 *         return row_end(&row, "team", err);
 *
 * A column of another type, too long a text, or a word that its parser does
 * not know mark the row as damaged; row_end() tells.  Only files in store/
 * include this.
 */
#pragma once

#include "model/account.h"
#include "store/db.h"

struct row {
        const struct val *vals;
        size_t columns, at;
        size_t bad; /* the first damaged column, counted from 1; 0: none */
};

struct row row_of(const struct rows *rows, size_t i);
int64_t row_int(struct row *row);
const char *row_string(struct row *row); /* as long-lived as the rows; "" when damaged */
void row_text(struct row *row, char *ret, size_t room);
int row_enum(struct row *row, int (*parse)(const char *name)); /* 0 when damaged */
struct account row_account(struct row *row);                   /* two columns: kind, id */
void row_hex(struct row *row, uint8_t *ret, size_t n);
/* Fails INTERNAL when a column was damaged, or is left over. */
_must_check_ int row_end(const struct row *row, const char *table, struct err *err);
