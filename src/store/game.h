/* The game in the store: rules, submissions, solves, hints, awards, announcements.  See store.h. */
#pragma once

#include "model/game.h"
#include "model/lease.h"
#include "store/db.h"

/* A tenant's rules; made with the tenant. */
_must_check_ int games_insert(struct tx *tx, int64_t tenant, struct err *err);
_must_check_ int games_update(struct tx *tx, const struct game_rules *rules, struct err *err);
_must_check_ int games_each(struct tx *tx,
                            int (*fn)(void *arg, const struct game_rules *, struct err *),
                            void *arg, struct err *err);

/* Submissions.  The insert gives the id in the struct; what a row points to is valid during the
 * call.  Get, judge and delete fail NOT_FOUND. */
_must_check_ int submissions_insert(struct tx *tx, struct submission *s, struct err *err);
_must_check_ int submissions_get(struct tx *tx, int64_t id, struct arena *arena,
                                 struct submission *ret, struct err *err);
_must_check_ int submissions_judge(struct tx *tx, int64_t id, enum submission_result result,
                                   struct err *err);
_must_check_ int submissions_delete(struct tx *tx, int64_t id, struct err *err);

typedef int submissions_fn(void *arg, const struct submission *s, struct err *err);
struct submission_filter {
        int64_t tenant;
        int64_t before_id;      /* only earlier ones; 0: no bound */
        int64_t challenge;      /* 0: any */
        struct account account; /* id 0: any */
        int result;             /* -1: any */
        int64_t max;
};
/* Newest first. */
_must_check_ int submissions_each(struct tx *tx, const struct submission_filter *filter,
                                  submissions_fn *fn, void *arg, struct err *err);
/* At most MAX after AFTER_ID, of every tenant, oldest first. */
_must_check_ int submissions_since(struct tx *tx, int64_t after_id, int64_t max, submissions_fn *fn,
                                   void *arg, struct err *err);

/* The highest id; 0 when there is none. */
_must_check_ int submissions_last(struct tx *tx, int64_t *ret, struct err *err);

/* Wrong answers of an account to a challenge. */
struct attempts {
        int64_t tenant;
        struct account who;
        int64_t challenge, n;
};
_must_check_ int attempts_each(struct tx *tx,
                               int (*fn)(void *arg, const struct attempts *, struct err *),
                               void *arg, struct err *err);

struct solve_row {
        int64_t tenant;
        struct account who;
        int64_t challenge, user, submission, at_ms, seq;
};
/* *added is false where the account has solved it: then nothing was written. */
_must_check_ int solves_insert(struct tx *tx, const struct solve_row *s, bool *added,
                               struct err *err);
/* *seq is 0 where there was none. */
_must_check_ int solves_delete(struct tx *tx, struct account who, int64_t challenge, int64_t *seq,
                               struct err *err);
_must_check_ int solves_each(struct tx *tx,
                             int (*fn)(void *arg, const struct solve_row *, struct err *),
                             void *arg, struct err *err);

struct hint_row {
        int64_t tenant;
        struct account who;
        int64_t challenge, hint, user, cost, at_ms, seq;
};
_must_check_ int hints_insert(struct tx *tx, const struct hint_row *h, bool *added,
                              struct err *err);
_must_check_ int hints_each(struct tx *tx,
                            int (*fn)(void *arg, const struct hint_row *, struct err *), void *arg,
                            struct err *err);

#define AWARD_REASON_SIZE 256
struct award_row {
        int64_t id, tenant;
        struct account who;
        int64_t value;
        char reason[AWARD_REASON_SIZE];
        int64_t by; /* a user */
        int64_t at_ms, seq;
};
_must_check_ int awards_insert(struct tx *tx, struct award_row *a, struct err *err);
_must_check_ int awards_get(struct tx *tx, int64_t id, struct award_row *ret, struct err *err);
_must_check_ int awards_delete(struct tx *tx, int64_t id, struct err *err); /* or NOT_FOUND */
_must_check_ int awards_each(struct tx *tx,
                             int (*fn)(void *arg, const struct award_row *, struct err *),
                             void *arg, struct err *err);

struct announcement {
        int64_t id, tenant;
        const char *title, *text;
        int64_t by, at_ms, seq;
};
_must_check_ int announcements_insert(struct tx *tx, struct announcement *a, struct err *err);
/* Newest first, at most MAX before BEFORE_ID (0: from the end). */
_must_check_ int announcements_each(struct tx *tx, int64_t tenant, int64_t before_id, int64_t max,
                                    int (*fn)(void *arg, const struct announcement *, struct err *),
                                    void *arg, struct err *err);

/* Forgets all that a tenant's accounts did in the game, what was thought of it, and what they call
 * themselves. */
_must_check_ int games_reset(struct tx *tx, int64_t tenant, struct err *err);
