/*
 * Batches: frames of one tenant that came together, in one commit or in one page of the log, with
 * what else follows for those who watch.
 *
 * They are framed once, for all WebSockets of all loops; the JSON of each is
 * found in there.  Immutable once made, counts its references; any thread.
 */
#pragma once

#include "api/frames.h"
#include "net/ws_frame.h"

struct part {
        struct frame frame;
        uint32_t at, n; /* its JSON in the wire's bytes */
};

/* Whose stream may be over, or is another's now. */
enum concern_kind { CONCERN_TOKEN, CONCERN_USER, CONCERN_TEAM, CONCERN_PUBLIC, CONCERN_ALL };
struct concern {
        enum concern_kind kind;
        int64_t id; /* of the token, user or team */
};

struct batch {
        _Atomic(unsigned) refs;
        int64_t tenant;
        int64_t last;            /* who has this batch has all up to here */
        struct ws_message *wire; /* every frame as a WebSocket gets it; NULL: there is none */
        /* Of a commit: what players saw of it when it came.  WIRE itself where that is all, NULL
         * where that is nothing; of a page, NULL. */
        struct ws_message *open;
        struct concern *concerns;
        size_t n_concerns, n;
        bool reset;
        struct part parts[];
};
struct batch *batch_ref(struct batch *b);
struct batch *batch_unref(struct batch *b);
DEFINE_CLEANUP(struct batch *, batch_unref)
size_t batch_bytes(const struct batch *b);

static inline const char *part_text(const struct batch *b, const struct part *p) {
        return b->wire->data + p->at;
}
/* The first part after SEQ; b->n when there is none. */
size_t batch_find(const struct batch *b, int64_t seq);

/* N of one tenant, each of which goes on where the last one ended, as one; of commits. */
struct batch *batch_join(struct batch *const *list, size_t n);

/* One in the making. */
struct batch_maker {
        int64_t tenant;
        const struct game_rules *rules; /* for `open`; NULL: for a page of the log */
        int64_t now_ms;
        struct buf wire, open, text;
        struct part *parts;
        size_t n, cap;
        struct concern *concerns;
        size_t n_concerns, cap_concerns;
        bool partly; /* players do not see all of it */
        bool reset;
};
/* Is E about the game, or about who may watch? */
bool batch_wants(const struct event *e);
/* Adds what E, an event of its tenant, brings; no-op for what is not wanted. */
void batch_maker_add(struct batch_maker *m, const struct event *e);
bool batch_maker_empty(const struct batch_maker *m);
/* What was added, up to LAST; the maker is empty then.  The caller owns it. */
struct batch *batch_maker_finish(struct batch_maker *m, int64_t last);
void batch_maker_done(struct batch_maker *m);
#define _cleanup_maker_ _cleanup_(batch_maker_done)
