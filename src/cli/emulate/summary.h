/*
 * What a run comes to: a spread of each step's times, and figures.  Each has a name, by which it
 * is printed as JSON and by which limits are set: "errors", "p95_submit_ms".  Pure.
 */
#pragma once

#include "base/buf.h"
#include "cli/emulate/measure.h"

enum figure {
#define FIGURE(id, ...) FIGURE_##id,
#include "cli/emulate/figures.def"
        _FIGURE_N,
};

struct figure_row {
        const char *name, *what;
};
extern const struct figure_row summary_figures[_FIGURE_N];

/* Times in ms; NAN when COUNT is 0.  A percentile is the least value that so many do not exceed. */
struct spread {
        uint64_t count, failed, rate_limited;
        double mean_ms, p50_ms, p95_ms, p99_ms, max_ms;
};

struct summary {
        struct spread steps[_STEP_N];
        double figures[_FIGURE_N]; /* NAN: there is none */
};

/* The spread of N samples, which become sorted by what they took. */
void spread_of(struct sample *samples, size_t n, struct spread *ret);
/* M's samples are left as they are. */
void summary_of(const struct measure *m, unsigned players, struct summary *ret);

/* --- names --- */

#define METRIC_NAME 40

/* The metric called NAME; -1 when there is none. */
int summary_find(const char *name);
/* How many there are, numbered from 0, and the name of each. */
size_t summary_count(void);
void summary_name(int metric, char ret[METRIC_NAME]);
double summary_value(const struct summary *s, int metric);
/* V as people and JSON take it, with at most three digits after the point. */
void summary_number(struct buf *b, double v);
