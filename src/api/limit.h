/*
 * Rate limits: token buckets, one per limit and key.
 *
 * A bucket is one number, the moment at which it will be full again (the
 * generic cell rate algorithm), in a table of fixed size.  Where a set of the
 * table is full the bucket nearest to full gives way: it knows least.  Keys
 * are hashed with a seed drawn at start.  Thread-safe.
 */
#pragma once

#include <stdint.h>

#include "base/attr.h"
#include "model/account.h"

enum limit {
#define LIMIT(id, name, burst, per_minute, scope, what) LIMIT_##id,
#include "api/limits.def"
        _LIMIT_N,
};

enum limit_scope { LIMIT_PER_ENDPOINT, LIMIT_PER_ACCOUNT, LIMIT_PER_ADDRESS };

struct limit_rule {
        const char *name;
        int64_t burst, per_minute;
        enum limit_scope scope;
        const char *what;
};
extern const struct limit_rule limit_rules[_LIMIT_N];

struct limit_key {
        uint64_t kind, who, endpoint;
};
/* The account, or the user without one. */
struct limit_key limit_key_account(struct account account, int64_t user, uint64_t endpoint);
/* An IPv4 address, or the /64 of an IPv6 one; one key for all that is neither. */
struct limit_key limit_key_address(const char *address);

struct limits;
struct limits *limits_new(void);
struct limits *limits_free(struct limits *l);
DEFINE_CLEANUP(struct limits *, limits_free)

/* A name, such as that of an account that may not be there. */
struct limit_key limit_key_name(int64_t tenant, const char *name);

/* The us until there is one in KEY's bucket of WHICH; 0: there is.  Takes none. */
int64_t limits_wait(struct limits *l, enum limit which, struct limit_key key, int64_t now_us);
/* Takes one from KEY's bucket of WHICH.  0, or the us until there is one again. */
int64_t limits_take(struct limits *l, enum limit which, struct limit_key key, int64_t now_us);
