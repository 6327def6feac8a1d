/*
 * Patterns: regular expressions from authors, for flags.
 *
 * A pattern is for the whole text: "26" does not match "261".  Steps, depth and
 * memory of a match are limited, so that a pattern that backtracks without end
 * holds nobody up: such a text counts as no match.  Immutable; a match may run
 * on any thread.  PCRE2's syntax, UTF-8.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct pattern;

/* Fails: INVALID, with the position in TEXT. */
_must_check_ int pattern_new(const char *text, bool case_insensitive, struct pattern **ret,
                             struct err *err);
struct pattern *pattern_free(struct pattern *p);
bool pattern_matches(const struct pattern *p, const char *text, size_t n);
