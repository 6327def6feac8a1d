#include "core/pulse.h"

#include "base/str.h"
#include "test.h"

#define T0   INT64_C(1795200000000)
#define STEP (PULSE_MS / 12)

static struct pulse p;

static void note(enum action action, int64_t challenge, int64_t at_ms, const char *lease,
                 const char *step) {
        struct event e = { .tenant = 1, .action = action, .challenge = challenge, .at_ms = at_ms };

        snprintf(e.lease, sizeof(e.lease), "%s", lease);
        if (*step)
                event_text(&e, "step", step);
        pulse_note(&p, &e, true);
}

static struct health at(int64_t challenge, int64_t ms) {
        struct health h = { 0 };

        pulse_read(&p, challenge, ms, &h);
        return h;
}

TEST(what_happens_is_counted_by_challenge) {
        struct health h;

        note(ACTION_SUBMITTED, 1, T0, "", "");
        note(ACTION_SOLVED, 1, T0, "", "");
        note(ACTION_RUNNING, 1, T0, "L", "");
        note(ACTION_FAILED_CREATE, 1, T0, "L", "start");
        note(ACTION_FAILED_CREATE, 1, T0, "L", "probe");
        note(ACTION_FAILED_CREATE, 1, T0, "L", "");
        note(ACTION_LOST, 1, T0, "L", "");
        note(ACTION_EXTENDED, 1, T0, "L", "");
        note(ACTION_RUNNING, 0, T0, "L", ""); /* of no challenge */
        h = at(1, T0);
        CHECK(h.recent_attempts == 2 && h.recent_solves == 1 && h.starts == 4);
        CHECK(h.failed_starts == 2 && h.failed_probes == 1 && h.lost == 1);
        h = at(2, T0);
        CHECK(h.recent_attempts == 0 && h.starts == 0);
        pulse_done(&p);
}

/* Else whoever asks too often would make a challenge look broken. */
TEST(a_refused_start_is_no_failure) {
        note(ACTION_FAILED_CREATE, 1, T0, "", "");
        CHECK(at(1, T0).starts == 0 && at(1, T0).failed_starts == 0);
        pulse_done(&p);
}

TEST(who_does_not_count_is_not_counted) {
        struct event e = { .tenant = 1, .action = ACTION_SUBMITTED, .challenge = 1, .at_ms = T0 };

        pulse_note(&p, &e, false);
        e.action = ACTION_SOLVED;
        pulse_note(&p, &e, false);
        CHECK(at(1, T0).recent_attempts == 0 && at(1, T0).recent_solves == 0);
        pulse_done(&p);
}

TEST(an_hour_later_it_is_forgotten) {
        int64_t from = T0 / STEP * STEP;

        for (int64_t i = 0; i < 24; i++) {
                note(ACTION_SUBMITTED, 1, from + i * STEP, "", "");
                CHECK(at(1, from + i * STEP).recent_attempts == (i < 12 ? i + 1 : 12));
        }
        CHECK(at(1, from + 23 * STEP + 11 * STEP).recent_attempts == 1);
        CHECK(at(1, from + 23 * STEP + 12 * STEP).recent_attempts == 0);
        note(ACTION_SUBMITTED, 1, from, "", ""); /* late news of what is over */
        CHECK(at(1, from + 23 * STEP).recent_attempts == 12);
        pulse_done(&p);
}

TEST(a_reset_forgets_attempts_of_its_tenant) {
        struct event other = { .tenant = 2, .action = ACTION_GAME_RESET, .at_ms = T0 };

        note(ACTION_SUBMITTED, 1, T0, "", "");
        note(ACTION_RUNNING, 1, T0, "L", "");
        pulse_note(&p, &other, false);
        CHECK(at(1, T0).recent_attempts == 1);
        note(ACTION_GAME_RESET, 0, T0, "", "");
        CHECK(at(1, T0).recent_attempts == 0 && at(1, T0).starts == 1);
        pulse_done(&p);
}

TEST(what_was_told_is_remembered) {
        struct event e = {
                .tenant = 1, .action = ACTION_CHALLENGE_CHECKED, .challenge = 1, .at_ms = T0
        };

        CHECK(pulse_told(&p, 1) == HEALTH_HEALTHY);
        event_int(&e, "score", 12);
        pulse_note(&p, &e, false);
        CHECK(pulse_told(&p, 1) == HEALTH_BROKEN && pulse_told(&p, 2) == HEALTH_HEALTHY);
        str_copy(e.detail, sizeof(e.detail), "{}");
        event_text(&e, "result", "accepted"); /* of a flag */
        pulse_note(&p, &e, false);
        CHECK(pulse_told(&p, 1) == HEALTH_BROKEN);
        pulse_tell(&p, 1, 1, HEALTH_UNDERPERFORMING);
        CHECK(pulse_told(&p, 1) == HEALTH_UNDERPERFORMING);
        pulse_done(&p);
}
