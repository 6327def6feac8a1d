#include <assert.h>

#include "store/driver.h"
#include "store/endpoints.h"
#include "store/leases.h"
#include "store/row.h"

#define PAGE 256 /* rows read at once by a walk */

static int read_lease(const struct rows *rows, size_t i, struct lease *ret, struct err *err) {
        struct row row = row_of(rows, i);
        struct lease l = { 0 };
        const char *endpoints;

        row_text(&row, l.id, sizeof(l.id));
        l.tenant = row_int(&row);
        l.challenge = row_int(&row);
        l.owner = row_account(&row);
        l.user = row_int(&row);
        l.state = (enum lease_state)row_enum(&row, lease_state_parse);
        l.reason = (enum end_reason)row_enum(&row, end_reason_parse);
        l.policy.base_ms = row_int(&row);
        l.policy.increment_ms = row_int(&row);
        l.policy.max_extensions = row_int(&row);
        l.policy.max_lifetime_ms = row_int(&row);
        l.created_ms = row_int(&row);
        l.expires_ms = row_int(&row);
        l.queued_ms = row_int(&row);
        l.running_ms = row_int(&row);
        l.ended_ms = row_int(&row);
        l.extensions = row_int(&row);
        l.restarts = row_int(&row);
        row_text(&row, l.runtime, sizeof(l.runtime));
        row_text(&row, l.instance, sizeof(l.instance));
        row_text(&row, l.host, sizeof(l.host));
        endpoints = row_string(&row);
        l.attempts = row_int(&row);
        l.retry_ms = row_int(&row);
        row_text(&row, l.worker, sizeof(l.worker));
        row_text(&row, l.problem, sizeof(l.problem));
        l.version = row_int(&row);
        l.extended_ms = row_int(&row);
        l.generation = row_int(&row);
        l.policy.grace_ms = row_int(&row);
        if (row_end(&row, "instance", err) < 0 || endpoints_read(endpoints, &l, err) < 0)
                return -1;
        *ret = l;
        return 0;
}

int leases_insert(struct tx *tx, const struct lease *l, struct err *err) {
        char endpoints[ENDPOINTS_TEXT];

        lease_assert(l);
        endpoints_write(l, endpoints);
        return tx_exec(
                tx, SQL_LEASE_INSERT,
                ARGS(V(l->id), V(l->tenant), V(l->challenge), V(account_kind_name(l->owner.kind)),
                     V(l->owner.id), V(l->user), V(lease_state_name(l->state)),
                     V(end_reason_name(l->reason)), V(l->policy.base_ms), V(l->policy.increment_ms),
                     V(l->policy.max_extensions), V(l->policy.max_lifetime_ms), V(l->created_ms),
                     V(l->expires_ms), V(l->queued_ms), V(l->running_ms), V(l->ended_ms),
                     V(l->extensions), V(l->restarts), V(l->runtime), V(l->instance), V(l->host),
                     V(endpoints), V(l->attempts), V(l->retry_ms), V(l->worker), V(l->problem),
                     V(l->version), V(l->extended_ms), V(l->generation), V(l->policy.grace_ms)),
                NULL, NULL, err);
}

int leases_get(struct tx *tx, const char *id, struct lease *ret, struct err *err) {
        struct rows rows;

        if (tx_exec(tx, SQL_LEASE_GET, ARGS(V(id)), tx_scratch(tx), &rows, err) < 0)
                return -1;
        if (rows.n == 0)
                return err_set(err, ERR_NOT_FOUND, "no such lease");
        return read_lease(&rows, 0, ret, err);
}

int leases_get_live(struct tx *tx, struct account owner, int64_t challenge, struct lease *ret,
                    struct err *err) {
        struct rows rows;

        if (tx_exec(tx, SQL_LEASE_GET_LIVE,
                    ARGS(V(account_kind_name(owner.kind)), V(owner.id), V(challenge)),
                    tx_scratch(tx), &rows, err) < 0)
                return -1;
        if (rows.n == 0)
                return err_set(err, ERR_NOT_FOUND, "no live lease");
        return read_lease(&rows, 0, ret, err);
}

int leases_update(struct tx *tx, const struct lease *l, enum lease_state from, int64_t version,
                  struct err *err) {
        bool moves = l->state != from;
        char endpoints[ENDPOINTS_TEXT];
        struct rows rows;

        assert(!moves || lease_may_become(from, l->state));
        lease_assert(l);
        endpoints_write(l, endpoints);

        const struct val args[] = {
                V(l->id),
                V(lease_state_name(from)),
                V(version),
                V(l->created_ms),
                V(l->expires_ms),
                V(l->running_ms),
                V(l->extensions),
                V(l->restarts),
                V(l->instance),
                V(l->host),
                V(endpoints),
                V(l->attempts),
                V(l->retry_ms),
                V(l->worker),
                V(l->problem),
                V(l->version),
                V(end_reason_name(l->reason)),
                V(l->extended_ms),
                /* Indexed, so left alone where the state stays: */
                V(lease_state_name(l->state)),
                V(l->ended_ms),
                V(l->runtime),
        };
        if (tx_exec(tx, moves ? SQL_LEASE_MOVE : SQL_LEASE_UPDATE, args,
                    ARRAY_SIZE(args) - (moves ? 0 : 3), tx_scratch(tx), &rows, err) < 0)
                return -1;
        if (rows.changed == 0)
                return err_set(err, ERR_CONFLICT, "the lease was changed meanwhile");
        return 0;
}

int leases_generation(struct tx *tx, struct account owner, int64_t challenge, int64_t *ret,
                      struct err *err) {
        struct rows rows;

        if (tx_exec(tx, SQL_LEASE_GENERATION,
                    ARGS(V(challenge), V(account_kind_name(owner.kind)), V(owner.id)),
                    tx_scratch(tx), &rows, err) < 0)
                return -1;
        *ret = rows_get(&rows, 0, 0).i;
        return 0;
}

static int read_flag(const struct rows *rows, size_t i, struct lease_flag *ret, struct err *err) {
        struct row row = row_of(rows, i);
        struct lease_flag f;

        row_text(&row, f.lease, sizeof(f.lease));
        f.tenant = row_int(&row);
        f.challenge = row_int(&row);
        f.owner = row_account(&row);
        f.generation = row_int(&row);
        f.ended_ms = row_int(&row);
        f.grace_ms = row_int(&row);
        if (row_end(&row, "instance", err) < 0)
                return -1;
        *ret = f;
        return 0;
}

int leases_each_flag(struct tx *tx, int (*fn)(void *arg, const struct lease_flag *, struct err *),
                     void *arg, struct err *err) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct lease_flag f = { 0 };
        struct rows rows;

        do {
                arena_reset(&arena);
                if (tx_exec(tx, SQL_LEASE_FLAGS, ARGS(V(f.lease), V(PAGE)), &arena, &rows, err) < 0)
                        return -1;
                for (size_t i = 0; i < rows.n; i++)
                        if (read_flag(&rows, i, &f, err) < 0 || fn(arg, &f, err) < 0)
                                return -1;
        } while (rows.n == PAGE);
        return 0;
}

int leases_count(struct tx *tx, struct account owner, int64_t tenant, const char *runtime,
                 struct lease_counts *ret, struct err *err) {
        struct lease_counts c;
        struct rows rows;
        struct row row;

        if (tx_exec(tx, SQL_LEASE_COUNT,
                    ARGS(V(account_kind_name(owner.kind)), V(owner.id), V(tenant), V(runtime)),
                    tx_scratch(tx), &rows, err) < 0)
                return -1;
        row = row_of(&rows, 0);
        c.account = row_int(&row);
        c.tenant = row_int(&row);
        c.runtime = row_int(&row);
        c.account_live = row_int(&row);
        c.pending = row_int(&row);
        if (row_end(&row, "instance", err) < 0)
                return -1;
        *ret = c;
        return 0;
}

int leases_outcomes(struct tx *tx, int64_t challenge, struct lease_outcomes *ret, struct err *err) {
        struct lease_outcomes o;
        struct rows rows;
        struct row row;

        if (tx_exec(tx, SQL_LEASE_OUTCOMES, ARGS(V(challenge)), tx_scratch(tx), &rows, err) < 0)
                return -1;
        row = row_of(&rows, 0);
        o.leases = row_int(&row);
        o.started = row_int(&row);
        o.failed = row_int(&row);
        o.lost = row_int(&row);
        if (row_end(&row, "instance", err) < 0)
                return -1;
        *ret = o;
        return 0;
}

/* Gives each of ROWS to FN; *last is the last one given. */
static int give(const struct rows *rows, leases_fn *fn, void *arg, struct lease *last,
                struct err *err) {
        for (size_t i = 0; i < rows->n; i++)
                if (read_lease(rows, i, last, err) < 0 || fn(arg, last, err) < 0)
                        return -1;
        return 0;
}

int leases_each(struct tx *tx, int64_t since_ms, leases_fn *fn, void *arg, struct err *err) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct lease last = { 0 };
        struct rows rows;

        do {
                arena_reset(&arena);
                if (tx_exec(tx, SQL_LEASE_LIST_LIVE, ARGS(V(last.id), V(PAGE)), &arena, &rows,
                            err) < 0 ||
                    give(&rows, fn, arg, &last, err) < 0)
                        return -1;
        } while (rows.n == PAGE);

        last = (struct lease){ 0 };
        do {
                arena_reset(&arena);
                if (tx_exec(tx, SQL_LEASE_LIST_ENDED,
                            ARGS(V(since_ms), V(last.ended_ms), V(last.id), V(PAGE)), &arena, &rows,
                            err) < 0 ||
                    give(&rows, fn, arg, &last, err) < 0)
                        return -1;
        } while (rows.n == PAGE);
        return 0;
}

int leases_queue(struct tx *tx, const char *runtime, int64_t max, struct arena *arena,
                 struct lease **ret, size_t *n, struct err *err) {
        struct lease *leases;
        struct rows rows;

        if (tx_exec(tx, SQL_LEASE_QUEUE, ARGS(V(runtime), V(max)), tx_scratch(tx), &rows, err) < 0)
                return -1;
        leases = arena_alloc(arena, (rows.n + 1) * sizeof(*leases));
        for (size_t i = 0; i < rows.n; i++)
                if (read_lease(&rows, i, &leases[i], err) < 0)
                        return -1;
        *ret = leases;
        *n = rows.n;
        return 0;
}
