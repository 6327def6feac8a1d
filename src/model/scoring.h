/*
 * What a challenge is worth, as a pure function of how many have solved it.
 *
 * With S the initial value, M the minimum, d the decay and n the solves by
 * accounts that are visible (the first solver gets S):
 *
 *     static       S
 *     linear       max(M, ceil(S - d * (n - 1)))                     CTFd 3.8
 *     logarithmic  max(M, ceil((M - S) / d^2 * (n - 1)^2 + S))       CTFd 3.8; it is a parabola
 *     exponential  floor(S * (r + (1 - r) * exp((1 - n) / d))), r = M / S
 *
 * All in real numbers, rounded as told.  A decay of 0 counts as 1 where it
 * divides.
 */
#pragma once

#include <stdint.h>

enum scoring_kind { SCORING_STATIC, SCORING_LINEAR, SCORING_LOGARITHMIC, SCORING_EXPONENTIAL };
const char *scoring_kind_name(enum scoring_kind k);
int scoring_kind_parse(const char *name); /* -1 when none; "parabolic" is logarithmic */

struct scoring {
        enum scoring_kind kind;
        int64_t initial; /* points, 0 to 1,000,000 */
        int64_t minimum; /* 0 to initial */
        double decay;    /* not negative */
};

/* Points for each of SOLVES. */
int64_t scoring_value(const struct scoring *s, int64_t solves);

#define BLOODS 3 /* the first solvers of a challenge, whose bonus is in per cent of its value */

/* BONUS_PERCENT of VALUE, rounded down; PLACE 0 is the first solver.  0 beyond the third. */
int64_t scoring_bonus(int64_t value, const int64_t bonus_percent[BLOODS], int64_t place);

/* What a first blood is worth beside points: half as much again as VALUE, or as 100 where that is
 * nothing; rounded down. */
int64_t scoring_prestige(int64_t value);
