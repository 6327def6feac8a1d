#include <math.h>

#include "cli/emulate/threshold.h"
#include "test.h"

#define S INT64_C(1000000) /* us */

static struct spread spread(const uint32_t *took_us, size_t n) {
        struct sample samples[200];
        struct spread ret;

        CHECK(n <= ARRAY_SIZE(samples));
        for (size_t i = 0; i < n; i++)
                samples[i] = (struct sample){ 0, took_us[i] };
        spread_of(samples, n, &ret);
        return ret;
}

TEST(spreads) {
        uint32_t hundred[100];
        struct spread s;

        for (uint32_t i = 0; i < 100; i++)
                hundred[i] = (100 - i) * 1000;
        s = spread(hundred, 100);
        CHECK(s.count == 100 && s.mean_ms == 50.5 && s.p50_ms == 50);
        CHECK(s.p95_ms == 95 && s.p99_ms == 99 && s.max_ms == 100);
        s = spread((const uint32_t[]){ 3000, 1000 }, 2);
        CHECK(s.p50_ms == 1 && s.p95_ms == 3 && s.max_ms == 3 && s.mean_ms == 2);
        s = spread((const uint32_t[]){ 7500 }, 1);
        CHECK(s.p50_ms == 7.5 && s.p99_ms == 7.5 && s.max_ms == 7.5);
        s = spread(hundred, 0);
        CHECK(s.count == 0 && isnan(s.mean_ms) && isnan(s.p99_ms) && isnan(s.max_ms));
}

/* A run of ten seconds, in which something of everything happened. */
static void fill(struct measure *m) {
        measure_init(m);
        measure_took(m, STEP_SIGN_UP, 5 * S, 6 * S); /* before it */
        measure_answer(m, 6 * S, 10);
        measure_begin(m, 10 * S);
        for (int i = 1; i <= 4; i++) {
                measure_answer(m, 10 * S + i * S, 100);
                measure_took(m, STEP_SUBMIT, 10 * S, 10 * S + i * S / 10);
        }
        measure_judged(m, JUDGED_RIGHT, true, 11 * S);
        measure_judged(m, JUDGED_ALREADY, true, 11 * S);
        measure_judged(m, JUDGED_WRONG, true, 11 * S); /* which should have been right */
        measure_judged(m, JUDGED_WRONG, false, 12 * S);
        measure_judged(m, JUDGED_ALREADY, false, 12 * S);
        measure_limited(m, STEP_SUBMIT, 13 * S);
        measure_failed(m, STEP_SUBMIT, 13 * S, "HTTP %d", 500);
        measure_failed(m, STEP_SUBMIT, 14 * S, "HTTP %d", 500);
        measure_failed(m, STEP_BOARD, 14 * S, "HTTP %d", 503);
        m->signed_in = 3;
        m->failed_sign_ins = 1;
        m->asked_streams = m->opened_streams = 4;
        m->failed_streams = 1;
        measure_tick(m, 15 * S);
        measure_end(m, 20 * S);
        measure_answer(m, 21 * S, 5); /* after it */
}

TEST(sign_ins_have_a_time_of_their_own) {
        _cleanup_measure_ struct measure m;
        struct summary s;

        measure_init(&m);
        measure_begin(&m, 10 * S);
        measure_took(&m, STEP_SIGN_IN, 12 * S, 16 * S); /* in any order */
        measure_took(&m, STEP_SIGN_IN, 11 * S, 15 * S);
        measure_took(&m, STEP_SIGN_IN, 12 * S, 13 * S);
        m.signed_in = 3;
        measure_end(&m, 40 * S);
        summary_of(&m, 3, &s);
        CHECK(s.figures[FIGURE_SIGN_INS_PER_S] == 3 / 5.0);
}

TEST(figures_are_what_was_measured) { /* CT15 */
        _cleanup_measure_ struct measure m;
        struct summary s;

        fill(&m);
        summary_of(&m, 5, &s);
        CHECK(s.figures[FIGURE_PLAYERS] == 5 && s.figures[FIGURE_TOOK_S] == 10);
        CHECK(s.figures[FIGURE_SIGN_INS] == 3 && s.figures[FIGURE_FAILED_SIGN_INS] == 1);
        CHECK(s.figures[FIGURE_SIGN_IN_PERCENT] == 75);
        CHECK(isnan(s.figures[FIGURE_SIGN_INS_PER_S])); /* none was timed */
        CHECK(s.figures[FIGURE_STREAM_PERCENT] == 75);
        CHECK(s.figures[FIGURE_REQUESTS] == 4 && s.figures[FIGURE_REQUESTS_PER_S] == 0.4);
        CHECK(s.figures[FIGURE_FLAGS] == 5 && s.figures[FIGURE_RIGHT] == 1);
        CHECK(s.figures[FIGURE_WRONG] == 2 && s.figures[FIGURE_ALREADY_SOLVED] == 2);
        CHECK(s.figures[FIGURE_MISJUDGED] == 1);
        CHECK(fabs(s.figures[FIGURE_RIGHT_PERCENT] - 200.0 / 3) < 1e-9);
        CHECK(s.figures[FIGURE_ERRORS] == 3 && s.figures[FIGURE_RATE_LIMITED] == 1);
        CHECK(s.figures[FIGURE_BYTES] == 415);
        CHECK(s.steps[STEP_SUBMIT].count == 4 && s.steps[STEP_SUBMIT].failed == 2);
        CHECK(s.steps[STEP_SUBMIT].rate_limited == 1 && s.steps[STEP_SUBMIT].p50_ms == 200);
        CHECK(s.steps[STEP_SIGN_UP].count == 1 && s.steps[STEP_BOARD].count == 0);
}

TEST(nothing_is_no_hundred_percent) { /* CT15 */
        _cleanup_measure_ struct measure m;
        struct summary s;

        measure_init(&m);
        summary_of(&m, 1, &s);
        CHECK(isnan(s.figures[FIGURE_RIGHT_PERCENT]) && isnan(s.figures[FIGURE_SIGN_IN_PERCENT]));
        CHECK(isnan(s.figures[FIGURE_STREAM_PERCENT]) && isnan(s.figures[FIGURE_REQUESTS_PER_S]));
        CHECK(s.figures[FIGURE_ERRORS] == 0);
}

TEST(every_second_has_its_own) {
        _cleanup_measure_ struct measure m;

        fill(&m);
        CHECK(m.n_seconds == 6);
        CHECK(m.seconds[0].requests == 0 && m.seconds[1].requests == 1);
        CHECK(m.seconds[1].right == 1 && m.seconds[1].wrong == 1 && m.seconds[2].wrong == 1);
        CHECK(m.seconds[3].rate_limited == 1 && m.seconds[3].errors == 1 &&
              m.seconds[4].errors == 2);
        CHECK(m.seconds[0].signed_in == 3 && m.seconds[5].signed_in == 3); /* a late tick */
}

TEST(troubles_are_counted_by_their_text) {
        _cleanup_measure_ struct measure m;

        fill(&m);
        measure_sort_troubles(&m);
        CHECK(m.n_troubles == 2);
        CHECK(m.troubles[0]->n == 2 && m.troubles[1]->n == 1);
        CHECK_STR(m.troubles[0]->text, "Flag: HTTP 500");
        CHECK_STR(m.troubles[1]->text, "Board: HTTP 503");
}

TEST(troubles_of_endless_kinds_have_an_end) {
        _cleanup_measure_ struct measure m;

        measure_init(&m);
        for (int i = 0; i < 3 * TROUBLES_MAX; i++)
                measure_failed(&m, STEP_PAGE, 0, "%d", i);
        measure_sort_troubles(&m);
        CHECK(m.errors == 3 * TROUBLES_MAX && m.n_troubles == TROUBLES_MAX + 1);
        CHECK(m.troubles[0]->n == 2 * TROUBLES_MAX);
        CHECK_STR(m.troubles[0]->text, "Further ones of other kinds");
}

/* --- names --- */

TEST(each_metric_has_a_name_of_its_own) {
        char name[METRIC_NAME];

        for (size_t i = 0; i < summary_count(); i++) {
                summary_name((int)i, name);
                CHECK(strlen(name) < METRIC_NAME - 1);
                CHECK(summary_find(name) == (int)i);
        }
        for (const char *const *n =
                     (const char *const[]){ "p95_submit_ms", "p50_stream_delay_ms", "errors",
                                            "rate_limited", "failed_sign_ins", "failed_streams",
                                            "count_board", "max_sign_in_ms", NULL };
             *n; n++)
                CHECK(summary_find(*n) >= 0);
        CHECK(summary_find("p95_nothing_ms") == -1 && summary_find("") == -1);
}

TEST(values_are_found_by_name) {
        _cleanup_measure_ struct measure m;
        struct summary s;

        fill(&m);
        summary_of(&m, 5, &s);
        CHECK(summary_value(&s, summary_find("count_submit")) == 4);
        CHECK(summary_value(&s, summary_find("failed_submit")) == 2);
        CHECK(summary_value(&s, summary_find("mean_submit_ms")) == 250);
        CHECK(summary_value(&s, summary_find("p50_submit_ms")) == 200);
        CHECK(summary_value(&s, summary_find("p95_submit_ms")) == 400);
        CHECK(summary_value(&s, summary_find("p99_submit_ms")) == 400);
        CHECK(summary_value(&s, summary_find("max_submit_ms")) == 400);
        CHECK(summary_value(&s, summary_find("errors")) == 3);
        CHECK(isnan(summary_value(&s, summary_find("p95_board_ms"))));
}

static const char *number(double v) {
        static struct buf b;

        buf_clear(&b);
        summary_number(&b, v);
        return b.data;
}

TEST(numbers_for_json) {
        CHECK_STR(number(0), "0");
        CHECK_STR(number(15000), "15000");
        CHECK_STR(number(0.1239), "0.124");
        CHECK_STR(number(312.44), "312.4");
        CHECK_STR(number(NAN), "null");
}

/* --- thresholds --- */

static void limits(const char *text, size_t n, size_t missed) {
        _cleanup_arena_ struct arena arena = { 0 };
        _cleanup_measure_ struct measure m;
        struct thresholds t;
        struct summary s;
        struct err err;

        fill(&m);
        summary_of(&m, 5, &s);
        CHECK_OK(thresholds_parse(text, &arena, &t, &err));
        CHECK(t.n == n);
        CHECK(thresholds_missed(&t, &s) == missed);
}

TEST(limits_are_kept_or_missed) {
        limits(NULL, 0, 0);
        limits("errors=3", 1, 0);
        limits("errors=2", 1, 1);
        limits("errors<=2.99", 1, 1);
        limits("right_percent>=66", 1, 0);
        limits("right_percent>=67", 1, 1);
        limits("p95_submit_ms=400,errors<=3,failed_streams=0", 3, 1);
        limits("p95_board_ms=100000", 1, 1); /* there was none */
        limits("p95_board_ms>=0", 1, 1);
}

static void refused(const char *text, const char *says) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct thresholds t;
        struct err err;

        CHECK(thresholds_parse(text, &arena, &t, &err) < 0);
        CHECK(err.kind == ERR_INVALID);
        if (!strstr(err.msg, says))
                fprintf(stderr, "%s: \"%s\" does not say \"%s\"\n", text, err.msg, says);
        CHECK(strstr(err.msg, says));
}

TEST(limits_that_cannot_be) {
        refused("", "no limit is named");
        refused("errors", "\"errors\" is no limit");
        refused("errors=0,,x=1", "\"\" is no limit");
        refused("=5", "is no limit");
        refused("errors<5", "is no limit");
        refused("errors>>=5", "is no limit");
        refused("error=0", "there is no metric \"error\"");
        refused("p96_submit_ms=1", "there is no metric \"p96_submit_ms\"");
        refused("errors=", "has no number");
        refused("errors=few", "has no number");
        refused("errors=1x", "has no number");
        refused("errors=nan", "has no number");
}

static const char *said(const char *text) {
        _cleanup_arena_ struct arena arena = { 0 };
        _cleanup_measure_ struct measure m;
        static struct buf b;
        struct thresholds t;
        struct summary s;
        struct err err;

        fill(&m);
        summary_of(&m, 5, &s);
        CHECK_OK(thresholds_parse(text, &arena, &t, &err));
        buf_clear(&b);
        threshold_text(&t.list[0], &s, &b);
        return b.data;
}

TEST(limits_in_words) {
        CHECK_STR(said("errors=0"), "errors is 3, above its limit of 0");
        CHECK_STR(said("errors=5"), "errors is 3, within its limit of 5");
        CHECK_STR(said("right_percent>=99.5"), "right_percent is 66.7, below its limit of 99.5");
        CHECK_STR(said("p95_board_ms=1"), "p95_board_ms was not measured; its limit is 1");
}
