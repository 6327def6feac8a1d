/*
 * A view of the game: what who asks may see of it, at one moment.
 *
 * All with the read model locked.
 */
#pragma once

#include "api/call.h"
#include "base/json.h"
#include "core/access.h"

struct view {
        struct call *call;
        struct access access;
        const struct board *board; /* frozen for players when the board is */
        bool frozen;               /* and not for staff */
        const struct user *user;   /* NULL: nobody signed in */
};

/* Of the call's origin.  False when nothing is known of its tenant. */
bool view_open(struct call *c, struct view *ret);

/* What the account that asks has. */
int64_t view_total(const struct view *v);
/* A challenge's value and solves. */
struct worth view_worth(const struct view *v, int64_t challenge);

/* What the whole set of challenges says.  Valid until the next question. */
const struct view_set *view_set(const struct view *v);
/* The first solvers, as the member `bloods`. */
void view_bloods(const struct view *v, struct buf *b, const struct worth *w);

/* What is written for everybody, as who asks reads it (placeholder.h). */
const char *view_expand(const struct view *v, const char *text, enum placeholder_form form);

/* C as a member of a list, or (WHOLE) by itself. */
void view_challenge(const struct view *v, struct buf *b, const struct challenge *c, bool whole);
/* What hint I of C (from 0) says, once it is unlocked: members `text` and `html`. */
void view_hint_text(const struct view *v, struct buf *b, const struct challenge *c, size_t i);

/* WHO as {account_id, kind, name}, without braces. */
void view_account(const struct view *v, struct buf *b, struct account who);
/* What ROW of a board says of its account: {score, solves, last_score_at, bracket}, without braces.
 */
void view_row(struct buf *b, const struct board_row *row);
