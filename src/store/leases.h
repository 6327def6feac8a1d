/* Leases and their ports in the store.  See store.h. */
#pragma once

#include "model/lease.h"
#include "store/db.h"

/* Fails CONFLICT when the owner has a live lease of the challenge already (I1). */
_must_check_ int leases_insert(struct tx *tx, const struct lease *lease, struct err *err);

/* Fail NOT_FOUND. */
_must_check_ int leases_get(struct tx *tx, const char *id, struct lease *ret, struct err *err);
_must_check_ int leases_get_live(struct tx *tx, struct account owner, int64_t challenge,
                                 struct lease *ret, struct err *err);

/* Writes LEASE, whose state was FROM and whose version was VERSION when it was read
 * (compare-and-set); asserts that the edge FROM -> lease->state exists, or is none.
 * Fails CONFLICT when another was faster. */
_must_check_ int leases_update(struct tx *tx, const struct lease *lease, enum lease_state from,
                               int64_t version, struct err *err);

/* The generation of the newest lease of CHALLENGE that OWNER had; 0 when there was none. */
_must_check_ int leases_generation(struct tx *tx, struct account owner, int64_t challenge,
                                   int64_t *ret, struct err *err);

/* What a lease says of its flag. */
struct lease_flag {
        char lease[LEASE_ID_SIZE];
        int64_t tenant, challenge;
        struct account owner;
        int64_t generation;
        int64_t ended_ms; /* 0: its lease lives */
        int64_t grace_ms;
};
/* Every one that there was, by lease. */
_must_check_ int leases_each_flag(struct tx *tx,
                                  int (*fn)(void *arg, const struct lease_flag *, struct err *),
                                  void *arg, struct err *err);

/* What became of a challenge's leases, of all times. */
struct lease_outcomes {
        int64_t leases, started, failed, lost; /* started: ran once; failed: at its last start */
};
_must_check_ int leases_outcomes(struct tx *tx, int64_t challenge, struct lease_outcomes *ret,
                                 struct err *err);

struct lease_counts {
        int64_t account, tenant, runtime; /* live and not pending, of each */
        int64_t account_live;             /* of the account, pending ones too */
        int64_t pending;                  /* in the whole queue */
};
_must_check_ int leases_count(struct tx *tx, struct account owner, int64_t tenant,
                              const char *runtime, struct lease_counts *ret, struct err *err);

/* Called once per lease, in the order asked for; stops at the first -1, and gives it. */
typedef int leases_fn(void *arg, const struct lease *lease, struct err *err);
/* All live ones, and those that ended after SINCE_MS. */
_must_check_ int leases_each(struct tx *tx, int64_t since_ms, leases_fn *fn, void *arg,
                             struct err *err);
/* The head of the queue of RUNTIME, in its fair order: the account with the fewest slots in use
 * first, then the one that waits longest; at most MAX.  Without those of tenants at their limit. */
_must_check_ int leases_queue(struct tx *tx, const char *runtime, int64_t max, struct arena *arena,
                              struct lease **ret, size_t *n, struct err *err);

/* Takes N free ports in [FROM, TO] for LEASE, the first ones after HINT, around the end; into
 * RET in ascending search order.  Fails QUOTA when fewer are free. */
_must_check_ int ports_take(struct tx *tx, const char *lease, uint16_t from, uint16_t to,
                            uint16_t hint, size_t n, uint16_t *ret, struct err *err);
/* Frees all of LEASE's ports, or only PORT. */
_must_check_ int ports_free(struct tx *tx, const char *lease, struct err *err);
_must_check_ int ports_free_one(struct tx *tx, uint16_t port, struct err *err);
