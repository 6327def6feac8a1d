#include "cli/emulate/sightings.h"

#include <stdio.h>

#include "test.h"

#define MS INT64_C(1000)

static struct sightings s;
static struct measure m;

static void begin(void) {
        crypto_init();
        sightings_init(&s);
        measure_init(&m);
}

static void end(void) {
        sightings_done(&s);
        measure_done(&m);
}

static void message(struct watcher *w, const char *text, int64_t at_ms) {
        sightings_message(&s, w, text, strlen(text), at_ms * MS, &m);
}

/* Our frame of a solve of account 7. */
static const char *solve(int seq, const char *slug) {
        static char text[200];

        snprintf(text, sizeof(text),
                 "{\"seq\":%d,\"type\":\"solve\",\"ts\":1,\"account_id\":7,\"account_kind\":"
                 "\"user\","
                 "\"name\":\"A\",\"challenge\":\"%s\",\"points\":100}",
                 seq, slug);
        return text;
}

static void finish(struct watcher *const *watchers, size_t n) {
        int64_t began[8];
        struct holders h = { began, n };

        for (size_t i = 0; i < n; i++)
                began[i] = watchers[i]->first_us;
        sightings_finish(&s, &h, &m);
}

static const char snapshot[] = "{\"seq\":10,\"type\":\"snapshot\",\"ts\":1,\"accounts\":[],"
                               "\"challenges\":[{\"slug\":\"x\"}]}";

TEST(the_last_watcher_counts) {
        struct watcher a = { 0 }, b = { 0 };
        const struct series *delays = &m.series[STEP_STREAM_DELAY];

        begin();
        message(&a, snapshot, 10);
        message(&b, snapshot, 11);
        sightings_sent(&s, "user:7/web", 100 * MS);
        message(&a, solve(11, "web"), 104); /* before the answer */
        sightings_answered(&s, "user:7/web", true, 105 * MS);
        message(&b, solve(11, "web"), 112);
        finish((struct watcher *[]){ &a, &b }, 2);
        CHECK(delays->n == 1 && delays->samples[0].took_us == 7000);
        CHECK(m.frames_missed == 0 && m.frames_doubled == 0);
        end();
}

TEST(who_saw_it_before_the_answer_saw_it_at_once) {
        struct watcher a = { 0 };

        begin();
        message(&a, snapshot, 10);
        sightings_sent(&s, "user:7/web", 100 * MS);
        message(&a, solve(11, "web"), 104);
        sightings_answered(&s, "user:7/web", true, 109 * MS);
        finish((struct watcher *[]){ &a }, 1);
        CHECK(m.series[STEP_STREAM_DELAY].samples[0].took_us == 0);
        end();
}

TEST(who_came_later_is_not_waited_for) {
        struct watcher early = { 0 }, late = { 0 };

        begin();
        message(&early, snapshot, 10);
        sightings_sent(&s, "user:7/web", 100 * MS);
        sightings_answered(&s, "user:7/web", true, 101 * MS);
        message(&early, solve(11, "web"), 103);
        message(&late,
                "{\"seq\":11,\"type\":\"snapshot\",\"ts\":1,\"accounts\":[],\"challenges\":[]}"
                "          ",
                150);
        message(&late, solve(12, "other"), 160);
        finish((struct watcher *[]){ &early, &late }, 2);
        CHECK(m.series[STEP_STREAM_DELAY].n == 1);
        CHECK(m.series[STEP_STREAM_DELAY].samples[0].took_us == 2000);
        CHECK(m.frames_missed == 0);
        end();
}

TEST(what_is_missed_is_counted) {
        struct watcher a = { 0 }, b = { 0 };
        int64_t began[2];
        struct holders h = { began, 2 };

        begin();
        message(&a, snapshot, 10);
        message(&b, snapshot, 10);
        began[0] = a.first_us;
        began[1] = b.first_us;
        sightings_sent(&s, "user:7/web", 100 * MS);
        CHECK(sightings_settled(&s, &h)); /* it may be wrong */
        sightings_answered(&s, "user:7/web", true, 101 * MS);
        CHECK(!sightings_settled(&s, &h));
        message(&a, solve(11, "web"), 103);
        CHECK(!sightings_settled(&s, &h));
        sightings_finish(&s, &h, &m);
        CHECK(m.frames_missed == 1 && m.series[STEP_STREAM_DELAY].n == 1);
        message(&b, solve(11, "web"), 104);
        CHECK(sightings_settled(&s, &h));
        end();
}

TEST(what_was_wrong_is_not_waited_for) {
        struct watcher a = { 0 };

        begin();
        message(&a, snapshot, 10);
        sightings_sent(&s, "user:7/web", 100 * MS);
        sightings_answered(&s, "user:7/web", false, 101 * MS);
        finish((struct watcher *[]){ &a }, 1);
        CHECK(m.frames_missed == 0 && m.series[STEP_STREAM_DELAY].n == 0);
        end();
}

TEST(a_frame_twice_is_seen_once) {
        struct watcher a = { 0 }, b = { 0 };

        begin();
        message(&a, snapshot, 10);
        message(&b, snapshot, 10);
        sightings_sent(&s, "user:7/web", 100 * MS);
        sightings_answered(&s, "user:7/web", true, 101 * MS);
        message(&a, solve(11, "web"), 103);
        message(&a, solve(11, "web"), 104);
        CHECK(m.frames_doubled == 1);
        message(&a, solve(9, "old"), 105); /* older than the snapshot */
        CHECK(m.frames_doubled == 2);
        finish((struct watcher *[]){ &a, &b }, 2);
        CHECK(m.frames_missed == 1); /* b's: a's second does not stand for it */
        CHECK(m.series[STEP_STREAM_DELAY].samples[0].took_us == 2000);
        end();
}

TEST(as_ctfg_says_it) {
        struct watcher a = { 0 };
        _cleanup_buf_ struct buf key = { 0 };

        begin();
        solve_key_ctfg(&key, "Ann \"A\"", "Web 1");
        message(&a, "[]", 10);
        CHECK(a.first_us == 10 * MS);
        sightings_sent(&s, key.data, 100 * MS);
        sightings_answered(&s, key.data, true, 101 * MS);
        message(&a,
                "{\"id\":3,\"type\":\"hint\",\"displayname\":\"Ann \\\"A\\\"\",\"challenge\":"
                "\"Web 1\",\"points\":-5}",
                102);
        message(&a,
                "[{\"id\":4,\"type\":\"score\",\"displayname\":\"Ann \\\"A\\\"\",\"challenge\":"
                "\"Web 1\",\"points\":-5}]",
                103); /* a hint in its history */
        CHECK(m.series[STEP_STREAM_DELAY].n == 0);
        message(&a,
                "[{\"id\":5,\"type\":\"score\",\"displayname\":\"B\",\"challenge\":\"Web 1\","
                "\"points\":5},{\"id\":6,\"type\":\"score\",\"displayname\":\"Ann \\\"A\\\"\","
                "\"challenge\":\"Web 1\",\"points\":100}]",
                111);
        finish((struct watcher *[]){ &a }, 1);
        CHECK(m.frames_missed == 0 && m.series[STEP_STREAM_DELAY].samples[0].took_us == 10000);
        end();
}

TEST(what_is_no_frame_is_passed_over) {
        static const char *const odd[] = { "",
                                           "null",
                                           "5",
                                           "\"x\"",
                                           "[1,null,[]]",
                                           "{",
                                           "{\"seq\":\"x\",\"type\":7}",
                                           "{\"type\":\"solve\"}",
                                           "{\"seq\":12345678901234567890123,\"type\":\"snapshot\""
                                           ",\"more\":\"so that it is long enough\"}" };
        struct watcher a = { 0 };

        begin();
        for (size_t i = 0; i < ARRAY_SIZE(odd); i++)
                message(&a, odd[i], 10);
        CHECK(a.first_us == 10 * MS);
        end();
}

TEST(many_solves_and_watchers) {
        struct watcher w[8] = { 0 }, *all[8];
        char key[40], slug[20];

        begin();
        for (size_t i = 0; i < ARRAY_SIZE(w); i++) {
                all[i] = &w[i];
                message(&w[i], snapshot, 1);
        }
        for (int i = 0; i < 3 * GLANCES; i++) {
                snprintf(slug, sizeof(slug), "c%d", i);
                snprintf(key, sizeof(key), "user:7/%s", slug);
                sightings_sent(&s, key, (10 + i) * MS);
                sightings_answered(&s, key, true, (10 + i) * MS);
                for (size_t k = 0; k < ARRAY_SIZE(w); k++)
                        message(&w[k], solve(11 + i, slug), 10 + i + (int64_t)k);
        }
        finish(all, ARRAY_SIZE(w));
        CHECK(m.frames_missed == 0 && m.series[STEP_STREAM_DELAY].n == 3 * GLANCES);
        for (size_t i = 0; i < m.series[STEP_STREAM_DELAY].n; i++)
                CHECK(m.series[STEP_STREAM_DELAY].samples[i].took_us == 7000);
        end();
}
