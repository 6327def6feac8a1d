/* Leases as clients see them.  Pure: what they need of the read model is in the view. */
#pragma once

#include "base/json.h"
#include "model/lease.h"

struct lease_view {
        const struct lease *lease;
        const char *slug; /* of the challenge; NULL when that is gone */
        const char *host; /* where players connect to */
        int64_t now_ms;
        bool staff;          /* organisers see more: the owner, the runtime, the problem */
        const char *message; /* of what was just done; NULL for none */
};

/* One JSON object. */
void json_lease(struct buf *b, const struct lease_view *v);
int64_t json_lease_remaining(const struct lease *l, int64_t now_ms); /* s, rounded up */
/* "http://host:port/", "tcp://host:port"; an IPv6 host in brackets. */
#define LEASE_URL 320
void json_lease_url(enum protocol protocol, const char *host, uint16_t port, char ret[LEASE_URL]);
