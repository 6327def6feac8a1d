/*
 * Errors.
 *
 * A function that can fail returns int and takes `struct err *` last.
 * It returns 0, or -1 with *err filled in; on -1 its other outputs are
 * untouched.  The kind says what the caller may do about it, the message
 * is for people.  An err owns no memory: copy it, drop it, put it on the
 * stack.
 */
#pragma once

#include <stdbool.h>

#include "base/attr.h"

enum err_kind {
#define ERR(id, http, code, title) ERR_##id,
#include "base/errors.def"
        _ERR_N
};

struct err {
        enum err_kind kind;
        char msg[256];
};

/* Fills *err.  Always returns -1, so that a failure is one statement:
 *         return err_set(err, ERR_QUOTA, "team %s holds %u", team, n); */
int err_set(struct err *err, enum err_kind kind, const char *fmt, ...) _printf_(3, 4);

/* Puts context before the message, keeps the kind.  Always returns -1. */
int err_wrap(struct err *err, const char *fmt, ...) _printf_(2, 3);

#ifdef __clang_analyzer__ /* which does not look into err.c, and must know that they give -1 */
#define err_set(...)  (err_set(__VA_ARGS__), -1)
#define err_wrap(...) (err_wrap(__VA_ARGS__), -1)
#endif

/* The HTTP status, the stable wire code and the title of KIND. */
int err_http(enum err_kind kind);
const char *err_code(enum err_kind kind);
const char *err_title(enum err_kind kind);

/* May the same call succeed a little later?  (UNAVAILABLE, TIMEOUT, GARBLED.) */
bool err_may_pass(enum err_kind kind);
