/*
 * WebSocket peers: sockets that a loop watches, and what waits to go out to each.
 *
 * A message is a pointer in the queue of everybody it goes to; nearly always it is written at once
 * and never queued.  A peer that reads more slowly than is written to it is dropped when more than
 * its bound waits: nobody else is kept waiting.  It has no buffer of its own while it is idle.
 *
 * One timer pings all peers and drops those that were silent for too long.
 *
 * All belongs to the loop's thread but the calls that say otherwise.  No callback runs inside a
 * call of the user's, but text() may inside ws_add(), for what came early; after closed() the peer
 * is no more.
 */
#pragma once

#include "base/err.h"
#include "net/ws_frame.h"
#include "os/loop.h"

struct ws;
struct ws_peer;
struct http_link;

struct ws_limits {
        enum ws_role role;
        size_t max_message_bytes; /* of one that comes in, in all its frames */
        size_t max_pending_bytes; /* when more waits, and a further message comes, it is dropped */
        int64_t ping_ms;          /* 0: no pings */
        int64_t silent_ms;        /* without a byte from the peer; or without one taken by it */
        int64_t frames_per_s;     /* that may come in, and ... */
        int64_t frames_burst;     /* ... at once */
};

/* How a peer came to its end. */
enum ws_end {
        WS_END_LEFT,   /* it closed, or its connection broke */
        WS_END_CLOSED, /* we closed */
        WS_END_SLOW,   /* it reads too slowly */
        WS_END_SILENT,
        WS_END_FLOOD, /* it sent too many frames */
        WS_END_WRONG, /* what it sent is not the protocol */
        _WS_END_N,
};
const char *ws_end_name(enum ws_end end); /* "left", "slow", ... */

struct ws_events {
        /* A whole text; NULL: they are dropped.  */
        void (*text)(void *arg, const char *text, size_t n);
        /* What waits is down to an eighth of the bound, after something waited.  May be NULL. */
        void (*drained)(void *arg);
        /* The last of all; CODE is the peer's own, WS_NO_CODE without one. */
        void (*closed)(void *arg, enum ws_end end, int code);
};

/* For the peers of LOOP, from any thread.  EVENTS and LIMITS are copied.  Fails: UNAVAILABLE. */
_must_check_ int ws_new(struct loop *loop, const struct ws_limits *limits,
                        const struct ws_events *events, struct ws **ret, struct err *err);
/* Closes every peer of all N with CODE, and waits at most TIMEOUT_MS until they have read what
 * waits; then ends those that are left.  Further ones are closed as they come.  Once, from another
 * thread, while the loops run. */
void ws_quiesce(struct ws *const *all, size_t n, enum ws_code code, int64_t timeout_ms);
/* When no peer can come any more; quiesces one that is not.  From the thread that starts and stops
 * the loop, which runs, or has stopped after the quiescing. */
struct ws *ws_free(struct ws *ws);

/* A peer on FD, which is the peer's from now on (with LINK: see http.h), and does not block. EARLY:
 * what was read from it already.  Never NULL. */
struct ws_peer *ws_add(struct ws *ws, int fd, struct http_link *link, const void *early, size_t n,
                       void *arg);
/* Sends M, or keeps a reference until that is done.  False when the peer is closing. */
bool ws_send(struct ws_peer *p, struct ws_message *m);
/* One text frame, as the role masks it. */
bool ws_send_text(struct ws_peer *p, const char *text, size_t n);
size_t ws_pending(const struct ws_peer *p); /* bytes that wait */
/* Closes with CODE and REASON (at most 100 bytes) after what waits.  No-op when it is closing. */
void ws_close(struct ws_peer *p, enum ws_code code, const char *reason);
/* The same, without what waits. */
void ws_drop(struct ws_peer *p, enum ws_code code, const char *reason);
