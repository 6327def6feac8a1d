/*
 * The verbs of watching over the game.  As those of verbs.h.
 *
 * What the daemon finds by itself becomes a suspicion, or a change of a challenge's health; see
 * watch.c.
 */
#pragma once

#include "core/engine.h"
#include "model/suspicion.h"

/* An organiser's verdict, which may be changed by another: each is an event that names the one
 * before.  Fails: NOT_FOUND; INVALID a verdict that is none, or notes that do not fit. */
struct suspicion_review {
        struct command command;
        int64_t suspicion;
        enum suspicion_verdict verdict;
        const char *notes; /* borrowed */
        struct suspicion ret;
};
void suspicion_review_command(struct suspicion_review *r);
