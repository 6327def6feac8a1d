/* What comes in query strings and paths, read strictly.  Pure; NULL text means absent. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "model/account.h"

/* All fail INVALID and name KEY. */
_must_check_ int query_int(const char *key, const char *text, int64_t min, int64_t max, int64_t def,
                           int64_t *ret, struct err *err);
/* "1", "true", "yes" and "" are true; "0", "false", "no" are false; absent is false. */
_must_check_ int query_bool(const char *key, const char *text, bool *ret, struct err *err);
/* "2026-11-20T19:05:06Z" with an optional fraction, to ms since 1970; 0 when absent. */
_must_check_ int query_time(const char *key, const char *text, int64_t *ret, struct err *err);
/* "user:5", "team:3"; id 0 when absent. */
_must_check_ int query_account(const char *key, const char *text, struct account *ret,
                               struct err *err);
/* Decodes TEXT of a form in its place; a wrong escape, and %00, stay as they are. */
char *query_decode(char *text);
/* Is TEXT a positive decimal number?  Then *ret is it. */
bool query_id(const char *text, int64_t *ret);
