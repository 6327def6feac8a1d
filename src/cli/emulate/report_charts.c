#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "cli/emulate/chart.h"
#include "cli/emulate/report_impl.h"

#define BUCKETS_MAX 80
#define BUCKET_S    0.25 /* at least */

/* The time of the run in buckets. */
struct grid {
        struct arena arena;
        double bucket_s;
        size_t n;
};

static void grid_done(struct grid *g) { arena_done(&g->arena); }

static struct grid grid_of(double total_s, double least_s) {
        struct grid g = { .bucket_s = chart_nice(total_s / BUCKETS_MAX) };

        if (g.bucket_s < least_s)
                g.bucket_s = least_s;
        g.n = (size_t)ceil(total_s / g.bucket_s);
        return g;
}

static double *row(struct grid *g, double fill) {
        double *values = arena_alloc(&g->arena, (g->n + 1) * sizeof(*values));

        for (size_t i = 0; i < g->n; i++)
                values[i] = fill;
        return values;
}

static size_t bucket_of(const struct grid *g, const struct sample *s) {
        return (size_t)(s->at_ms / 1000.0 / g->bucket_s);
}

/* --- times --- */

enum of { P50, P95, MAX };

static int by_time(const void *a, const void *b) {
        const struct sample *x = a, *y = b;

        return (x->at_ms > y->at_ms) - (x->at_ms < y->at_ms);
}

static double pick(const struct spread *s, enum of of) {
        if (of == P50)
                return s->p50_ms;
        return of == P95 ? s->p95_ms : s->max_ms;
}

/* What OF the samples is in each bucket. */
static double *times(struct grid *g, const struct series *s, enum of of) {
        struct sample *copy = arena_alloc(&g->arena, (s->n + 1) * sizeof(*copy));
        double *values = row(g, NAN);
        struct spread spread;
        size_t end;

        if (s->n)
                memcpy(copy, s->samples, s->n * sizeof(*copy));
        qsort(copy, s->n, sizeof(*copy), by_time);
        for (size_t at = 0; at < s->n; at = end) {
                size_t bucket = bucket_of(g, &copy[at]);

                for (end = at; end < s->n && bucket_of(g, &copy[end]) == bucket;)
                        end++;
                spread_of(copy + at, end - at, &spread);
                if (bucket < g->n)
                        values[bucket] = pick(&spread, of);
        }
        return values;
}

static void response_times(const struct outcome *o, struct grid *g, struct buf *b) {
        static const enum step shown[] = { STEP_SIGN_IN, STEP_CHALLENGES, STEP_SUBMIT,
                                           STEP_BOARD,   STEP_PAGE,       STEP_START };
        struct chart c = { .title = "Response times, p95",
                           .unit = "ms",
                           .note = "Of the answers that came in each moment.",
                           .logarithmic = true,
                           .bucket_s = g->bucket_s,
                           .n_buckets = g->n };
        size_t n = 0;

        for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
                const struct series *s = &o->measure->series[shown[i]];

                if (s->n)
                        c.lines[n++] = (struct chart_line){ measure_steps[shown[i]].title,
                                                            times(g, s, P95) };
        }
        chart_write(&c, b);
}

static void stream_delay(const struct outcome *o, struct grid *g, struct buf *b) {
        const struct series *s = &o->measure->series[STEP_STREAM_DELAY];
        struct chart c = { .title = "Stream delay",
                           .unit = "ms",
                           .note = "From the answer to a right flag until the last watcher saw it.",
                           .logarithmic = true,
                           .bucket_s = g->bucket_s,
                           .n_buckets = g->n };

        if (!s->n)
                return;
        c.lines[0] = (struct chart_line){ "median", times(g, s, P50) };
        c.lines[1] = (struct chart_line){ "p95", times(g, s, P95) };
        c.lines[2] = (struct chart_line){ "max", times(g, s, MAX) };
        chart_write(&c, b);
}

/* --- throughput --- */

/* Everything but what is no request of its own. */
static bool is_request(int step) {
        return step != STEP_STREAM && step != STEP_STREAM_DELAY && step != STEP_RUNNING &&
               step != STEP_CONNECT && step != STEP_SIGN_UP;
}

static void count(const struct grid *g, const struct series *s, double *values) {
        for (size_t i = 0; i < s->n; i++)
                if (bucket_of(g, &s->samples[i]) < g->n)
                        values[bucket_of(g, &s->samples[i])] += 1 / g->bucket_s;
}

static void throughput(const struct outcome *o, struct grid *g, struct buf *b) {
        double *all = row(g, 0), *flags = row(g, 0), *sign_ins = row(g, 0);
        struct chart c = { .title = "Throughput",
                           .unit = "a second",
                           .note = "Answers that were as they should be.",
                           .bucket_s = g->bucket_s,
                           .n_buckets = g->n };

        for (int i = 0; i < _STEP_N; i++)
                if (is_request(i))
                        count(g, &o->measure->series[i], all);
        count(g, &o->measure->series[STEP_SUBMIT], flags);
        count(g, &o->measure->series[STEP_SIGN_IN], sign_ins);
        c.lines[0] = (struct chart_line){ "all requests", all };
        c.lines[1] = (struct chart_line){ "flags", flags };
        c.lines[2] = (struct chart_line){ "sign-ins", sign_ins };
        chart_write(&c, b);
}

/* --- what is noted by the second --- */

enum gauge { PLAYING, SIGNED_IN, STREAMS, ERRORS, LIMITED, FRAMES };

static double gauge_of(const struct second *s, enum gauge gauge) {
        return (const double[]){ s->playing, s->signed_in,    s->streams,
                                 s->errors,  s->rate_limited, s->frames }[gauge];
}

/* The last of each bucket, or with PER_S what it had in a second. */
static double *gauges(struct grid *g, const struct measure *m, enum gauge gauge, bool per_s) {
        double *values = row(g, per_s ? 0 : NAN);

        for (size_t i = 0; i < m->n_seconds; i++) {
                size_t bucket = (size_t)((double)i / g->bucket_s);
                double v = gauge_of(&m->seconds[i], gauge);

                if (bucket >= g->n)
                        break;
                values[bucket] = per_s ? values[bucket] + v / g->bucket_s : v;
        }
        return values;
}

static void who_is_there(const struct outcome *o, struct grid *g, struct buf *b) {
        const struct measure *m = o->measure;
        struct chart c = { .title = "Who is there",
                           .unit = "players",
                           .note = "",
                           .bucket_s = g->bucket_s,
                           .n_buckets = g->n };

        c.lines[0] = (struct chart_line){ "arrived", gauges(g, m, PLAYING, false) };
        c.lines[1] = (struct chart_line){ "signed in", gauges(g, m, SIGNED_IN, false) };
        c.lines[2] = (struct chart_line){ "streams open", gauges(g, m, STREAMS, false) };
        chart_write(&c, b);
}

static void frames(const struct outcome *o, struct grid *g, struct buf *b) {
        struct chart c = { .title = "Frames to all watchers",
                           .unit = "a second",
                           .note = "",
                           .bucket_s = g->bucket_s,
                           .n_buckets = g->n };

        if (!o->measure->frames)
                return;
        c.lines[0] = (struct chart_line){ "frames", gauges(g, o->measure, FRAMES, true) };
        chart_write(&c, b);
}

static void troubles(const struct outcome *o, struct grid *g, struct buf *b) {
        const struct measure *m = o->measure;
        struct chart c = { .title = "Errors and 429",
                           .unit = "a second",
                           .note = "",
                           .bucket_s = g->bucket_s,
                           .n_buckets = g->n };

        c.lines[0] = (struct chart_line){ "answers 429", gauges(g, m, LIMITED, true) };
        c.lines[1] = (struct chart_line){ "errors", gauges(g, m, ERRORS, true) };
        chart_write(&c, b);
}

void report_charts(const struct outcome *o, struct buf *b) {
        double total = o->summary.figures[FIGURE_TOOK_S];
        _cleanup_(grid_done) struct grid fine = grid_of(total, BUCKET_S);
        _cleanup_(grid_done) struct grid coarse = grid_of(total, 1);

        response_times(o, &fine, b);
        throughput(o, &fine, b);
        who_is_there(o, &coarse, b);
        stream_delay(o, &fine, b);
        frames(o, &coarse, b);
        troubles(o, &coarse, b);
}
