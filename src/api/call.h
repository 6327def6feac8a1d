/*
 * A call: one request on its way through the interface, as handlers see it.
 *
 * It lives in the request's arena.  A handler runs on the loop's thread and
 * either replies, or submits something and replies when that is done.  Private
 * to src/api.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "api/api.h"
#include "api/limit.h"
#include "api/router.h"
#include "core/read_model.h"
#include "core/verbs.h"

#define API_TENANT   1 /* whose admins may make tenants */
#define PAGE_DEFAULT 100
#define PAGE_MAX     1000
#define TYPE_JSON    "application/json"
#define TYPE_PROBLEM "application/problem+json"
#define TYPE_HTML    "text/html; charset=utf-8"
#define TYPE_TEXT    "text/plain; charset=utf-8"
#define WAITER_SLOTS 256
#define ETAG_SIZE    35 /* 32 digits in quotes */
#define WAIT_MAX_S   60

/* The challenges of a tenant as a whole, as they are until a moment. */
struct view_set {
        int64_t tenant, until_ms;
        uint64_t version;
        int64_t due;   /* how many are there by now: some have a time to come */
        bool personal; /* does any read differently for each user? */
};

/* Of one loop.  All but what the lock covers belongs to the loop's thread. */
struct lane {
        struct api *api;
        struct loop *loop;
        struct buf scratch;      /* a reply in the making */
        struct digests *digests; /* of the tokens it saw: guard.c */
        struct kept *kept;       /* answers that it made: kept.h */
        struct view_set set;     /* the last that was asked for: view.h */
        struct crowd *crowd;     /* who watches */
        struct pages *pages;     /* files that it read: pages.c */
        struct loop_timer tick;
        bool ticking;
        struct waiter *waiters[WAITER_SLOTS]; /* by lease */
        atomic_uint n_waiters;
        pthread_mutex_t lock;
        struct buf changed; /* ids of leases, LEASE_ID_SIZE bytes each */
        bool posted;
};

struct api {
        struct api_config config;
        struct read_model *model;
        struct limits *limits;
        struct idempotency *keys;
        struct tally *tally;
        struct followers *followers;
        struct passwords *passwords;
        struct errands *errands;
        struct live *live;
        struct tickets *tickets;
        struct places *places; /* of watchers */
        struct buf openapi;
        char openapi_etag[ETAG_SIZE];
        char id_prefix[16]; /* of the request ids that we make */
        atomic_uint_fast64_t next_id;
        atomic_bool quiet; /* being quiesced */
        struct lane *lanes;
};

struct call {
        struct api *api;
        struct http_req *req;
        struct lane *lane;
        const struct route *route;                    /* NULL: no path matched */
        char param[ROUTE_PARAM], param2[ROUTE_PARAM]; /* what the template's {name}s stand for */
        struct origin origin;
        int64_t token;        /* its id */
        bool session;         /* by the cookie */
        json_t *body;         /* as the route wants it; freed with the call */
        struct key_slot *key; /* of an Idempotency-Key that is being served */
        char location[96];    /* of what was made */
};

typedef void handler_fn(struct call *c);

/* The lane's buffer, emptied.  One reply at a time is made in it. */
struct buf *call_buf(struct call *c);
/* Answers with BODY and the headers that every answer has. */
void call_reply(struct call *c, int status, const char *type, const struct buf *body);
/* The same from call_buf() and with JSON. */
void call_reply_json(struct call *c, int status);
/* The tag of BODY, with its quotes. */
void call_etag(const struct buf *body, char ret[ETAG_SIZE]);
/* Does the client say that it has ETAG? */
bool call_has(const struct call *c, const char *etag);
/* JSON that clients poll: 304 when they have it already. */
void call_reply_etag(struct call *c, const struct buf *body, const char *etag);
/* The same of what is kept, which is not copied. */
void call_reply_kept(struct call *c, struct http_blob *body, const char *etag);
/* Begins an answer that is written piece by piece. */
struct http_stream *call_stream(struct call *c, const char *type, size_t max_pending_bytes);
void call_add_location(struct call *c, const char *fmt, ...) _printf_(2, 3);

/* Submits CMD (its verb is set); FINISH runs on the loop once it is committed. */
void call_submit(struct call *c, struct command *cmd,
                 void (*finish)(struct call *c, struct command *cmd));
/* Runs Q on the store's reader; FINISH runs on the loop then. */
void call_query(struct call *c, struct query *q, void (*finish)(struct call *c, struct query *q));

static inline bool call_may(const struct call *c, enum permission p) {
        return permission_has(p, c->origin.role, c->origin.tenant == API_TENANT);
}

/* Does an organiser ask, who sees more than players? */
static inline bool call_is_staff(const struct call *c) { return c->origin.role >= ROLE_ORGANISER; }
/* From now on the origin is USER. */
void call_take_user(struct call *c, int64_t user);

struct digests *guard_digests_new(void); /* freed with free() */
/* Checks the Authorization header, or the session's cookie, and fills in the origin; replies and
 * returns false when refused. */
bool guard_check(struct call *c);
/* Fills in the origin of TEXT, a token; false when it is none that is good. */
bool guard_token(struct call *c, const char *text);
/* The same where the route is for everybody as long as the tenant's board is: without credentials
 * the origin has that tenant and no user. */
bool guard_board(struct call *c);
/* Fills in the origin where there are good credentials; refuses nobody but who has bad ones. */
bool guard_open(struct call *c);
/* 401 for WHY, or 429 where that came too often from one address; false. */
bool guard_refuse(struct call *c, const char *why);
/* The tenant that who has no credentials means: ?tenant=, or the daemon's own.  0: none. */
int64_t guard_tenant(struct call *c);
#define SESSION_COOKIE "berth_session"

#define ROUTE(m, t, handler, p, b, s, l, ps, a, w) handler_fn handler;
#include "api/routes.def"
