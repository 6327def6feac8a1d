/*
 * Metrics: counters, gauges and histograms with bounded series.
 *
 * The table metrics.def names each with its help text, its labels and their
 * possible values' number.  A series exists for a combination of label values
 * seen; a metric that would grow past METRIC_SERIES_MAX counts into a series
 * labelled "other".  Updates are lock-free after the first use of a series
 * handle, and may come from any thread.
 */
#pragma once

#include <stdint.h>

#include "base/buf.h"

#define METRIC_SERIES_MAX 256

enum metric {
#define METRIC(id, type, name, labels, help) METRIC_##id,
#include "base/metrics.def"
        _METRIC_N
};

/* LABELS are the label values in the table's order, NULL-terminated by the
 * macro: metric_add(METRIC_REQUESTS, 1, "GET", "/api/v2/instances", "200"). */
#define metric_add(id, v, ...) \
        metric_add_(id, v, (const char *const[]){ __VA_ARGS__ __VA_OPT__(, ) NULL })
#define metric_set(id, v, ...) \
        metric_set_(id, v, (const char *const[]){ __VA_ARGS__ __VA_OPT__(, ) NULL })
/* Histograms: V in the unit of the metric's name (seconds, or a count). */
#define metric_observe(id, v, ...) \
        metric_observe_(id, v, (const char *const[]){ __VA_ARGS__ __VA_OPT__(, ) NULL })

void metric_add_(enum metric id, double v, const char *const *labels);
void metric_set_(enum metric id, double v, const char *const *labels);
void metric_observe_(enum metric id, double v, const char *const *labels);

/* The series of these label values, for who updates it all the time: made once, good for ever.  As
 * for the calls above, but the labels are looked up here only. */
struct metric_series;
#define metric_series(id, ...) \
        metric_series_(id, (const char *const[]){ __VA_ARGS__ __VA_OPT__(, ) NULL })
struct metric_series *metric_series_(enum metric id, const char *const *labels);
void metric_series_add(struct metric_series *s, double v);     /* of a counter or a gauge */
void metric_series_observe(struct metric_series *s, double v); /* of a histogram */

/* The Prometheus text exposition format, version 0.0.4. */
void metric_write(struct buf *b);
