/*
 * What a server understands: the requests of a player, and what its answers mean.
 *
 * Two are known: Berth's own interface, and CTFG's.  A dialect writes requests and reads answers;
 * it sends nothing.  Pure, but for what it notes in the player's persona and in the course.
 */
#pragma once

#include "base/buf.h"
#include "base/json.h"
#include "cli/emulate/course.h"
#include "cli/emulate/measure.h"
#include "model/display_name.h"

/* What a player knows of a challenge. */
struct own {
        bool listed, solved, locked, instance;
        bool counts_wrong; /* wrong flags are numbered */
        bool settled;      /* the player is through with it */
        unsigned hints, unlocked;
        int64_t hint_cost; /* of the next one */
};

#define STREAM_URL 512

/* Who a player is, and what it knows. */
struct persona {
        struct course *course;
        const char *tenant; /* NULL: the server's own */
        const char *name, *password;
        char display[DISPLAY_NAME_SIZE]; /* on the board; "" until it is known */
        bool named;                      /* it needs no other name on the board */
        bool teamless;                   /* teams play, and it has none */
        char kind[8];                    /* of its account: user or team */
        int64_t account;
        int64_t points;
        char stream[STREAM_URL]; /* where its stream is: a URL, or a path of the server's */
        struct own *own;         /* by their places in the course */
        size_t n_own, cap_own;
};
/* What P knows of the challenge at PLACE. */
struct own *persona_own(struct persona *p, size_t place);

/* A request.  The paths and bodies are made anew for each. */
struct request {
        enum step step;
        const char *method;
        struct buf path, body; /* no body: it is empty */
};
void request_begin(struct request *a, enum step step, const char *method, const char *path);
void request_done(struct request *a);

struct dialect {
        const char *name;
        bool opens, starts, boards, teams; /* it has such routes */

        void (*sign_up)(const struct persona *p, struct request *a);
        void (*sign_in)(const struct persona *p, struct request *a);
        _must_check_ int (*signed_in)(struct persona *p, const json_t *o, struct err *err);
        void (*set_name)(const char *name, struct request *a);
        void (*found_team)(const char *name, struct request *a);
        _must_check_ int (*founded)(struct persona *p, const json_t *o, struct err *err);
        void (*stream)(struct request *a);
        _must_check_ int (*streamed)(struct persona *p, const json_t *o, struct err *err);
        /* All challenges; where a server lists them in pages, CURSOR is the next one. */
        void (*list)(const char *cursor, struct request *a);
        /* *NEXT: the cursor of the next page, or NULL; as long as O. */
        _must_check_ int (*listed)(struct persona *p, const json_t *o, const char **next,
                                   struct err *err);
        void (*open)(const struct lesson *l, struct request *a);
        _must_check_ int (*opened)(struct persona *p, size_t place, const json_t *o,
                                   struct err *err);
        void (*submit)(const struct lesson *l, const char *flag, struct request *a);
        _must_check_ int (*judged)(struct persona *p, const json_t *o, enum judged *ret,
                                   struct err *err);
        void (*hint)(const struct lesson *l, unsigned id, struct request *a);
        _must_check_ int (*hinted)(struct persona *p, size_t place, const json_t *o,
                                   struct err *err);
        void (*board)(struct request *a);
        /* The key of P's solve of L (sightings.h). */
        void (*key)(const struct persona *p, const struct lesson *l, struct buf *ret);
};

extern const struct dialect dialect_native, dialect_ctfg;

/* What an answer that is no success says: "HTTP 503 unavailable: Too many ...". */
void dialect_refusal(int status, const char *text, size_t n, struct buf *ret);

/* --- for dialects --- */

/* The member KEY of O, which may be an object, or what CTFG sends in its place: ["key", value, ...]
 * or [["key", value], ...].  NULL when there is none. */
const json_t *dialect_member(const json_t *o, const char *key);
/* The word for how a flag was judged, which is the same in all; false for another word. */
bool dialect_result(const char *text, enum judged *ret);
