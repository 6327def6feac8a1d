#include <assert.h>

#include "store/driver.h"
#include "store/leases.h"
#include "store/row.h"

#define WINDOW_MIN 64 /* ports looked at first; each further window is twice as wide */

/* What a search wants, and has found. */
struct search {
        size_t want, n;
        uint16_t ports[LEASE_PORTS_MAX];
};

/* Adds the free ports of [FROM, TO], in order. */
static int search_window(struct tx *tx, int from, int to, struct search *s, struct err *err) {
        struct rows rows;
        size_t row = 0;

        if (tx_exec(tx, SQL_PORT_LIST, ARGS(V(from), V(to)), tx_scratch(tx), &rows, err) < 0)
                return -1;
        for (int port = from; port <= to && s->n < s->want; port++) {
                if (row < rows.n && rows_get(&rows, row, 0).i == port)
                        row++;
                else
                        s->ports[s->n++] = (uint16_t)port;
        }
        return 0;
}

/* Looks through [FROM, TO] until it has what it wants. */
static int search_range(struct tx *tx, int from, int to, struct search *s, struct err *err) {
        int width = WINDOW_MIN;

        while (from <= to && s->n < s->want) {
                int end = to - from < width ? to : from + width - 1;

                if (search_window(tx, from, end, s, err) < 0)
                        return -1;
                from = end + 1;
                width *= 2;
        }
        return 0;
}

int ports_take(struct tx *tx, const char *lease, uint16_t from, uint16_t to, uint16_t hint,
               size_t n, uint16_t *ret, struct err *err) {
        int start = hint >= from && hint < to ? hint + 1 : from;
        struct search s = { .want = n };

        assert(n <= LEASE_PORTS_MAX && from > 0 && from <= to);
        if (search_range(tx, start, to, &s, err) < 0 ||
            search_range(tx, from, start - 1, &s, err) < 0)
                return -1;
        if (s.n < n)
                return err_set(err, ERR_QUOTA, "no %zu free ports between %u and %u", n, from, to);
        for (size_t i = 0; i < n; i++)
                if (tx_exec(tx, SQL_PORT_TAKE, ARGS(V(s.ports[i]), V(lease)), NULL, NULL, err) < 0)
                        return -1;
        for (size_t i = 0; i < n; i++)
                ret[i] = s.ports[i];
        return 0;
}

int ports_free(struct tx *tx, const char *lease, struct err *err) {
        return tx_exec(tx, SQL_PORT_FREE, ARGS(V(lease)), NULL, NULL, err);
}

int ports_free_one(struct tx *tx, uint16_t port, struct err *err) {
        return tx_exec(tx, SQL_PORT_FREE_ONE, ARGS(V(port)), NULL, NULL, err);
}
