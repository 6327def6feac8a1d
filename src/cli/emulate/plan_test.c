#include "cli/emulate/plan.h"

#include "test.h"

static const struct plan herd = { PROFILE_HERD, -1, 60000 };
static const struct plan event = { PROFILE_EVENT, -1, 60000 };

#define STEPS 1000

TEST(profiles_have_names) {
        CHECK(profile_parse("herd") == PROFILE_HERD);
        CHECK(profile_parse("event") == PROFILE_EVENT);
        CHECK(profile_parse("rush") == PROFILE_RUSH);
        CHECK(profile_parse("Herd") == -1 && profile_parse("") == -1);
        CHECK_STR(profile_name(PROFILE_RUSH), "rush");
}

TEST(a_herd_comes_at_once) { /* CT14 */
        const struct plan none = { PROFILE_EVENT, 0, 60000 }, some = { PROFILE_HERD, 10000, 60000 };

        for (int i = 0; i < STEPS; i++) {
                double u = i / (double)STEPS;

                CHECK(plan_arrival_ms(&herd, u) == 0);
                CHECK(plan_arrival_ms(&none, u) == 0);
                CHECK(plan_arrival_ms(&some, u) == (int64_t)(u * 10000));
        }
}

TEST(most_come_early_to_an_event_and_none_late) {
        int early = 0, late = 0;
        int64_t last = 0;

        for (int i = 0; i < STEPS; i++) {
                int64_t ms = plan_arrival_ms(&event, i / (double)STEPS);

                CHECK(ms >= last); /* the later U, the later */
                last = ms;
                early += ms <= event.duration_ms / 10;
                late += ms > event.duration_ms / 2;
        }
        CHECK(early >= STEPS * 7 / 10 && early < STEPS);
        CHECK(late == 0);
}

/* Of many draws. */
static double mean_think(const struct plan *p, double at, size_t challenges) {
        double sum = 0;

        for (int i = 0; i < STEPS; i++)
                sum += (double)plan_think_ms(p, (int64_t)(at * (double)p->duration_ms), challenges,
                                             (i + 0.5) / STEPS);
        return sum / STEPS;
}

TEST(an_event_is_busy_at_its_start_and_end) {
        double start = mean_think(&event, 0, 10), middle = mean_think(&event, 0.5, 10),
               end = mean_think(&event, 1, 10);

        CHECK(middle > 2 * start && middle > 2 * end);
        CHECK(mean_think(&event, 2, 10) == end && mean_think(&event, -1, 10) == start);
        CHECK(mean_think(&event, 0.5, 100) < middle / 4); /* more to do, in the same time */
}

TEST(a_herd_hardly_thinks) {
        for (int i = 0; i < STEPS; i++) {
                int64_t ms = plan_think_ms(&herd, 30000, 10, i / (double)STEPS);

                CHECK(ms >= 50 && ms < 150);
        }
}

TEST(watchers_look_now_and_then) {
        const struct plan brief = { PROFILE_HERD, 0, 4000 };

        CHECK(plan_watch_ms(&herd, 0) == 5000 && plan_watch_ms(&herd, 0.5) == 10000);
        CHECK(plan_watch_ms(&brief, 0.5) == 1000);
}

/* --- acts --- */

static const char *acts_text(const struct chances *c, double hint, double wrong, double board) {
        static const char letters[] = { 'o', 's', 'h', 'w', 'r', 'S', 'l', 'b' };
        const double u[3] = { hint, wrong, board };
        static char text[ACTS_MAX + 1];
        struct acts acts;

        plan_acts(c, u, &acts);
        CHECK(acts.at == 0 && acts.n <= ACTS_MAX);
        for (size_t i = 0; i < acts.n; i++)
                text[i] = letters[acts.list[i]];
        text[acts.n] = '\0';
        return text;
}

TEST(what_is_done_with_a_challenge) {
        struct chances all = { true, true, true, true, true, true, false }, c = all;

        CHECK_STR(acts_text(&all, 0, 0, 0), "oshwrSlb");
        CHECK_STR(acts_text(&all, 0.9, 0.9, 0.9), "osrSl");
        c.counts_wrong = true; /* then a wrong one is not wasted */
        CHECK_STR(acts_text(&c, 0.9, 0, 0.9), "osrSl");
        c.flag_known = false; /* but where there is no other */
        CHECK_STR(acts_text(&c, 0.9, 0.9, 0.9), "oswS");
        c = all;
        c.affords_hint = false;
        c.instance = false;
        CHECK_STR(acts_text(&c, 0, 0, 0), "owrlb");
        c = all; /* CTFG's server has no more */
        c.opens = c.starts = c.boards = false;
        CHECK_STR(acts_text(&c, 0, 0, 0), "hwrl");
}

/* --- pace --- */

/* A bucket as servers have it: 10, and 30 a minute. */
struct bucket {
        double level;
        int64_t at_ms;
};

static bool let_in(struct bucket *b, int64_t now_ms) {
        b->level += (double)(now_ms - b->at_ms) / 2000;
        b->at_ms = now_ms;
        if (b->level > 10)
                b->level = 10;
        if (b->level < 1)
                return false;
        b->level -= 1;
        return true;
}

TEST(the_pace_keeps_within_the_servers_limit) {
        struct bucket bucket = { 10, 5000 };
        struct pace pace = { 0 };
        int64_t now = 5000, wait;
        int at_once = 0, all = 0;

        while (now < 605000) {
                wait = pace_take(&pace, now);
                if (wait) {
                        now += wait;
                        continue;
                }
                CHECK(let_in(&bucket, now));
                at_once += now == 5000;
                all++;
        }
        CHECK(at_once == 9);
        CHECK(all > 295); /* of 310 that the server would take in ten minutes */
}

TEST(the_pace_saves_up_while_nothing_is_handed_in) {
        struct pace pace = { 0 };

        for (int i = 0; i < 9; i++)
                CHECK(pace_take(&pace, 0) == 0);
        CHECK(pace_take(&pace, 0) == 2050);
        for (int i = 0; i < 9; i++)
                CHECK(pace_take(&pace, 60000) == 0);
        CHECK(pace_take(&pace, 60000) == 2050);
}
