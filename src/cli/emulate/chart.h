/*
 * Line charts over the time of a run, as SVG inside HTML: no script, no request to anywhere.  What
 * each moment's values are is told when one points at it.  Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define CHART_LINES_MAX 6

struct chart_line {
        const char *name;
        const double *values; /* one for each bucket; NAN: none, the line has a gap */
};

struct chart {
        const char *title, *unit;
        const char *note; /* under the title; "" for none */
        bool logarithmic; /* values of 0 are at its foot */
        double bucket_s;
        size_t n_buckets;
        struct chart_line lines[CHART_LINES_MAX]; /* up to the first without a name */
};

void chart_write(const struct chart *c, struct buf *b);

/* The least of 1, 2, 5, 10, 20, ... that is at least V; also 0.1, 0.5, and so on. */
double chart_nice(double v);
/* S with what HTML wants escaped. */
void html_text(struct buf *b, const char *s);
