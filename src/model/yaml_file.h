/*
 * YAML from authors, as the JSON that it means.
 *
 * One document.  Aliases, anchors and tags are refused, depth and number of values are bounded.
 * Plain text is null, true, false or a decimal number where it is written as one, and text
 * otherwise: 1.10 keeps its zero, and `no` is no boolean.  Only files in model/ include this.
 */
#pragma once

#include "base/json.h"
#include "model/marks.h"

/* The caller owns *ret; MARKS gets the place of each value that is not deeper than refusals name
 * one.  Fails: INVALID, with *at. */
_must_check_ int yaml_file_parse(const char *text, size_t n, struct marks *marks, json_t **ret,
                                 struct mark *at, struct err *err);
