/*
 * The watchers of one loop: who they are, how far each has come, and how what
 * comes reaches them, as WebSocket frames, in CTFG's form, or as server-sent
 * events.
 *
 * All belongs to the loop's thread but crowd_give(), crowd_wake(),
 * crowd_quiesce() and the making and freeing.
 */
#pragma once

#include "api/batch.h"
#include "api/call.h"

struct crowd;

_must_check_ int crowd_new(struct lane *lane, struct crowd **ret, struct err *err);
struct crowd *crowd_free(struct crowd *c); /* quiesced, or never used */

/* Does anybody watch, or is about to? */
bool crowd_any(const struct crowd *c);
/* Hands it BATCH (takes a reference; NULL: none) and N changed leases. */
void crowd_give(struct crowd *c, struct batch *batch, const char (*leases)[LEASE_ID_SIZE],
                size_t n);
/* Those of TENANT who wait for the hub go on. */
void crowd_wake(struct crowd *c, int64_t tenant);

/* Where a stream begins. */
struct stream_start {
        bool ctfg;     /* in the form of CTFG's clients, with all there was */
        bool snapshot; /* with the board, and what comes after it; else: */
        int64_t since;
};
/* A place for one more watcher of the call's user: replies (429, 503) and returns false when there
 * is none.  Given up with crowd_release(), or by the stream that takes it. */
bool crowd_reserve(struct call *c);
void crowd_release(struct api *a, int64_t user);
/* Answers C with a WebSocket, or with server-sent events, that begin at START.  With a place. */
void crowd_join_socket(struct call *c, const struct stream_start *start);
void crowd_join_events(struct call *c, const struct stream_start *start);

/* Ends every stream, with 1001 where it is a WebSocket; further ones end as they come.  For all
 * loops at once, at most TIMEOUT_MS. */
void crowd_quiesce(struct api *a, int64_t timeout_ms);
