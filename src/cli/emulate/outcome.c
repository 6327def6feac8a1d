#include "cli/emulate/outcome.h"

#include <inttypes.h>
#include <math.h>

#include "base/clock.h"
#include "base/json.h"

static double figure(const struct outcome *o, enum figure f) { return o->summary.figures[f]; }

void outcome_percent(struct buf *b, double v) {
        if (isnan(v))
                buf_str(b, "none");
        else /* 99.96 is not 100 */
                buf_printf(b, "%.1f %%", v < 100 ? floor(v * 10) / 10 : v);
}

bool outcome_is_something(const struct outcome *o) { return o->measure->signed_in > 0; }

/* --- text --- */

static void write_share(struct buf *b, const char *what, uint64_t part, uint64_t whole,
                        double percent) {
        buf_printf(b, "%-11s %" PRIu64 " of %" PRIu64 " (", what, part, whole);
        outcome_percent(b, percent);
        buf_str(b, ")");
}

static void write_head(const struct outcome *o, struct buf *b) {
        const struct throng_config *c = o->config;

        buf_printf(b, "%s as %s, %s of %u, %.1f s%s\n\n", c->url, c->dialect->name,
                   profile_name(c->plan.profile), c->players, figure(o, FIGURE_TOOK_S),
                   o->early ? ", ended early" : "");
}

static void write_counts(const struct outcome *o, struct buf *b) {
        const struct measure *m = o->measure;

        write_share(b, "Sign-ins", m->signed_in, m->signed_in + m->failed_sign_ins,
                    figure(o, FIGURE_SIGN_IN_PERCENT));
        buf_char(b, '\n');
        write_share(b, "Streams", m->opened_streams, m->asked_streams,
                    figure(o, FIGURE_STREAM_PERCENT));
        buf_printf(b, ", %" PRIu64 " failed or broke\n", m->failed_streams);
        buf_printf(b,
                   "Flags       %" PRIu64 " right, %" PRIu64 " wrong, %" PRIu64
                   " already solved; of the right ones ",
                   m->judged[JUDGED_RIGHT], m->judged[JUDGED_WRONG], m->judged[JUDGED_ALREADY]);
        outcome_percent(b, figure(o, FIGURE_RIGHT_PERCENT));
        buf_str(b, " were accepted\n");
        buf_printf(b,
                   "Requests    %" PRIu64 ", %.1f a second; %" PRIu64 " answers 429; %" PRIu64
                   " unfinished\n",
                   m->requests, m->began_us ? figure(o, FIGURE_REQUESTS_PER_S) : 0, m->rate_limited,
                   m->unfinished);
        buf_printf(b,
                   "Frames      %" PRIu64 "; %" PRIu64 " missed, %" PRIu64
                   " doubled or out of order\n",
                   m->frames, m->frames_missed, m->frames_doubled);
        buf_printf(b, "Errors      %" PRIu64 "\n", m->errors);
}

static void write_cell(struct buf *b, double v) {
        if (isnan(v))
                buf_printf(b, "%10s", "-");
        else
                buf_printf(b, v < 100 ? "%10.2f" : "%10.0f", v);
}

static void write_steps(const struct outcome *o, struct buf *b) {
        buf_printf(b, "\n%-17s%8s%8s%6s%10s%10s%10s%10s%10s\n", "ms", "count", "failed", "429",
                   "mean", "median", "p95", "p99", "max");
        for (int i = 0; i < _STEP_N; i++) {
                const struct spread *s = &o->summary.steps[i];

                if (!s->count && !s->failed && !s->rate_limited)
                        continue;
                buf_printf(b, "%-17s%8" PRIu64 "%8" PRIu64 "%6" PRIu64, measure_steps[i].title,
                           s->count, s->failed, s->rate_limited);
                write_cell(b, s->mean_ms);
                write_cell(b, s->p50_ms);
                write_cell(b, s->p95_ms);
                write_cell(b, s->p99_ms);
                write_cell(b, s->max_ms);
                buf_char(b, '\n');
        }
}

/* Text that a server wrote must not move the cursor or change its colour. */
static void write_clean(struct buf *b, const char *s) {
        for (; *s; s++)
                buf_char(b, (char)((unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s));
}

static void write_troubles(const struct outcome *o, struct buf *b) {
        const struct measure *m = o->measure;

        for (size_t i = 0; i < m->n_troubles && i < TOP_TROUBLES; i++) {
                buf_printf(b,
                           i ? "%8" PRIu64 " x " : "\nErrors, most frequent first\n%8" PRIu64 " x ",
                           m->troubles[i]->n);
                write_clean(b, m->troubles[i]->text);
                buf_char(b, '\n');
        }
        if (m->n_troubles > TOP_TROUBLES)
                buf_printf(b, "         and %zu other kinds\n", m->n_troubles - TOP_TROUBLES);
}

static void write_notes(const struct outcome *o, struct buf *b) {
        double lag = figure(o, FIGURE_LAG_P99_MS);

        if (lag >= 20)
                buf_printf(b,
                           "\nThis program itself was late by %.0f ms (p99): every time above may "
                           "be longer by as much.\n",
                           lag);
        if (o->config->plan.profile == PROFILE_RUSH && !o->summary.steps[STEP_START].count)
                buf_str(b, "\nNo challenge has an instance: there was nothing to rush for.\n");
}

static void write_limits(const struct outcome *o, struct buf *b) {
        for (size_t i = 0; i < o->limits->n; i++) {
                const struct threshold *t = &o->limits->list[i];

                buf_str(b, i ? "" : "\n");
                buf_str(b, threshold_met(t, &o->summary) ? "kept    " : "MISSED  ");
                threshold_text(t, &o->summary, b);
                buf_char(b, '\n');
        }
}

void outcome_text(const struct outcome *o, struct buf *b) {
        write_head(o, b);
        write_counts(o, b);
        write_steps(o, b);
        write_troubles(o, b);
        write_notes(o, b);
        write_limits(o, b);
}

/* --- JSON --- */

static void json_number(struct buf *b, const char *key, double v) {
        _cleanup_buf_ struct buf text = { 0 };

        summary_number(&text, v);
        json_key(b, key);
        json_raw(b, text.data);
}

static void json_config(const struct outcome *o, struct buf *b) {
        const struct throng_config *c = o->config;

        json_key(b, "url");
        json_text(b, c->url);
        json_key(b, "dialect");
        json_text(b, c->dialect == &dialect_ctfg ? "ctfg" : "berth");
        json_key(b, "profile");
        json_text(b, profile_name(c->plan.profile));
        json_key(b, "players");
        json_int(b, c->players);
        json_key(b, "began_at");
        json_time(b, o->began_ms);
        json_key(b, "ended_early");
        json_bool(b, o->early);
}

static void json_metrics(const struct outcome *o, struct buf *b) {
        char name[METRIC_NAME];

        json_key(b, "metrics");
        json_open(b, '{');
        for (size_t i = 0; i < summary_count(); i++) {
                summary_name((int)i, name);
                json_number(b, name, summary_value(&o->summary, (int)i));
        }
        json_close(b, '}');
}

static void json_steps(const struct outcome *o, struct buf *b) {
        json_key(b, "steps");
        json_open(b, '{');
        for (int i = 0; i < _STEP_N; i++) {
                const struct spread *s = &o->summary.steps[i];

                json_key(b, measure_steps[i].name);
                json_open(b, '{');
                json_number(b, "count", (double)s->count);
                json_number(b, "failed", (double)s->failed);
                json_number(b, "rate_limited", (double)s->rate_limited);
                json_number(b, "mean_ms", s->mean_ms);
                json_number(b, "median_ms", s->p50_ms);
                json_number(b, "p95_ms", s->p95_ms);
                json_number(b, "p99_ms", s->p99_ms);
                json_number(b, "max_ms", s->max_ms);
                json_close(b, '}');
        }
        json_close(b, '}');
}

static void json_troubles(const struct outcome *o, struct buf *b) {
        const struct measure *m = o->measure;

        json_key(b, "errors");
        json_open(b, '[');
        for (size_t i = 0; i < m->n_troubles; i++) {
                json_open(b, '{');
                json_number(b, "count", (double)m->troubles[i]->n);
                json_key(b, "text");
                json_text(b, m->troubles[i]->text);
                json_close(b, '}');
        }
        json_close(b, ']');
}

static void json_limits(const struct outcome *o, struct buf *b) {
        char name[METRIC_NAME];

        json_key(b, "thresholds");
        json_open(b, '[');
        for (size_t i = 0; i < o->limits->n; i++) {
                const struct threshold *t = &o->limits->list[i];

                summary_name(t->metric, name);
                json_open(b, '{');
                json_key(b, "name");
                json_text(b, name);
                json_number(b, t->least ? "at_least" : "at_most", t->limit);
                json_number(b, "value", summary_value(&o->summary, t->metric));
                json_key(b, "met");
                json_bool(b, threshold_met(t, &o->summary));
                json_close(b, '}');
        }
        json_close(b, ']');
}

static void json_seconds(const struct outcome *o, struct buf *b) {
        const struct measure *m = o->measure;

        json_key(b, "timeline");
        json_open(b, '[');
        for (size_t i = 0; i < m->n_seconds; i++) {
                const struct second *s = &m->seconds[i];

                json_open(b, '{');
                json_number(b, "second", (double)i);
                json_number(b, "requests", s->requests);
                json_number(b, "right", s->right);
                json_number(b, "wrong", s->wrong);
                json_number(b, "rate_limited", s->rate_limited);
                json_number(b, "errors", s->errors);
                json_number(b, "frames", s->frames);
                json_number(b, "playing", s->playing);
                json_number(b, "signed_in", s->signed_in);
                json_number(b, "streams", s->streams);
                json_close(b, '}');
        }
        json_close(b, ']');
}

void outcome_json(const struct outcome *o, struct buf *b) {
        json_open(b, '{');
        json_config(o, b);
        json_metrics(o, b);
        json_steps(o, b);
        json_troubles(o, b);
        json_limits(o, b);
        json_seconds(o, b);
        json_close(b, '}');
        buf_char(b, '\n');
}
