#include "runtime/breaker.h"
#include "test.h"

static void fail(struct breaker *b, int times, int64_t now) {
        for (int i = 0; i < times; i++)
                breaker_leave(b, breaker_enter(b, now), BREAKER_FAILED, now);
}

TEST(five_failures_open_it) {
        struct breaker b;

        breaker_init(&b);
        fail(&b, BREAKER_FAILURES - 1, 0);
        CHECK(breaker_state(&b) == BREAKER_CLOSED);
        fail(&b, 1, 0);
        CHECK(breaker_state(&b) == BREAKER_OPEN);
        CHECK(breaker_enter(&b, BREAKER_OPEN_MS - 1) == BREAKER_REFUSED);
        breaker_done(&b);
}

TEST(a_success_between_starts_the_count_anew) {
        struct breaker b;

        breaker_init(&b);
        fail(&b, BREAKER_FAILURES - 1, 0);
        breaker_leave(&b, breaker_enter(&b, 0), BREAKER_OK, 0);
        fail(&b, BREAKER_FAILURES - 1, 0);
        CHECK(breaker_state(&b) == BREAKER_CLOSED);
        breaker_done(&b);
}

TEST(one_probe_at_a_time_after_30_s_and_two_successes_close_it) {
        struct breaker b;
        int64_t now = BREAKER_OPEN_MS;

        breaker_init(&b);
        fail(&b, BREAKER_FAILURES, 0);
        CHECK(breaker_enter(&b, now) == BREAKER_PROBE);
        CHECK(breaker_state(&b) == BREAKER_HALF_OPEN);
        CHECK(breaker_enter(&b, now) == BREAKER_REFUSED);
        breaker_leave(&b, BREAKER_PROBE, BREAKER_OK, now);
        CHECK(breaker_state(&b) == BREAKER_HALF_OPEN);
        CHECK(breaker_enter(&b, now) == BREAKER_PROBE);
        breaker_leave(&b, BREAKER_PROBE, BREAKER_OK, now);
        CHECK(breaker_state(&b) == BREAKER_CLOSED);
        CHECK(breaker_enter(&b, now) == BREAKER_CALL);
        breaker_done(&b);
}

TEST(a_failed_probe_opens_it_for_another_30_s) {
        struct breaker b;
        int64_t now = BREAKER_OPEN_MS + 5;

        breaker_init(&b);
        fail(&b, BREAKER_FAILURES, 0);
        CHECK(breaker_enter(&b, now) == BREAKER_PROBE);
        breaker_leave(&b, BREAKER_PROBE, BREAKER_FAILED, now);
        CHECK(breaker_state(&b) == BREAKER_OPEN);
        CHECK(breaker_enter(&b, now + BREAKER_OPEN_MS - 1) == BREAKER_REFUSED);
        CHECK(breaker_enter(&b, now + BREAKER_OPEN_MS) == BREAKER_PROBE);
        breaker_done(&b);
}

TEST(a_probe_without_a_verdict_makes_room_for_the_next) {
        struct breaker b;

        breaker_init(&b);
        fail(&b, BREAKER_FAILURES, 0);
        CHECK(breaker_enter(&b, BREAKER_OPEN_MS) == BREAKER_PROBE);
        breaker_leave(&b, BREAKER_PROBE, BREAKER_UNKNOWN, BREAKER_OPEN_MS);
        CHECK(breaker_state(&b) == BREAKER_HALF_OPEN);
        CHECK(breaker_enter(&b, BREAKER_OPEN_MS) == BREAKER_PROBE);
        breaker_done(&b);
}

TEST(calls_from_before_it_opened_no_longer_count) {
        struct breaker b;
        enum breaker_pass old;

        breaker_init(&b);
        old = breaker_enter(&b, 0);
        fail(&b, BREAKER_FAILURES, 0);
        breaker_leave(&b, old, BREAKER_OK, 1);
        CHECK(breaker_state(&b) == BREAKER_OPEN);
        breaker_done(&b);
}
