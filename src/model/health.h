/*
 * How a challenge fares, as a number and a word.
 *
 * A score begins at 100, and
 *
 *     with 10 attempts or more, of which more than 9 in 10 were right     loses 20: it is too easy
 *                               of which fewer than 1 in 20 were right    loses 40: it is too hard
 *     with 100 attempts or more and not one that was right                loses 50 more
 *     with 3 starts or more in the last hour                              loses 1 for each per cent
 *                                                                         of them that failed, or
 *                                                                         whose instance was lost
 *
 * down to 0.  Few attempts and few starts say nothing.  From 70 on it is HEALTHY, from 40 on
 * UNDERPERFORMING, below BROKEN.  Pure.
 */
#pragma once

#include <stdint.h>

/* Of a challenge at a moment.  Attempts and solves are those of accounts that count; each solve is
 * an attempt, too. */
struct health {
        int64_t challenge, tenant, at_ms;
        int64_t attempts, solves; /* since the game began */
        /* In the last hour: */
        int64_t recent_attempts, recent_solves;
        int64_t starts;                       /* that came to an end, good or bad */
        int64_t failed_starts, failed_probes; /* of them: there was no instance, or no answer */
        int64_t lost;                         /* instances that ended by themselves */
        int64_t score;
};

int64_t health_score(const struct health *h);

enum health_state { HEALTH_BROKEN, HEALTH_UNDERPERFORMING, HEALTH_HEALTHY, _HEALTH_N };
enum health_state health_state(int64_t score);
const char *health_state_name(enum health_state s); /* "BROKEN", ... */
int health_state_parse(const char *name);           /* in any case; -1 when none */
