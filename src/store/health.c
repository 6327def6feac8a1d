#include "store/health.h"

#include "store/row.h"

typedef int health_fn(void *arg, const struct health *h, struct err *err);

int healths_insert(struct tx *tx, const struct health *h, struct err *err) {
        return tx_exec(tx, SQL_HEALTH_INSERT,
                       ARGS(V(h->challenge), V(h->at_ms), V(h->tenant), V(h->attempts),
                            V(h->solves), V(h->recent_attempts), V(h->recent_solves), V(h->starts),
                            V(h->failed_starts), V(h->failed_probes), V(h->lost), V(h->score)),
                       NULL, NULL, err);
}

static int read_health(const struct rows *rows, size_t i, struct health *ret, struct err *err) {
        struct row row = row_of(rows, i);
        struct health h;

        h.challenge = row_int(&row);
        h.at_ms = row_int(&row);
        h.tenant = row_int(&row);
        h.attempts = row_int(&row);
        h.solves = row_int(&row);
        h.recent_attempts = row_int(&row);
        h.recent_solves = row_int(&row);
        h.starts = row_int(&row);
        h.failed_starts = row_int(&row);
        h.failed_probes = row_int(&row);
        h.lost = row_int(&row);
        h.score = row_int(&row);
        if (row_end(&row, "health", err) < 0)
                return -1;
        *ret = h;
        return 0;
}

static int each(struct tx *tx, enum sql stmt, const struct val *args, size_t n, health_fn *fn,
                void *arg, struct err *err) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct health h;
        struct rows rows;

        if (tx_exec(tx, stmt, args, n, &arena, &rows, err) < 0)
                return -1;
        for (size_t i = 0; i < rows.n; i++)
                if (read_health(&rows, i, &h, err) < 0 || fn(arg, &h, err) < 0)
                        return -1;
        return 0;
}

int healths_each(struct tx *tx, int64_t challenge, int64_t max, health_fn *fn, void *arg,
                 struct err *err) {
        return each(tx, SQL_HEALTH_LIST, ARGS(V(challenge), V(max)), fn, arg, err);
}

int healths_each_latest(struct tx *tx, health_fn *fn, void *arg, struct err *err) {
        return each(tx, SQL_HEALTH_LATEST, NO_ARGS, fn, arg, err);
}

int healths_purge(struct tx *tx, int64_t before_ms, struct err *err) {
        return tx_exec(tx, SQL_HEALTH_PURGE, ARGS(V(before_ms)), NULL, NULL, err);
}
