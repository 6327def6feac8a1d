/*
 * The games of all tenants, with their rules and boards.
 *
 * There are two copies.  The commit thread works on its own: each command's changes go in as soon
 * as it has run, so that the next of the same batch sees them; after a batch that failed it is
 * copied anew from the other.  The read model's shows what is committed.
 *
 * Boards are made from the working copy, without a lock, and then handed over.
 */
#pragma once

#include "base/map.h"
#include "core/game.h"
#include "model/challenge.h"
#include "model/game.h"

struct change;

struct tenant_game {
        struct game_rules rules;
        struct game *game;
        bool stale;     /* working: its boards are to be made anew */
        bool corrected; /* working: so is the frozen one, as something before the freeze changed */
        struct board *live,
                *frozen; /* frozen: NULL when it is not; working: NULL but while handed over */
};

struct games {
        struct map by_tenant;
        uint64_t version; /* of the last board; rises over restarts, too */
};

void games_done(struct games *g);
/* TO's rules and games become copies of FROM's. */
void games_copy(struct games *to, const struct games *from);

/* Made at the first question; never NULL. */
struct tenant_game *games_of(struct games *g, int64_t tenant);
/* NULL when nothing is known of TENANT. */
const struct tenant_game *games_find(const struct games *g, int64_t tenant);
/* What players see at NOW_MS, or (STAFF) organisers.  NULL before the first was made. */
const struct board *games_board(const struct tenant_game *t, bool staff, int64_t now_ms);

/* WHO's total as it is shown: by the values of that board. */
int64_t games_total(const struct tenant_game *t, bool staff, int64_t now_ms, struct account who);

/* What follows for the game of their tenant from ... */
void games_put_rules(struct games *g, const struct game_rules *r);
void games_put_user(struct games *g, const struct user *u);
void games_put_team(struct games *g, const struct team *t);
void games_put_challenge(struct games *g, const struct challenge *c);
/* ... a change of any kind, those above included.  No-op for what is not about games. */
void games_apply(struct games *g, const struct change *c);

/* Makes the boards that are not as they should be at NOW_MS, after the event SEQ; SHOWN is the read
 * model's copy. */
void games_make_boards(struct games *working, const struct games *shown, int64_t seq,
                       int64_t now_ms);
/* Under the read model's lock: SHOWN has them, and WORKING those from before ... */
void games_swap_boards(struct games *shown, struct games *working);
void games_drop_boards(struct games *working); /* ... which go here. */
