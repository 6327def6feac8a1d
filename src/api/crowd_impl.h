/*
 * The inside of a crowd.
 *
 *     crowd.c    the crowd: what comes to it, and its life
 *     tour.c     how a batch gets to all who watch
 *     watcher.c  one watcher: its place, and what it is sent
 *     join.c     how one becomes a watcher
 */
#pragma once

#include "api/crowd.h"
#include "api/live.h"
#include "api/snapshot.h"
#include "net/ws.h"

#define CROWD_PENDING_BYTES ((size_t)1 << 20)  /* that may wait for a slow watcher */
#define CROWD_STREAM_BYTES  ((size_t)16 << 20) /* with one that is too large for that */
#define CROWD_CHUNK_BYTES   ((size_t)64 << 10)
#define CROWD_ROOM_BYTES    ((size_t)256 << 10) /* while it catches up, no more waits */

enum form { FORM_FRAMES, FORM_CTFG, FORM_EVENTS };

struct watcher {
        struct watcher *next, **link; /* of its audience */
        struct crowd *crowd;
        int64_t tenant, user, token; /* user 0: anybody, as the board is public */
        struct account account;
        int64_t expires_ms; /* of the token; 0: never */
        struct ws_peer *peer;
        struct http_stream *stream; /* where there is no peer */
        int64_t seq;                /* its place; -1: before all that CTFG's clients are told */
        enum form form;
        bool staff;
        bool live;    /* at the end: it takes batches as they come */
        bool begun;   /* CTFG: its first array went out */
        bool reading; /* a page of the log is on its way to it */
        bool over;    /* it is gone, and waits for that page */
};

/* Those of one tenant. */
struct audience {
        int64_t tenant;
        struct watcher *first;
};

/* What a batch is to one form and audience, made when the first one wants it. */
struct rendered {
        bool done;
        struct ws_message *message;
        struct buf text;
};

/* A batch on its way through its audience, some watchers in each turn of the loop. */
struct tour {
        struct batch *batch; /* NULL: none is on its way */
        struct audience *audience;
        struct watcher *next; /* who is given it next */
        struct game_rules rules;
        struct rendered ctfg[2], events[2]; /* what players see of it, and organisers */
};

struct crowd {
        struct lane *lane;
        struct api *api;
        struct ws *ws;
        struct snapshots *snapshots;
        struct map audiences;
        atomic_uint n;
        struct loop_timer tick;
        unsigned ticks;
        bool has_tick, ticking, quiet;
        struct buf gathered; /* of the watcher that catches up just now */
        struct batch **due;  /* in the order they came; those before at_due are gone */
        size_t n_due, at_due;
        struct tour tour;
        bool turning; /* the next turn is posted */
        struct metric_series *sockets, *streams;

        pthread_mutex_t lock; /* for what follows */
        struct batch **batches;
        size_t n_batches, cap_batches;
        struct buf leases, woken; /* ids of leases, LEASE_ID_SIZE each; ids of tenants */
        bool posted;
};

/* crowd.c */
void crowd_put(struct crowd *c, struct watcher *w);
void crowd_take_out(struct watcher *w);
/* Places. */
void crowd_count(struct crowd *c, enum form form, int by);

/* tour.c */
/* Takes over N batches that came, and begins with them. */
void tour_take(struct crowd *c, struct batch **batches, size_t n);
void tour_done(struct crowd *c);

/* watcher.c */
/* On as far as it goes: from the hub, or by asking for a page of the log. */
void watcher_pump(struct watcher *w);
/* A batch, of which it is at the end.  CTFG and EVENTS: what that is to its audience. */
void watcher_give(struct watcher *w, const struct batch *b, struct rendered *ctfg,
                  struct rendered *events);
/* Tells one that is not at the end yet of the reset in B: nothing before it counts any more.  False
 * when it is over. */
bool watcher_tell_reset(struct watcher *w, const struct batch *b);
/* N bytes of text for server-sent events; false when the stream is over, and W is freed. */
bool watcher_write(struct watcher *w, const char *text, size_t n);
/* With the read model locked: are its credentials still good?  Takes over what they now give. */
bool watcher_check(struct watcher *w, const struct read_model *m, int64_t now_ms);
void watcher_end(struct watcher *w, enum ws_code code, const char *reason);
/* Its peer, or its stream, is no more. */
void watcher_free(struct watcher *w);
/* Appends the part as a server-sent event. */
void watcher_event(struct buf *b, const struct batch *batch, const struct part *p);
