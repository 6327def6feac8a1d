/*
 * JSON from authors, with the place of each value.
 *
 * As RFC 8259 has it, but texts may have line breaks and tabs as they are.  A name may not come
 * twice, depth is bounded.  Only files in model/ include this.
 */
#pragma once

#include "base/json.h"
#include "model/marks.h"

/* The caller owns *ret; MARKS gets the place of every value.  Fails: INVALID, with *at. */
_must_check_ int json_file_parse(const char *text, size_t n, struct marks *marks, json_t **ret,
                                 struct mark *at, struct err *err);
