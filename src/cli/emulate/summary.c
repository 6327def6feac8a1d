#include "cli/emulate/summary.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const struct figure_row summary_figures[_FIGURE_N] = {
#define FIGURE(id, name, what) [FIGURE_##id] = { name, what },
#include "cli/emulate/figures.def"
};

/* --- spreads --- */

static int by_took(const void *a, const void *b) {
        const struct sample *x = a, *y = b;

        return (x->took_us > y->took_us) - (x->took_us < y->took_us);
}

/* By nearest rank. */
static double percentile(const struct sample *sorted, size_t n, size_t percent) {
        size_t rank = (n * percent + 99) / 100;

        return sorted[rank ? rank - 1 : 0].took_us / 1000.0;
}

void spread_of(struct sample *samples, size_t n, struct spread *ret) {
        double sum = 0;

        *ret = (struct spread){ n, 0, 0, NAN, NAN, NAN, NAN, NAN };
        if (n == 0)
                return;
        qsort(samples, n, sizeof(*samples), by_took);
        for (size_t i = 0; i < n; i++)
                sum += samples[i].took_us;
        ret->mean_ms = sum / (double)n / 1000;
        ret->p50_ms = percentile(samples, n, 50);
        ret->p95_ms = percentile(samples, n, 95);
        ret->p99_ms = percentile(samples, n, 99);
        ret->max_ms = samples[n - 1].took_us / 1000.0;
}

/* The same of a copy. */
static void spread_copy(const struct sample *samples, size_t n, struct spread *ret) {
        _cleanup_free_ struct sample *copy = calloc(n + 1, sizeof(*copy));

        if (!copy)
                abort();
        if (n)
                memcpy(copy, samples, n * sizeof(*copy));
        spread_of(copy, n, ret);
}

/* --- figures --- */

static double share(uint64_t part, uint64_t whole) {
        return whole ? 100.0 * (double)part / (double)whole : NAN;
}

static double rate(uint64_t n, double seconds) { return seconds > 0 ? (double)n / seconds : NAN; }

/* From the first request of SERIES to its last answer: a herd's sign-ins are over long before it
 * is. */
static double seconds_of(const struct series *s) {
        int64_t from = INT64_MAX, to = 0;

        for (size_t i = 0; i < s->n; i++) {
                int64_t end = (int64_t)s->samples[i].at_ms * 1000;
                int64_t begin = end - s->samples[i].took_us;

                from = begin < from ? begin : from;
                to = end > to ? end : to;
        }
        return s->n ? (double)(to - from) / 1e6 : 0;
}

static void fill_people(const struct measure *m, double *f) {
        uint64_t tried = m->signed_in + m->failed_sign_ins;
        uint64_t good = m->asked_streams - m->failed_streams;

        f[FIGURE_SIGN_INS] = (double)m->signed_in;
        f[FIGURE_SIGN_INS_PER_S] =
                rate(m->series[STEP_SIGN_IN].n, seconds_of(&m->series[STEP_SIGN_IN]));
        f[FIGURE_FAILED_SIGN_INS] = (double)m->failed_sign_ins;
        f[FIGURE_SIGN_IN_PERCENT] = share(m->signed_in, tried);
        f[FIGURE_STREAMS] = (double)m->opened_streams;
        f[FIGURE_FAILED_STREAMS] = (double)m->failed_streams;
        f[FIGURE_STREAM_PERCENT] = share(good, m->asked_streams);
}

static void fill_flags(const struct measure *m, double seconds, double *f) {
        uint64_t flags = 0;

        for (size_t i = 0; i < _JUDGED_N; i++)
                flags += m->judged[i];
        f[FIGURE_FLAGS] = (double)flags;
        f[FIGURE_RIGHT] = (double)m->judged[JUDGED_RIGHT];
        f[FIGURE_WRONG] = (double)m->judged[JUDGED_WRONG];
        f[FIGURE_ALREADY_SOLVED] = (double)m->judged[JUDGED_ALREADY];
        f[FIGURE_RIGHT_PERCENT] = share(m->right_accepted, m->right_judged);
        f[FIGURE_MISJUDGED] = (double)m->misjudged;
        f[FIGURE_FLAGS_PER_S] = rate(flags, seconds);
}

void summary_of(const struct measure *m, unsigned players, struct summary *ret) {
        double seconds = m->began_us ? (double)(m->ended_us - m->began_us) / 1e6 : 0;
        double *f = ret->figures;
        struct spread lag;

        for (size_t i = 0; i < _STEP_N; i++) {
                spread_copy(m->series[i].samples, m->series[i].n, &ret->steps[i]);
                ret->steps[i].failed = m->series[i].failed;
                ret->steps[i].rate_limited = m->series[i].rate_limited;
        }
        spread_copy(m->lags, m->n_lags, &lag);
        f[FIGURE_PLAYERS] = players;
        f[FIGURE_TOOK_S] = seconds;
        fill_people(m, f);
        fill_flags(m, seconds, f);
        f[FIGURE_REQUESTS] = (double)m->requests;
        f[FIGURE_REQUESTS_PER_S] = rate(m->requests, seconds);
        f[FIGURE_ERRORS] = (double)m->errors;
        f[FIGURE_RATE_LIMITED] = (double)m->rate_limited;
        f[FIGURE_UNFINISHED] = (double)m->unfinished;
        f[FIGURE_HINTS] = (double)m->hints;
        f[FIGURE_INSTANCES] = (double)m->instances;
        f[FIGURE_FRAMES] = (double)m->frames;
        f[FIGURE_FRAMES_MISSED] = (double)m->frames_missed;
        f[FIGURE_FRAMES_DOUBLED] = (double)m->frames_doubled;
        f[FIGURE_BYTES] = (double)m->bytes;
        f[FIGURE_LAG_P99_MS] = lag.p99_ms;
        f[FIGURE_LAG_MAX_MS] = lag.max_ms;
}

/* --- names --- */

/* What a spread has, with the step's name in the middle: "p95_" "submit" "_ms". */
static const struct part {
        const char *before, *after;
} parts[] = {
        { "count_", "" },  { "failed_", "" }, { "mean_", "_ms" }, { "p50_", "_ms" },
        { "p95_", "_ms" }, { "p99_", "_ms" }, { "max_", "_ms" },
};
#define N_PARTS ARRAY_SIZE(parts)

size_t summary_count(void) { return _FIGURE_N + _STEP_N * N_PARTS; }

void summary_name(int metric, char ret[METRIC_NAME]) {
        size_t of_step = (size_t)metric - _FIGURE_N;

        if (metric < _FIGURE_N)
                snprintf(ret, METRIC_NAME, "%s", summary_figures[metric].name);
        else
                snprintf(ret, METRIC_NAME, "%s%s%s", parts[of_step % N_PARTS].before,
                         measure_steps[of_step / N_PARTS].name, parts[of_step % N_PARTS].after);
}

int summary_find(const char *name) {
        char each[METRIC_NAME];

        for (size_t i = 0; i < summary_count(); i++) {
                summary_name((int)i, each);
                if (strcmp(each, name) == 0)
                        return (int)i;
        }
        return -1;
}

double summary_value(const struct summary *s, int metric) {
        size_t of_step = (size_t)metric - _FIGURE_N;
        const struct spread *p;

        if (metric < _FIGURE_N)
                return s->figures[metric];
        p = &s->steps[of_step / N_PARTS];
        return (const double[N_PARTS]){
                (double)p->count, (double)p->failed, p->mean_ms, p->p50_ms,
                p->p95_ms,        p->p99_ms,         p->max_ms
        }[of_step % N_PARTS];
}

void summary_number(struct buf *b, double v) {
        if (isnan(v))
                buf_str(b, "null");
        else if (v == trunc(v))
                buf_printf(b, "%.0f", v);
        else
                buf_printf(b, v < 10 ? "%.3f" : "%.1f", v);
}
