/*
 * The verbs of the game.  As those of verbs.h.
 *
 * All fail NOT_FOUND for what is not there or is another tenant's.
 */
#pragma once

#include "core/engine.h"
#include "core/game.h"
#include "model/game.h"
#include "store/game.h"

/* Where a submission came from. */
struct sender {
        char address[sizeof(((struct submission *)0)->address)]; /* a keyed hash */
        char agent[sizeof(((struct submission *)0)->agent)];
};

enum verdict { VERDICT_CORRECT, VERDICT_INCORRECT, VERDICT_ALREADY_SOLVED };
const char *verdict_name(enum verdict v); /* "correct", "incorrect", "already_solved" */

/* Judges TEXT.  The caller has found whether it is one of the challenge's own flags, which may take
 * a while; whether it is that of an instance is found here.  By a judge (USER set), it is a solve
 * of that user's, whatever the text and the time. Fails: FORBIDDEN no account, or banned; LOCKED,
 * also when no attempt is left; NOT_STARTED, PAUSED, ENDED. */
struct submit {
        struct command command;
        struct challenge *challenge; /* borrowed: as it was when TEXT was looked at */
        const char *text;            /* borrowed; without blanks at its ends */
        bool accepted;
        int64_t user; /* 0: the origin's own */
        struct sender sender;
        enum verdict verdict;
        int64_t points, total;
        int blood;             /* place among the first, from 0; -1: none */
        int64_t attempts_left; /* -1: no limit */
};
void submit_command(struct submit *s);

/* Would TEXT be right?  Writes nothing but that it was asked.  The caller has found whether it is
 * one of the challenge's own flags; whether it is that of the origin's instance is found here. */
struct challenge_check {
        struct command command;
        int64_t challenge;
        const char *text; /* borrowed; without blanks at its ends */
        bool accepted;
};
void challenge_check_command(struct challenge_check *k);

/* Fails: FORBIDDEN, NOT_STARTED, PAUSED, ENDED; LOCKED another hint comes first, or the challenge
 * is; POINTS; ALREADY it was unlocked before. */
struct hint_unlock {
        struct command command;
        int64_t challenge, hint;
        int64_t total;
};
void hint_unlock_command(struct hint_unlock *h);

/* Points by hand.  Fails: INVALID nothing, or too much. */
#define AWARD_MOST 1000000
struct award_give {
        struct command command;
        struct account who;
        int64_t value;
        char reason[AWARD_REASON_SIZE];
        struct award_row ret;
};
void award_give_command(struct award_give *a);
struct award_remove {
        struct command command;
        int64_t award;
};
void award_remove_command(struct award_remove *a);

/* A submission judged anew, or deleted, with what followed from it. */
struct submission_judge {
        struct command command;
        int64_t submission;
        enum submission_result result;
        bool remove;
};
void submission_judge_command(struct submission_judge *j);

struct announce {
        struct command command;
        const char *title, *text; /* borrowed */
        struct announcement ret;
};
void announce_command(struct announce *a);

/* The rules, as far as FIELDS says.  Fails: INVALID; CONFLICT the mode, once somebody has scored.
 */
enum game_field {
        GAME_STARTS = 1 << 0,
        GAME_ENDS = 1 << 1,
        GAME_FREEZE = 1 << 2,
        GAME_PAUSE = 1 << 3,
        GAME_SIGN_UP = 1 << 4,
        GAME_PUBLIC_BOARD = 1 << 5,
        GAME_TEAM_SIZE = 1 << 6,
        GAME_BONUS = 1 << 7,
        GAME_SUSPICION = 1 << 8,
        GAME_BRACKETS = 1 << 9,
        GAME_MODE = 1 << 10,
};
struct game_set {
        struct command command;
        unsigned fields;
        struct game_rules rules;
        bool team_mode;
};
void game_set_command(struct game_set *g);

/* Forgets all submissions, solves, hints, awards and chosen names of the tenant, and ends every
 * session. */
struct game_reset {
        struct command command;
        int64_t sessions; /* how many ended */
};
void game_reset_command(struct game_reset *g);
