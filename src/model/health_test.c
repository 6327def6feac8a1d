#include "base/attr.h"
#include "model/health.h"

#include <stdbool.h>

#include "test.h"

static int64_t of_attempts(int64_t attempts, int64_t solves) {
        return health_score(&(struct health){ .attempts = attempts, .solves = solves });
}

static int64_t of_starts(int64_t starts, int64_t failed, int64_t probes, int64_t lost) {
        return health_score(&(struct health){
                .starts = starts, .failed_starts = failed, .failed_probes = probes, .lost = lost });
}

TEST(few_attempts_say_nothing) {
        CHECK(of_attempts(0, 0) == 100);
        CHECK(of_attempts(9, 0) == 100);
        CHECK(of_attempts(9, 9) == 100);
}

TEST(what_is_too_easy_or_too_hard_loses) {
        CHECK(of_attempts(10, 10) == 80);
        CHECK(of_attempts(10, 9) == 100);
        CHECK(of_attempts(20, 1) == 100);
        CHECK(of_attempts(10, 0) == 60 && health_state(60) == HEALTH_UNDERPERFORMING);
        CHECK(of_attempts(21, 1) == 60);
        CHECK(of_attempts(99, 0) == 60);
}

TEST(what_nobody_solves_is_broken) {
        CHECK(of_attempts(100, 0) == 10 && health_state(10) == HEALTH_BROKEN);
        CHECK(of_attempts(1000, 0) == 10);
        CHECK(of_attempts(100, 1) == 60);
}

TEST(starts_that_fail_break_it) {
        CHECK(of_starts(2, 2, 0, 0) == 100);
        CHECK(of_starts(3, 3, 0, 0) == 0 && health_state(0) == HEALTH_BROKEN);
        CHECK(of_starts(3, 0, 3, 0) == 0);
        CHECK(of_starts(10, 2, 1, 0) == 70 && health_state(70) == HEALTH_HEALTHY);
        CHECK(of_starts(10, 2, 2, 0) == 60);
        CHECK(of_starts(10, 2, 2, 2) == 40 && health_state(40) == HEALTH_UNDERPERFORMING);
        CHECK(of_starts(100, 30, 20, 11) == 39 && health_state(39) == HEALTH_BROKEN);
        CHECK(of_starts(3, 3, 0, 3) == 0);
}

TEST(every_state_is_reached_and_has_its_name) {
        bool seen[_HEALTH_N] = { false };

        for (int64_t attempts = 0; attempts < 400; attempts++)
                for (int64_t solves = 0; solves <= attempts; solves++)
                        seen[health_state(of_attempts(attempts, solves))] = true;
        for (int s = 0; s < _HEALTH_N; s++) {
                CHECK(seen[s]);
                CHECK(health_state_parse(health_state_name((enum health_state)s)) == s);
        }
        CHECK(health_state_parse("broken") == HEALTH_BROKEN && health_state_parse("ill") < 0);
}
