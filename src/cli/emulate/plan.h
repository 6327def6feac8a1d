/*
 * How the players of a run behave: when each comes, how long one thinks, and what one does with a
 * challenge.
 *
 *   herd   all come at once (or within the jitter) and solve as fast as the server's limits let
 *   event  three hours in the run's duration: most come early, some later, and they do more at the
 *          start and at the end
 *   rush   all sign in, wait for one another, and ask for an instance in the same moment
 *
 * Chance comes in as U, uniform in [0, 1).  Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum profile {
#define PROFILE(id, ...) PROFILE_##id,
#include "cli/emulate/profiles.def"
        _PROFILE_N,
};
const char *profile_name(enum profile p);
/* -1 when there is none. */
int profile_parse(const char *name);

struct plan {
        enum profile profile;
        int64_t jitter_ms;   /* within which the players come; -1: as the profile has it */
        int64_t duration_ms; /* of the run, at most */
};

/* From the start of the run until a player comes. */
int64_t plan_arrival_ms(const struct plan *p, double u);
/* Between two things that a player does, AT_MS after the start, where there are N_CHALLENGES. */
int64_t plan_think_ms(const struct plan *p, int64_t at_ms, size_t n_challenges, double u);
/* Between two looks at the board of a player who has nothing else to do. */
int64_t plan_watch_ms(const struct plan *p, double u);

/* --- what is done with a challenge --- */

enum act {
        ACT_OPEN,  /* read it */
        ACT_START, /* ask for an instance, wait until it runs, connect to it */
        ACT_HINT,
        ACT_WRONG, /* hand in a wrong flag */
        ACT_RIGHT,
        ACT_STOP, /* give the instance back */
        ACT_LIST, /* read all challenges anew */
        ACT_BOARD,
};

#define ACTS_MAX 10
struct acts {
        enum act list[ACTS_MAX];
        size_t n, at;
};

/* What a challenge and its server let a player do. */
struct chances {
        bool opens, starts, boards; /* the server has routes for it */
        bool instance, flag_known;
        bool affords_hint;
        bool counts_wrong; /* wrong flags are numbered */
};

/* Fills *RET anew. */
void plan_acts(const struct chances *c, const double u[3], struct acts *ret);

/* --- what the server lets one hand in --- */

/* Flags handed in: 10 at once and 30 a minute are allowed, and a little less is done. */
struct pace {
        int64_t full_ms; /* when all that may be done at once may be done again */
};
/* How long to wait with the next; takes it when that is 0. */
int64_t pace_take(struct pace *p, int64_t now_ms);
