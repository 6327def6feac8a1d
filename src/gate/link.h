/*
 * Links: one player's connection and its other half, to the instance.
 *
 * Each direction is the same: what is read from one side is sent to the other
 * at once; what the other does not take waits in `pending`, and until that is
 * gone nothing more is read.  So a direction holds at most one read, and an
 * idle link holds nothing.
 *
 * A side ends in two ways.  At `eof` nothing more comes from it; that is
 * passed on as a shutdown of the other, after what is pending.  When it is
 * `deaf` nothing can be sent to it, and what comes for it is dropped.  A side
 * that is both is dead, and the link then takes leave of the other: it sends
 * what is pending, shuts down, and reads on into the void for a while, since
 * closing a socket with bytes unread would reset it and take the last words
 * (a flag, it may be) from the player's screen.  Refusing a connection is the
 * same with an instance that was dead from the first.
 */
#pragma once

#include "gate/doorway.h"

/* How long a link waits for the other's end after its last word. */
#define GATE_LINGER_MS 2000

/* Takes FD, a player's new connection through W. */
void link_open(struct doorway *w, int fd);
/* Ends L at once, and what is on the way with it. */
struct link;
void link_cut(struct link *l);
