/*
 * Comma-separated values, as RFC 4180 has them: fields may be quoted, and then
 * hold commas, line breaks and doubled quotes.
 *
 * Lines end with LF, CRLF or CR; blanks around a field do not count, empty lines are
 * skipped, a byte order mark is too.  Pure.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct csv {
        const char *at, *end;
        int line; /* of the next record */
};
void csv_init(struct csv *c, const char *text, size_t n);

#define CSV_FIELDS_MAX 16

struct csv_record {
        const char *fields[CSV_FIELDS_MAX]; /* in the arena */
        size_t n;
        int line; /* where it begins */
};

/* The next record; *more is false when there is none.  Fails: INVALID, at ret->line; then the next
 * call goes on with the next line. */
_must_check_ int csv_next(struct csv *c, struct arena *arena, struct csv_record *ret, bool *more,
                          struct err *err);
