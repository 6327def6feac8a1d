/*
 * Patterns: regular expressions from authors, for flags.
 *
 * Steps, depth and memory of a match are limited, so that a pattern that
 * backtracks without end holds nobody up: such a text counts as no match.
 * Immutable; a match may run on any thread.  PCRE2's syntax, UTF-8.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct pattern;

/* PATTERN_WHOLE: it is for the whole text, "26" does not match "261".  PATTERN_ONCE, CTFG's way: it
 * is found in the text, and in one place only; whoever wants the whole text writes "^26$". */
enum pattern_kind { PATTERN_WHOLE, PATTERN_ONCE };

/* Fails: INVALID, with the position in TEXT. */
_must_check_ int pattern_new(const char *text, enum pattern_kind kind, bool case_insensitive,
                             struct pattern **ret, struct err *err);
struct pattern *pattern_free(struct pattern *p);
bool pattern_matches(const struct pattern *p, const char *text, size_t n);
