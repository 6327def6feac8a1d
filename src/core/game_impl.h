/* The inside of a game, shared by game.c (facts) and board.c (order). */
#pragma once

#include "base/map.h"
#include "core/game.h"

struct member { /* an account */
        struct account who;
        bool counts, dirty; /* dirty: changed since the last board */
        char bracket[32];
        struct progress *progress; /* by challenge */
        size_t n_progress, cap_progress;
        struct spending {
                int64_t cost, at_ms;
        } * spendings;
        size_t n_spendings, cap_spendings;
        struct award *awards;
        size_t n_awards, cap_awards;
        int64_t earned, awarded, spent, solves;
        int64_t last_ms, last_seq;
};

struct solver {
        struct member *member;
        int64_t user, at_ms, seq;
        int64_t points; /* the value, and a bonus where it is one of the first */
};

struct task { /* a challenge */
        int64_t id;
        struct scoring scoring;
        int64_t value, counted;
        int64_t wrong;          /* attempts of members that count */
        struct solver *solvers; /* by at_ms, seq */
        size_t n, cap;
};

struct members {
        struct member **list;
        size_t n, cap;
};

struct game {
        int64_t bonus_percent[BLOODS];
        struct map members, tasks;
        struct members order; /* of the last live board */
        struct members dirty;
};

/* Room for one more; gives the array. */
void *game_room(void *list, size_t n, size_t *cap, size_t size);

static inline struct member *game_member(const struct game *g, struct account who) {
        return map_get_id(&g->members, account_key(who));
}
static inline struct task *game_task(const struct game *g, int64_t challenge) {
        return map_get_id(&g->tasks, challenge);
}

/* Hints take a total to zero, never below. */
static inline int64_t game_score(int64_t gained, int64_t spent) {
        int64_t most = gained > 0 ? gained : 0;

        return gained - (spent < most ? spent : most);
}
