/* How a tenant plays, and what is handed in.  Plain values, copied freely. */
#pragma once

#include "model/account.h"
#include "model/scoring.h"

#define BRACKETS_MAX           8
#define GAME_THRESHOLD_DEFAULT 75

/* Times in ms since 1970; 0: none. */
struct game_rules {
        int64_t tenant;
        int64_t starts_ms, ends_ms; /* submissions are taken from the one to the other */
        int64_t freeze_ms;          /* players see the board as it was then */
        bool paused;
        bool sign_up;      /* who comes may make an account */
        bool public_board; /* who comes may see the board */
        int64_t team_size; /* 0: no limit */
        int64_t bonus_percent[BLOODS];
        int64_t threshold;                         /* of a suspicion worth telling, in per cent */
        char brackets[BRACKETS_MAX][BRACKET_SIZE]; /* "" after the last */
};

/* Has the game's time come, is it over?  GAME_OPEN: submissions are taken. */
enum game_phase { GAME_NOT_STARTED, GAME_OPEN, GAME_PAUSED, GAME_ENDED };
enum game_phase game_phase(const struct game_rules *r, int64_t now_ms);
bool game_frozen(const struct game_rules *r, int64_t now_ms);
bool game_has_bracket(const struct game_rules *r, const char *name); /* "" always */

#define SUBMISSION_MAX 1000 /* bytes of a text that is handed in */

enum submission_result { SUBMISSION_CORRECT, SUBMISSION_INCORRECT };
const char *submission_result_name(enum submission_result r);
int submission_result_parse(const char *name); /* -1 when none */

struct submission {
        int64_t id, tenant;
        struct account who;
        int64_t user, challenge;
        int64_t at_ms, seq;
        enum submission_result result;
        const char *box; /* the wrong text, sealed (seal.h); "" for a right one */
        char digest[33]; /* of the wrong text, trimmed and in lower case; "" for a right one, and
                            for one of fewer than 4 bytes */
        struct account owner; /* whose derived flag it was; id 0: nobody's */
        char address[17];     /* a keyed hash of where it came from */
        char agent[64];       /* "Firefox on Linux" */
};
