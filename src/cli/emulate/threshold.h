/*
 * Limits that a run has to keep: "p95_submit_ms=200,errors=0,sign_in_percent>=100".
 *
 * NAME=LIMIT and NAME<=LIMIT say that the metric may not be above, NAME>=LIMIT that it may not be
 * below.  Pure.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "cli/emulate/summary.h"

struct threshold {
        int metric;
        bool least; /* >= */
        double limit;
};

struct thresholds {
        struct threshold *list;
        size_t n;
};

/* Reads TEXT into ARENA; NULL has none.  Fails: INVALID, naming what is wrong. */
_must_check_ int thresholds_parse(const char *text, struct arena *arena, struct thresholds *ret,
                                  struct err *err);
/* What was not measured keeps no limit. */
bool threshold_met(const struct threshold *t, const struct summary *s);
/* How many of them were missed. */
size_t thresholds_missed(const struct thresholds *t, const struct summary *s);
/* For people: "p95_submit_ms is 312.4, above its limit of 200", or that it was kept. */
void threshold_text(const struct threshold *t, const struct summary *s, struct buf *b);
