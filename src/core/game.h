/*
 * The game of one tenant: who solved what, and what that is worth.
 *
 * A fold: facts come in (solves, hints, awards, who counts, what a challenge is
 * worth), totals and places come out, always equal to what all facts together
 * give, whatever their order.  Pure memory: no locks, no clock, no store.
 *
 * There are two copies of each: the commit thread's own, which verbs ask and
 * change inside a batch, and the read model's, which follows after the commit.
 */
#pragma once

#include "model/account.h"
#include "model/scoring.h"

struct game;

struct game *game_new(void);
struct game *game_free(struct game *g);
DEFINE_CLEANUP(struct game *, game_free)
struct game *game_clone(const struct game *g); /* all but its order */

/* --- what is given --- */

void game_set_bonus(struct game *g, const int64_t percent[BLOODS]);
/* Adds the challenge, or changes what it is worth. */
void game_put_challenge(struct game *g, int64_t challenge, const struct scoring *scoring);
/* COUNTS: is on the board, and its solves count.  BRACKET "" for none.  Does that change anything
 * of what was? */
bool game_put_account(struct game *g, struct account who, bool counts, const char *bracket);

struct solve {
        struct account who;
        int64_t challenge, user; /* user: who of the account */
        int64_t at_ms, seq;      /* order solves: at_ms first */
};
/* No-op when WHO has solved it.  The challenge must be there. */
void game_add_solve(struct game *g, const struct solve *solve);
void game_drop_solve(struct game *g, struct account who, int64_t challenge); /* or a no-op */

#define HINTS_MAX 32 /* of a challenge; they are numbered from 1 */
/* No-op when WHO has it.  AT_MS as for solves. */
void game_add_hint(struct game *g, struct account who, int64_t challenge, int64_t hint,
                   int64_t cost, int64_t at_ms);

struct award {
        int64_t id;
        struct account who;
        int64_t value; /* may be below zero */
        int64_t at_ms, seq;
};
void game_add_award(struct game *g, const struct award *award); /* no-op for an id that is there */
void game_drop_award(struct game *g, struct account who, int64_t id); /* or a no-op */

/* Wrong answers, for limits on attempts. */
void game_add_attempts(struct game *g, struct account who, int64_t challenge, int64_t n);

/* Forgets all solves, hints, awards and attempts. */
void game_reset(struct game *g);

/* --- what is asked --- */

/* Of one account and challenge. */
struct progress {
        int64_t challenge;
        int64_t solved_ms, solved_seq; /* 0: not solved */
        int64_t attempts;
        uint32_t hints; /* bit i: hint i + 1 */
};
/* Valid until the next change; NULL when there is none. */
const struct progress *game_progress(const struct game *g, struct account who, int64_t challenge);
/* Of one account, by challenge; gives how many. */
size_t game_progress_all(const struct game *g, struct account who, const struct progress **ret);
bool game_solved(const struct game *g, struct account who, int64_t challenge);
bool game_begun(const struct game *g); /* is anybody active? */

/* Is WHO on the board, do its solves count? */
bool game_counts(const struct game *g, struct account who);
/* Wrong answers to the challenge, by accounts that count. */
int64_t game_wrong(const struct game *g, int64_t challenge);

/* Has WHO done anything that counts: a solve, a hint, an award? */
bool game_active(const struct game *g, struct account who);

/* Is the award that event SEQ gave to WHO still there?  (An id may come again.) */
bool game_awarded(const struct game *g, struct account who, int64_t seq);

/* What WHO has now: solves with their bonuses and awards, less hints as far as these take it to
 * zero.  0 for who is not known. */
int64_t game_total(const struct game *g, struct account who);
/* What WHO's solve of the challenge is worth now, its bonus included; 0 without one. */
int64_t game_points(const struct game *g, struct account who, int64_t challenge);
/* WHO's place among the first to solve it, from 0; -1 when it is none of them, or does not count.
 */
int game_blood(const struct game *g, struct account who, int64_t challenge);

/* What WHO would have, had it GAINED and SPENT so much more. */
int64_t game_total_with(const struct game *g, struct account who, int64_t gained, int64_t spent);

struct worth {
        int64_t value, solves;         /* by accounts that count */
        struct account bloods[BLOODS]; /* the first of them; id 0: none yet */
};
/* All zero for a challenge that is not known. */
struct worth game_worth(const struct game *g, int64_t challenge);

/* What WHO's solve of the challenge would bring now, as the newest of all. */
struct gain {
        int64_t points, total;
        int64_t value, solves; /* of the challenge, after it */
        int blood;             /* WHO's place among the first, from 0; -1: none of them */
};
struct gain game_gain(const struct game *g, struct account who, int64_t challenge);

/* --- the board --- */

struct board_row {
        struct account who;
        char bracket[32];
        int64_t score, solves;
        int64_t last_ms, last_seq; /* of what scored last: no hint, nothing worth zero; 0: never */
};

struct board_challenge {
        int64_t challenge;
        struct worth worth;
};

#define BOARD_LIVE INT64_MAX

/* As it was before a moment, or is.  Immutable, counts its references, which any thread may. */
struct board {
        int refs;
        uint64_t version;  /* who makes it says, as of ... */
        int64_t seq;       /* ... the last event that it knows of */
        int64_t cutoff_ms; /* what counts was before; BOARD_LIVE: all */
        size_t n, n_challenges;
        struct board_row *rows; /* in order of place: score, then the earlier last score */
        struct board_challenge *challenges; /* by id */
};
struct board *board_ref(const struct board *b);
struct board *board_unref(struct board *b);
DEFINE_CLEANUP(struct board *, board_unref)
const struct worth *board_worth(const struct board *b, int64_t challenge); /* NULL when none */

/* Of who counts and ever scored.  The live one costs a pass over the accounts and a sort of those
 * that changed since the last; any other is worked out from all facts. */
struct board *game_board(struct game *g, int64_t cutoff_ms);

/* WHO's total by the values of BY, with all of its own deeds: tells nothing of what others did
 * since BY's moment. */
int64_t game_total_by(const struct game *g, const struct board *by, struct account who);

/* What WHO's solve is worth by the values of BY, its bonus included. */
int64_t game_points_by(const struct game *g, const struct board *by, struct account who,
                       int64_t challenge);

/* One step of an account's way: its total from AT_MS on. */
struct step {
        int64_t at_ms, total;
};
/* WHO's way to its place on BY, in order.  The caller frees *ret. */
size_t game_timeline(const struct game *g, const struct board *by, struct account who,
                     struct step **ret);
