/*
 * A lease: an account's hold on one instance until a deadline.
 *
 * Only the table in lease.def says which state may follow which; the store
 * changes a state by compare-and-set, so two workers cannot both win.  A
 * lease is a plain value without pointers: copy it freely.
 */
#pragma once

#include "model/account.h"

enum lease_state {
#define LEASE(id, name, next) LEASE_##id,
#include "model/lease.def"
        _LEASE_N,
};

enum end_reason {
#define REASON(id, name) REASON_##id,
#include "model/reasons.def"
        _REASON_N,
};

#define LEASE_ID_SIZE   24 /* 20 characters: 10 of time, 10 of chance, Crockford base 32 */
#define LEASE_PORTS_MAX 8

/* How long; times in ms. */
struct policy {
        int64_t base_ms, increment_ms, max_lifetime_ms;
        int64_t max_extensions;
        int64_t grace_ms; /* for which the flag of an ended instance is still taken */
};

/* base 15 min, increment 15 min, at most 5, never past 90 min; grace an hour. */
extern const struct policy policy_default;

enum protocol { PROTOCOL_TCP, PROTOCOL_HTTP, PROTOCOL_HTTPS, PROTOCOL_SSH };
const char *protocol_name(enum protocol p); /* "tcp", "http", ... */
int protocol_parse(const char *name);       /* -1 when none */

struct endpoint {
        char name[32];
        enum protocol protocol;
        uint16_t inner; /* port inside the instance */
        uint16_t port;  /* port that players connect to; 0 until one is taken */
};

struct lease {
        char id[LEASE_ID_SIZE];
        int64_t tenant, challenge;
        struct account owner;
        int64_t user; /* who asked for it */
        enum lease_state state;
        enum end_reason reason;
        struct policy policy; /* as it was when the lease was given */
        int64_t created_ms;   /* when its clock began: a queued one's begins with its slot */
        int64_t expires_ms;
        int64_t queued_ms;                         /* when it was asked for; orders the queue */
        int64_t running_ms, extended_ms, ended_ms; /* last time of each; 0: not yet */
        int64_t extensions, restarts;
        int64_t generation; /* the how-manieth of its account and challenge; of its flag, too */
        size_t n_endpoints; /* with what is above, all that a look at it needs: keep it together */
        struct endpoint endpoints[LEASE_PORTS_MAX];
        char runtime[32];
        char instance[72]; /* the engine's own id of it; "" before it has one */
        char host[64];     /* where the instance can be reached by the gate; "" when unknown */
        uint16_t host_ports[LEASE_PORTS_MAX];
        int64_t attempts, retry_ms; /* of the present intent; when the next may begin */
        char worker[32];            /* the daemon that works on the intent */
        char problem[160]; /* why it failed or why its removal is retried; for organisers */
        int64_t version;   /* seq of the event that changed it last */
        /* Not stored; kept by the read model for leases that wait: */
        int64_t place, estimate_ms;
};

const char *lease_state_name(enum lease_state s);
int lease_state_parse(const char *name); /* -1 when none */
bool lease_may_become(enum lease_state from, enum lease_state to);
const char *end_reason_name(enum end_reason r);
int end_reason_parse(const char *name);
static inline bool lease_live(const struct lease *l) { return l->state != LEASE_ENDED; }

/* A fresh id.  Those that one program makes sort in the order of their making. */
void lease_id_make(int64_t now_ms, char ret[LEASE_ID_SIZE]);
bool lease_id_valid(const char *s);

/* The name of the instance of lease ID at its engine: "berth-<id>". */
#define INSTANCE_NAME 64
void lease_instance_name(const char *id, char ret[INSTANCE_NAME]);

/* May LEASE be extended at NOW_MS?  The rules in their order, with their texts.
 * Fails: NOT_FOUND, GONE expired, LIMIT count or lifetime reached. */
_must_check_ int lease_check_extend(const struct lease *lease, int64_t now_ms, struct err *err);
/* "Container extended by 15 minutes (extension 2/5)", for a lease just extended. */
void lease_extended_text(const struct lease *lease, char *ret, size_t room);

/* Asserts I2 of ARCHITECTURE.md. */
void lease_assert(const struct lease *lease);
