#include "cli/emulate/report.h"

#include <math.h>

#include "cli/emulate/chart.h"
#include "test.h"

#define S INT64_C(1000000) /* us */

/* --- charts --- */

TEST(numbers_for_axes) {
        CHECK(chart_nice(0.3) == 0.5 && chart_nice(1) == 1 && chart_nice(1.1) == 2);
        CHECK(chart_nice(4) == 5 && chart_nice(7) == 10 && chart_nice(130) == 200);
        CHECK(chart_nice(0) == 1 && chart_nice(-5) == 1);
}

static size_t times(const char *text, const char *what) {
        size_t n = 0;

        for (; (text = strstr(text, what)); text += strlen(what))
                n++;
        return n;
}

TEST(lines_have_gaps_where_there_is_nothing) {
        const double values[] = { 1, 2, NAN, 4, NAN, 8, 9 };
        struct chart c = { .title = "T <1>",
                           .unit = "ms",
                           .note = "",
                           .bucket_s = 0.5,
                           .n_buckets = ARRAY_SIZE(values),
                           .lines = { { "a&b", values } } };
        _cleanup_buf_ struct buf b = { 0 };

        chart_write(&c, &b);
        CHECK(strstr(b.data, "T &lt;1&gt;") && strstr(b.data, "a&amp;b: 9 ms"));
        CHECK(times(b.data, "<circle") == 1); /* the 4 */
        CHECK(times(b.data, "<rect") == ARRAY_SIZE(values));
        CHECK(strstr(b.data, "<title>1 s</title>")); /* a bucket of nothing */
        CHECK(!strstr(b.data, "nan") && !strstr(b.data, "inf"));
}

TEST(charts_of_anything_have_finite_numbers) {
        const double odd[][3] = { { 0, 0, 0 }, { NAN, NAN, NAN }, { 1e9, 1e-9, 0 },
                                  { 5, 5, 5 }, { 0.1, 0.1, 0.1 }, { 1e-300, 1e300, 1 } };

        for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
                for (int log = 0; log < 2; log++) {
                        struct chart c = { .title = "T",
                                           .unit = "u",
                                           .note = "",
                                           .logarithmic = log,
                                           .bucket_s = 1,
                                           .n_buckets = 3,
                                           .lines = { { "l", odd[i] } } };
                        _cleanup_buf_ struct buf b = { 0 };

                        chart_write(&c, &b);
                        CHECK(!strstr(b.data, "nan") && !strstr(b.data, "inf"));
                        CHECK(b.len < 100000);
                }
        }
}

/* --- the page, and its brothers --- */

static struct measure m;
static struct thresholds limits;
static struct arena arena;
static const struct throng_config config = { .dialect = &dialect_native,
                                             .url = "http://h:1/?<script>",
                                             .plan = { PROFILE_HERD, 0, 60000 },
                                             .players = 4 };

static struct outcome outcome(const char *fail_on) {
        struct outcome o = {
                .config = &config, .measure = &m, .limits = &limits, .began_ms = 1000
        };
        struct err err;

        CHECK_OK(thresholds_parse(fail_on, &arena, &limits, &err));
        measure_sort_troubles(&m);
        summary_of(&m, config.players, &o.summary);
        return o;
}

static void fill(void) {
        measure_init(&m);
        measure_begin(&m, 10 * S);
        for (int i = 0; i < 200; i++) {
                int64_t at = 10 * S + i * S / 20;

                measure_answer(&m, at, 100);
                measure_took(&m, i % 2 ? STEP_SUBMIT : STEP_BOARD, at - 1000 * i, at);
                measure_tick(&m, at);
        }
        measure_judged(&m, JUDGED_RIGHT, true, 12 * S);
        measure_failed(&m, STEP_SUBMIT, 12 * S, "HTTP 500 <b>");
        m.signed_in = 4;
        m.asked_streams = m.opened_streams = 4;
        measure_end(&m, 20 * S);
}

TEST(a_page_that_asks_nobody_for_anything) { /* M2 */
        _cleanup_buf_ struct buf b = { 0 };
        struct outcome o;

        fill();
        o = outcome("errors=0,count_submit>=1");
        report_write(&o, &b);
        CHECK(strncmp(b.data, "<!DOCTYPE html>", 15) == 0);
        CHECK(strstr(b.data, "default-src 'none'"));
        for (const char *const *w = (const char *const[]){ "<script", " src=", "url(", "@import",
                                                           "<link", "<iframe", NULL };
             *w; w++)
                CHECK(!strstr(b.data, *w));
        CHECK(times(b.data, "http://") == 2); /* the server's, as text */
        CHECK(strstr(b.data, "http://h:1/?&lt;script&gt;") && strstr(b.data, "HTTP 500 &lt;b&gt;"));
        CHECK(strstr(b.data, "✕ missed") && strstr(b.data, "✓ kept"));
        CHECK(strstr(b.data, "errors is 1, above its limit of 0"));
        CHECK(times(b.data, "<svg") >= 5 && !strstr(b.data, "nan"));
        CHECK(times(b.data, "<tr") == times(b.data, "</tr>"));
        CHECK(times(b.data, "<figure") == times(b.data, "</figure>"));
        measure_done(&m);
        arena_done(&arena);
}

TEST(a_run_of_nothing_has_a_page_too) {
        _cleanup_buf_ struct buf b = { 0 };
        struct outcome o;

        measure_init(&m);
        o = outcome(NULL);
        report_write(&o, &b);
        CHECK(strstr(b.data, "</html>") && !strstr(b.data, "nan") && !strstr(b.data, "inf"));
        CHECK(!outcome_is_something(&o));
}

TEST(json_with_every_metric) {
        _cleanup_buf_ struct buf b = { 0 };
        _cleanup_json_ json_t *json = NULL;
        const json_t *metrics, *step;
        char name[METRIC_NAME];
        struct outcome o;
        struct err err;

        fill();
        o = outcome("errors=0");
        outcome_json(&o, &b);
        CHECK_OK(json_parse(b.data, b.len, &json, &err));
        metrics = json_object_get(json, "metrics");
        for (size_t i = 0; i < summary_count(); i++) {
                summary_name((int)i, name);
                CHECK(json_object_get(metrics, name));
        }
        CHECK(json_integer_value(json_object_get(metrics, "errors")) == 1);
        CHECK(json_is_null(json_object_get(metrics, "p95_hint_ms")));
        step = json_object_get(json_object_get(json, "steps"), "submit");
        CHECK(json_integer_value(json_object_get(step, "count")) == 100);
        CHECK(json_number_value(json_object_get(step, "median_ms")) == 99);
        CHECK(json_array_size(json_object_get(json, "timeline")) == 10);
        CHECK(json_is_false(
                json_object_get(json_array_get(json_object_get(json, "thresholds"), 0), "met")));
        measure_done(&m);
        arena_done(&arena);
}

TEST(text_for_people) {
        _cleanup_buf_ struct buf b = { 0 };
        struct outcome o;

        fill();
        measure_failed(&m, STEP_PAGE, 12 * S, "\x1b[31mred");
        o = outcome("errors=0");
        outcome_text(&o, &b);
        CHECK(strstr(b.data, "Sign-ins    4 of 4 (100.0 %)"));
        CHECK(strstr(b.data, "Flags       1 right, 0 wrong, 0 already solved"));
        CHECK(strstr(b.data, "MISSED  errors is 2, above its limit of 0"));
        CHECK(!strchr(b.data, '\x1b')); /* what a server wrote moves no cursor */
        measure_done(&m);
        arena_done(&arena);
}

static const char *percent(double v) {
        static struct buf b;

        buf_clear(&b);
        outcome_percent(&b, v);
        return b.data;
}

TEST(percentages_do_not_flatter) { /* CT15 */
        CHECK_STR(percent(100), "100.0 %");
        CHECK_STR(percent(99.99), "99.9 %");
        CHECK_STR(percent(0), "0.0 %");
        CHECK_STR(percent(NAN), "none");
}
