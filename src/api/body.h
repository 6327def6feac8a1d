/*
 * Bodies: from bytes to JSON, and from JSON to fields.
 *
 * Every refusal names what is wrong: the position in malformed JSON, the field
 * that is missing or ill-typed.  Unknown fields are ignored.  Pure.
 */
#pragma once

#include "api/router.h"
#include "base/json.h"
#include "model/lease.h"

/* TYPE is the Content-Type header, or NULL.  The caller owns *ret.
 * Fails: MEDIA_TYPE, INVALID. */
_must_check_ int body_parse(const char *type, const char *text, size_t n, enum route_body kind,
                            json_t **ret, struct err *err);

/* A field that must be there, of 1 to MAX bytes.  Fails: INVALID, naming it. */
_must_check_ int body_text(const json_t *o, const char *key, size_t max, const char **ret,
                           struct err *err);
/* The same, but *ret is "" when it is not there or null. */
_must_check_ int body_text_or(const json_t *o, const char *key, size_t max, const char **ret,
                              struct err *err);
/* A number that must be there, in MIN..MAX. */
_must_check_ int body_int(const json_t *o, const char *key, int64_t min, int64_t max, int64_t *ret,
                          struct err *err);
/* The same; DEF when it is not there or null. */
_must_check_ int body_int_or(const json_t *o, const char *key, int64_t min, int64_t max,
                             int64_t def, int64_t *ret, struct err *err);
/* A name for people: printable UTF-8, 1 to NAME_MAX_BYTES - 1 bytes, no spaces at its ends. */
_must_check_ int body_name(const json_t *o, const char *key, char ret[NAME_MAX_BYTES],
                           struct err *err);
/* {base_seconds, increment_seconds, max_extensions, max_lifetime_seconds, flag_grace_seconds}; what
 * is missing is taken from *ret. */
_must_check_ int body_policy(const json_t *o, struct policy *ret, struct err *err);
