#include "model/scoring.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/attr.h"

static const char *const kinds[] = {
        [SCORING_STATIC] = "static",
        [SCORING_LINEAR] = "linear",
        [SCORING_LOGARITHMIC] = "logarithmic",
        [SCORING_EXPONENTIAL] = "exponential",
};

const char *scoring_kind_name(enum scoring_kind k) { return kinds[k]; }

int scoring_kind_parse(const char *name) {
        if (strcmp(name, "parabolic") == 0)
                return SCORING_LOGARITHMIC;
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                if (strcmp(kinds[i], name) == 0)
                        return (int)i;
        return -1;
}

/* The value before the minimum is looked at; N solvers came before the last one. */
static double decayed(const struct scoring *s, double n) {
        double initial = (double)s->initial, minimum = (double)s->minimum;
        double divisor = s->decay > 0 ? s->decay : 1;
        double least = s->initial > 0 ? minimum / initial : 0;

        switch (s->kind) {
        case SCORING_LINEAR:
                return ceil(initial - s->decay * n);
        case SCORING_LOGARITHMIC:
                return ceil((minimum - initial) / (divisor * divisor) * (n * n) + initial);
        case SCORING_EXPONENTIAL:
                return floor(initial * (least + (1 - least) * exp(-n / divisor)));
        case SCORING_STATIC:
                break;
        }
        return initial;
}

int64_t scoring_value(const struct scoring *s, int64_t solves) {
        double value = decayed(s, solves > 1 ? (double)(solves - 1) : 0);

        assert(solves >= 0);
        /* Compared as real numbers: a steep decay leaves the range of integers. */
        return value > (double)s->minimum || s->kind == SCORING_STATIC ? (int64_t)value :
                                                                         s->minimum;
}

int64_t scoring_bonus(int64_t value, const int64_t bonus_percent[BLOODS], int64_t place) {
        return place < BLOODS ? value * bonus_percent[place] / 100 : 0;
}

int64_t scoring_prestige(int64_t value) { return (value > 0 ? value : 100) * 3 / 2; }
