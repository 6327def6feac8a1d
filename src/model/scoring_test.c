#include "model/scoring.h"
#include "test.h"

#include "base/attr.h"

/* What CTFd's own formulas give, worked out by hand. */
TEST(linear_decay) {
        struct scoring s = { SCORING_LINEAR, 500, 100, 15 };

        CHECK(scoring_value(&s, 0) == 500);
        CHECK(scoring_value(&s, 1) == 500);
        CHECK(scoring_value(&s, 2) == 485);
        CHECK(scoring_value(&s, 27) == 110);
        CHECK(scoring_value(&s, 28) == 100); /* 95 */
        CHECK(scoring_value(&s, 1000000) == 100);
        s.decay = 0.4; /* 499.6 is rounded up */
        CHECK(scoring_value(&s, 2) == 500);
        CHECK(scoring_value(&s, 4) == 499);
        s.decay = 0;
        CHECK(scoring_value(&s, 500) == 500);
}

TEST(logarithmic_decay_reaches_its_minimum_at_the_solver_after_decay) {
        struct scoring s = { SCORING_LOGARITHMIC, 500, 100, 20 };

        CHECK(scoring_value(&s, 1) == 500);
        CHECK(scoring_value(&s, 2) == 499);  /* 500 - 1 */
        CHECK(scoring_value(&s, 11) == 400); /* 500 - 100 */
        CHECK(scoring_value(&s, 20) == 139); /* 500 - 361 */
        CHECK(scoring_value(&s, 21) == 100);
        CHECK(scoring_value(&s, 22) == 100);
        s.decay = 0; /* counts as 1 */
        CHECK(scoring_value(&s, 1) == 500);
        CHECK(scoring_value(&s, 2) == 100);
        s.decay = 7; /* 500 - 400 / 49 = 491.8.. */
        CHECK(scoring_value(&s, 2) == 492);
}

TEST(exponential_decay) {
        struct scoring s = { SCORING_EXPONENTIAL, 1000, 250, 10 };

        CHECK(scoring_value(&s, 0) == 1000);
        CHECK(scoring_value(&s, 1) == 1000);
        CHECK(scoring_value(&s, 2) == 928);  /* 250 + 750 * exp(-0.1) = 928.6.. */
        CHECK(scoring_value(&s, 11) == 525); /* 250 + 750 / e = 525.9.. */
        CHECK(scoring_value(&s, 100000) == 250);
        s.decay = 0;
        CHECK(scoring_value(&s, 2) == 525);
        s = (struct scoring){ SCORING_EXPONENTIAL, 0, 0, 10 };
        CHECK(scoring_value(&s, 3) == 0);
}

TEST(static_values_stay) {
        struct scoring s = { SCORING_STATIC, 100, 0, 0 };

        CHECK(scoring_value(&s, 0) == 100);
        CHECK(scoring_value(&s, 12345) == 100);
}

TEST(no_value_rises_with_solves_or_leaves_its_bounds) {
        for (enum scoring_kind k = SCORING_STATIC; k <= SCORING_EXPONENTIAL; k++) {
                struct scoring s = { k, 977, 31, 13.7 };

                for (int64_t n = 1; n < 2000; n++) {
                        CHECK(scoring_value(&s, n) <= scoring_value(&s, n - 1));
                        CHECK(scoring_value(&s, n) >= 31 && scoring_value(&s, n) <= 977);
                }
        }
}

TEST(bonuses_and_prestige_round_down) {
        static const int64_t percent[BLOODS] = { 5, 3, 1 };

        CHECK(scoring_bonus(150, percent, 0) == 7);
        CHECK(scoring_bonus(150, percent, 1) == 4);
        CHECK(scoring_bonus(150, percent, 2) == 1);
        CHECK(scoring_bonus(150, percent, 3) == 0);
        CHECK(scoring_prestige(101) == 151);
        CHECK(scoring_prestige(0) == 150);
}

TEST(kinds_have_names) {
        for (enum scoring_kind k = SCORING_STATIC; k <= SCORING_EXPONENTIAL; k++)
                CHECK(scoring_kind_parse(scoring_kind_name(k)) == (int)k);
        CHECK(scoring_kind_parse("parabolic") == SCORING_LOGARITHMIC);
        CHECK(scoring_kind_parse("cubic") == -1);
}
