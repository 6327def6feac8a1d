#include "cli/emulate/report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "cli/emulate/chart.h"
#include "cli/emulate/report_impl.h"
#include "report_css.h"

static double figure(const struct outcome *o, enum figure f) { return o->summary.figures[f]; }

/* 1234567 is 1,234,567. */
static void write_count(struct buf *b, uint64_t n) {
        char digits[24];
        int len = snprintf(digits, sizeof(digits), "%" PRIu64, n);

        for (int i = 0; i < len; i++) {
                if (i && (len - i) % 3 == 0)
                        buf_char(b, ',');
                buf_char(b, digits[i]);
        }
}

static void write_ms(struct buf *b, double v) {
        if (isnan(v))
                buf_str(b, "–");
        else if (v < 100)
                buf_printf(b, v < 10 ? "%.2f" : "%.1f", v);
        else
                write_count(b, (uint64_t)llround(v));
}

/* --- the head --- */

static void write_head(const struct outcome *o, struct buf *b) {
        const struct throng_config *c = o->config;
        char when[CLOCK_TEXT];

        clock_text(o->began_ms, when);
        buf_str(b, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                   "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                   "style-src 'unsafe-inline'\">"
                   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
                   "<title>Emulated players: ");
        html_text(b, c->url);
        buf_str(b, "</title>\n<style>\n");
        buf_str(b, text_report_css);
        buf_str(b, "</style></head>\n<body><main>\n<h1>");
        write_count(b, c->players);
        buf_printf(b, " players, profile %s</h1>\n<p class=\"soft\">",
                   profile_name(c->plan.profile));
        html_text(b, c->url);
        buf_printf(b, " · spoken to as %s · %.10s %.8s UTC · ran for %.1f s%s</p>\n",
                   c->dialect->name, when, when + sizeof("2000-01-01"), figure(o, FIGURE_TOOK_S),
                   o->early ? ", <b>ended early</b>" : "");
}

/* --- cards --- */

enum tone { PLAIN, GOOD, POOR, BAD };

/* Colour is never alone: a word or a sign says the same. */
static void begin_card(struct buf *b, const char *title, enum tone tone) {
        static const char *const tones[] = { "", " class=\"good\"", " class=\"poor\"",
                                             " class=\"bad\"" };

        buf_printf(b, "<div class=\"card\"><span>%s</span><b%s>", title, tones[tone]);
}

/* What the note says, with its numbers, is written in between. */
static void begin_note(struct buf *b) { buf_str(b, "</b><small>"); }
static void end_card(struct buf *b) { buf_str(b, "</small></div>\n"); }

static void write_counted(struct buf *b, uint64_t n, const char *what) {
        write_count(b, n);
        buf_char(b, ' ');
        buf_str(b, what);
}

static enum tone tone_of(double percent) {
        if (isnan(percent))
                return PLAIN;
        if (percent >= 100)
                return GOOD;
        return percent >= 95 ? POOR : BAD;
}

static void write_share(struct buf *b, const char *title, uint64_t part, uint64_t whole,
                        double percent) {
        begin_card(b, title, tone_of(percent));
        write_count(b, part);
        buf_str(b, " <span>of ");
        write_count(b, whole);
        buf_str(b, "</span>");
        begin_note(b);
}

static void write_people(const struct outcome *o, struct buf *b) {
        const struct measure *m = o->measure;

        write_share(b, "Signed in", m->signed_in, m->signed_in + m->failed_sign_ins,
                    figure(o, FIGURE_SIGN_IN_PERCENT));
        write_counted(b, m->failed_sign_ins, "could not");
        end_card(b);
        write_share(b, "Streams", m->opened_streams, m->asked_streams,
                    figure(o, FIGURE_STREAM_PERCENT));
        write_counted(b, m->failed_streams, "failed or broke");
        end_card(b);
}

static void write_flags(const struct outcome *o, struct buf *b) {
        const struct measure *m = o->measure;

        begin_card(b, "Flags judged right", m->misjudged ? BAD : PLAIN);
        write_count(b, m->judged[JUDGED_RIGHT]);
        begin_note(b);
        write_counted(b, m->judged[JUDGED_WRONG], "wrong, ");
        write_counted(b, m->judged[JUDGED_ALREADY], "solved before");
        if (m->misjudged) {
                buf_str(b, ", ");
                write_counted(b, m->misjudged, "misjudged");
        }
        end_card(b);
}

static void write_delay(const struct outcome *o, struct buf *b) {
        const struct spread *s = &o->summary.steps[STEP_STREAM_DELAY];

        begin_card(b, "Stream delay", PLAIN);
        write_ms(b, s->p50_ms);
        buf_str(b, s->count ? " <span>ms</span>" : "");
        begin_note(b);
        buf_str(b, "median; p95 ");
        write_ms(b, s->p95_ms);
        buf_str(b, s->count ? " ms, " : ", ");
        write_counted(b, o->measure->frames_missed, "unseen");
        end_card(b);
}

static void write_load(const struct outcome *o, struct buf *b) {
        const struct measure *m = o->measure;
        double rate = figure(o, FIGURE_REQUESTS_PER_S);

        begin_card(b, "Requests", PLAIN);
        write_count(b, isnan(rate) ? 0 : (uint64_t)llround(rate));
        buf_str(b, " <span>a second</span>");
        begin_note(b);
        write_counted(b, m->requests, "in all");
        end_card(b);
        begin_card(b, "Errors", m->errors ? BAD : GOOD);
        write_count(b, m->errors);
        begin_note(b);
        write_counted(b, m->rate_limited, "× 429, waited out");
        end_card(b);
}

static void write_cards(const struct outcome *o, struct buf *b) {
        buf_str(b, "<section class=\"cards\">\n");
        write_people(o, b);
        write_flags(o, b);
        write_delay(o, b);
        write_load(o, b);
        buf_str(b, "</section>\n");
}

/* --- limits --- */

static void write_limits(const struct outcome *o, struct buf *b) {
        if (!o->limits->n)
                return;
        buf_str(b, "<h2>Limits</h2>\n<div class=\"box\"><table><tbody>\n");
        for (size_t i = 0; i < o->limits->n; i++) {
                const struct threshold *t = &o->limits->list[i];
                bool met = threshold_met(t, &o->summary);
                _cleanup_buf_ struct buf text = { 0 };

                threshold_text(t, &o->summary, &text);
                buf_printf(b, "<tr><td><b class=\"%s\">%s</b></td><td class=\"text\">",
                           met ? "good" : "bad", met ? "✓ kept" : "✕ missed");
                html_text(b, text.data);
                buf_str(b, "</td></tr>\n");
        }
        buf_str(b, "</tbody></table></div>\n");
}

/* --- steps --- */

/* A span of times on one scale for all rows, so that they compare: median to p99, a mark at p95. */
struct ruler {
        double low, high;
};

#define RULER_WIDTH 180.0

static struct ruler ruler_of(const struct outcome *o) {
        struct ruler r = { INFINITY, 0 };

        for (int i = 0; i < _STEP_N; i++) {
                const struct spread *s = &o->summary.steps[i];

                if (!s->count)
                        continue;
                r.low = fmin(r.low, s->p50_ms);
                r.high = fmax(r.high, s->p99_ms);
        }
        r.low = fmax(r.low, 0.1) * 0.8;
        r.high = fmax(r.high * 1.2, r.low * 10);
        return r;
}

static double ruler_x(const struct ruler *r, double ms) {
        double part = log(fmax(ms, r->low) / r->low) / log(r->high / r->low);

        return 4 + part * (RULER_WIDTH - 8);
}

static void write_range(const struct ruler *r, const struct spread *s, struct buf *b) {
        double from = ruler_x(r, s->p50_ms), mark = ruler_x(r, s->p95_ms),
               to = fmax(ruler_x(r, s->p99_ms), from + 2);

        buf_str(b, "<td class=\"range\">");
        if (s->count)
                buf_printf(b,
                           "<svg viewBox=\"0 0 %.0f 18\" aria-hidden=\"true\"><path class=\"bar\" "
                           "d=\"M%.1f 9H%.1f\"/><path class=\"mark\" d=\"M%.1f 3V15\"/></svg>",
                           RULER_WIDTH, from, to, mark);
        buf_str(b, "</td>");
}

static void write_step(const struct outcome *o, const struct ruler *r, int step, struct buf *b) {
        const struct spread *s = &o->summary.steps[step];
        const double times[] = { s->mean_ms, s->p50_ms, s->p95_ms, s->p99_ms, s->max_ms };

        buf_str(b, "<tr title=\"");
        html_text(b, measure_steps[step].what);
        buf_printf(b, "\"><td>%s</td><td>", measure_steps[step].title);
        write_count(b, s->count);
        buf_printf(b, "</td><td%s>", s->failed ? " class=\"bad\"" : "");
        write_count(b, s->failed);
        buf_str(b, "</td><td>");
        write_count(b, s->rate_limited);
        buf_str(b, "</td>");
        for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
                buf_str(b, "<td>");
                write_ms(b, times[i]);
                buf_str(b, "</td>");
        }
        write_range(r, s, b);
        buf_str(b, "</tr>\n");
}

static void write_steps(const struct outcome *o, struct buf *b) {
        struct ruler r = ruler_of(o);

        buf_str(b, "<h2>Steps</h2>\n<div class=\"box\"><table><thead><tr><th>ms</th><th>Count</th>"
                   "<th>Failed</th><th>429</th><th>Mean</th><th>Median</th><th>p95</th><th>p99</th>"
                   "<th>Max</th><th class=\"range\">Median to p99, mark at p95</th></tr></thead>"
                   "<tbody>\n");
        for (int i = 0; i < _STEP_N; i++) {
                const struct spread *s = &o->summary.steps[i];

                if (s->count || s->failed || s->rate_limited)
                        write_step(o, &r, i, b);
        }
        buf_str(b, "</tbody></table></div>\n");
}

/* --- troubles --- */

#define TROUBLES_SHOWN 50

static void write_troubles(const struct outcome *o, struct buf *b) {
        const struct measure *m = o->measure;

        buf_str(b, "<h2>Errors</h2>\n");
        if (!m->n_troubles) {
                buf_str(b, "<p class=\"soft\">None.</p>\n");
                return;
        }
        buf_str(b, "<div class=\"box\"><table><tbody>\n");
        for (size_t i = 0; i < m->n_troubles && i < TROUBLES_SHOWN; i++) {
                buf_str(b, "<tr><td>");
                write_count(b, m->troubles[i]->n);
                buf_str(b, " ×</td><td class=\"text\">");
                html_text(b, m->troubles[i]->text);
                buf_str(b, "</td></tr>\n");
        }
        buf_str(b, "</tbody></table></div>\n");
        if (m->n_troubles > TROUBLES_SHOWN)
                buf_printf(b, "<p class=\"soft\">And %zu other kinds.</p>\n",
                           m->n_troubles - TROUBLES_SHOWN);
}

static void write_foot(const struct outcome *o, struct buf *b) {
        buf_str(b,
                "<footer><p>Times are from a request until its answer was there whole, as the "
                "players saw it; requests that failed have none. A percentile is the least time "
                "that so many did not exceed. An answer 429 is counted, waited out for as long as "
                "it says, and asked again. The stream delay of a right flag is from its answer "
                "until the last watcher had its frame.</p><p>");
        if (isnan(figure(o, FIGURE_LAG_P99_MS)))
                buf_str(b, "The run was too short to say how late the emulator itself was.");
        else
                buf_printf(b,
                           "The emulator itself was late by %.1f ms (p99; at worst %.1f ms): every "
                           "time above may be longer by as much.",
                           figure(o, FIGURE_LAG_P99_MS), figure(o, FIGURE_LAG_MAX_MS));
        buf_str(b, "</p></footer>\n");
}

void report_write(const struct outcome *o, struct buf *b) {
        write_head(o, b);
        write_cards(o, b);
        write_limits(o, b);
        buf_str(b, "<h2>Over time</h2>\n<section class=\"charts\">\n");
        report_charts(o, b);
        buf_str(b, "</section>\n");
        write_steps(o, b);
        write_troubles(o, b);
        write_foot(o, b);
        buf_str(b, "</main></body></html>\n");
}
