/*
 * Who may do what in the game, and when.  Pure: asked by verbs with the working game, and by who
 * shows challenges with what is committed.
 */
#pragma once

#include "core/read_model.h"

/* Who asks: the account that plays, and whether an organiser does, who sees and tries everything
 * at any time. */
struct access {
        const struct read_model *model;
        const struct tenant_game *game;
        int64_t tenant;
        struct account who;
        bool staff;
        int64_t now_ms;
};

/* Is C there for who asks?  Fails: NOT_FOUND hidden or of another tenant, NOT_STARTED, LOCKED by
 * its author or by what is to be solved before. */
_must_check_ int access_challenge(const struct access *a, const struct challenge *c,
                                  struct err *err);
/* Is C to be in a list for who asks?  A locked one is. */
bool access_listed(const struct access *a, const struct challenge *c);
/* May who asks play at all?  Fails: FORBIDDEN no account, or a banned one. */
_must_check_ int access_account(const struct access *a, struct err *err);
/* Is the game on?  Fails: NOT_STARTED, PAUSED, ENDED. */
_must_check_ int access_open(const struct access *a, struct err *err);
