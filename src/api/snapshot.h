/*
 * Snapshots: the board as a watcher may see it, which the stream goes on from.
 *
 * One frame, made once for all of an audience as long as the board stays as it
 * is.  Of one loop.
 */
#pragma once

#include "api/view.h"
#include "net/ws_frame.h"

struct snapshots;
struct snapshots *snapshots_new(void);
struct snapshots *snapshots_free(struct snapshots *s);

/* That of V, with the read model locked; *seq is what comes after it.  The caller owns the result:
 * one WebSocket frame. */
struct ws_message *snapshot_of(struct snapshots *s, const struct view *v, int64_t *seq);
/* The JSON in what snapshot_of() gave. */
const char *snapshot_text(const struct ws_message *m, size_t *n);
