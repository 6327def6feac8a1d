/* What the files of ws*.c share.
 *
 *     ws.c        peers: their sockets, what goes out and comes in
 *     ws_queue.c  what waits for one
 *     ws_quiet.c  the end, which another thread waits for
 *     ws_dial.c   a client's way to one
 */
#pragma once

#include "net/ws.h"

struct ws_quiet;

/* ws.c */
struct loop *ws_loop(struct ws *ws);
/* What came in, read by somebody else. */
void ws_feed(struct ws_peer *p, const void *data, size_t n);
/* Closes every peer, and tells QUIET when the last is gone. */
void ws_begin_leaving(struct ws *ws, struct ws_quiet *quiet, enum ws_code code);
/* Ends those that are left. */
void ws_end_all(struct ws *ws);

/* ws_quiet.c */
void ws_quiet_tell(void *quiet);
/* What was posted for its last peers has run, and (unless ENDED) it has no more. */
void ws_settle(struct ws *ws, bool ended);
