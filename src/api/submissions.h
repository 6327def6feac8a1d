/* Handing in a flag, for both interfaces that do so: ours, and CTFG's. */
#pragma once

#include "api/call.h"
#include "core/game_verbs.h"

struct submission_answer {
        enum verdict verdict;
        int64_t points, total;
        int blood;             /* 1 to 3; 0: none, or nobody's business while the board is frozen */
        int64_t attempts_left; /* -1: no limit */
};

/* Has TEXT judged for the call's account; then DONE or FAILED runs.  Fails as submit_command(). */
void submission_hand_in(struct call *c, int64_t challenge, const char *text,
                        void (*done)(struct call *c, const struct submission_answer *a),
                        void (*failed)(struct call *c, const struct err *err));
/* The answer for people. */
void submission_message(const struct submission_answer *a, char *ret, size_t room);

/* The challenge that the body names by slug or id.  Fails: INVALID, NOT_FOUND. */
_must_check_ int submission_challenge(struct call *c, int64_t *ret, struct err *err);
