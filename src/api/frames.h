/*
 * Frames of the live stream: what a row of the log tells a watcher.
 *
 * A frame is a JSON object and follows from its row alone, so that a replayed
 * one and a live one of the same seq are equal byte for byte.  Pure.
 */
#pragma once

#include "base/buf.h"
#include "model/event.h"
#include "model/game.h"

enum frame_type {
        FRAME_SNAPSHOT,
        FRAME_SOLVE,
        FRAME_HINT,
        FRAME_AWARD,
        FRAME_NAME,
        FRAME_ANNOUNCEMENT,
        FRAME_SYSTEM,
        _FRAME_N,
};
const char *frame_type_name(enum frame_type t);

/* What is to be known of a frame beside its text. */
struct frame {
        int64_t seq, at_ms;
        struct account who;
        int64_t challenge;
        int64_t ref; /* the seq that it counts from */
        enum frame_type type;
        bool hidden; /* about an account that is on no board: for organisers only */
        bool reset;  /* the game begins anew */
};

/* May an event with ACTION have one? */
bool frame_has(enum action action);
/* Appends the frame of E to TEXT.  False, and nothing, when E has none. */
bool frame_of(const struct event *e, struct frame *ret, struct buf *text);

/* May F be seen at NOW_MS, by organisers (STAFF) or by players, who hear of no points while the
 * board is frozen? */
bool frame_shown(const struct frame *f, bool staff, const struct game_rules *rules, int64_t now_ms);

/* --- in the form of CTFG's clients --- */

/* Appends F as one of their objects, without an array around it.  TEXT: the frame as above.  NAME:
 * what its account is called now; NULL: as it was then.  NUMBER: what they know the challenge by.
 * False, and nothing, where they know no such thing. */
bool frame_ctfg(const struct frame *f, const char *text, const char *name, int64_t number,
                struct buf *b);
