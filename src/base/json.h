/*
 * JSON: written straight into a buffer, read with jansson.
 *
 * The writer is for hot replies and for canonical text.  It puts commas by
 * itself: json_key() and the value calls look at the last byte written.
 *
 *         json_open(b, '{');
 *         json_key(b, "id");    json_text(b, lease->id);
 *         json_key(b, "ports"); json_open(b, '['); ... json_close(b, ']');
 *         json_close(b, '}');
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

void json_open(struct buf *b, char bracket);
void json_close(struct buf *b, char bracket);
void json_key(struct buf *b, const char *key);
/* Text is escaped; bytes that are not UTF-8 become U+FFFD.  NULL is null. */
void json_text(struct buf *b, const char *s);
void json_textn(struct buf *b, const char *s, size_t n);
void json_int(struct buf *b, int64_t v);
void json_bool(struct buf *b, bool v);
void json_none(struct buf *b);                  /* null; jansson has taken the name json_null */
void json_raw(struct buf *b, const char *json); /* already JSON */
void json_rawn(struct buf *b, const char *json, size_t n);
/* RFC 3339 in UTC with milliseconds: "2026-11-20T19:05:06.123Z"; null when MS is 0. */
void json_time(struct buf *b, int64_t ms);

/* The value of KEY in OBJECT as JSON of *N bytes; NULL when it has none.  Only for what this writer
 * made, of members that are text or numbers: nothing is parsed.  Looks at no byte after it. */
const char *json_member(const char *object, const char *key, size_t *n);

#define JSON_DEPTH_MAX 64

/* Parses N bytes, at most JSON_DEPTH_MAX levels deep; a key may not come twice in an object, NUL
 * nowhere.  Any value will do, not only an object.  The caller owns *ret (json_decref).
 * Fails: INVALID, with "line L, column C" in the message. */
_must_check_ int json_parse(const char *text, size_t n, json_t **ret, struct err *err);

/* Reads a member of object O.  A missing member, or null, gives DEF; a wrong
 * type fails with INVALID and names KEY; so does an O that is not an object.  Text lives as long as
 * O. */
_must_check_ int json_get_text(const json_t *o, const char *key, const char *def, const char **ret,
                               struct err *err);
_must_check_ int json_get_int(const json_t *o, const char *key, int64_t def, int64_t *ret,
                              struct err *err);

/* json_decrefp() is jansson's. */
#define _cleanup_json_ _cleanup_(json_decrefp)
