#include <string.h>

#include "store/driver.h"
#include "store/event_rows.h"
#include "store/events.h"

#define HASH_TEXT (2 * SHA256_SIZE + 1)

/* The chain */

static int read_chain(struct tx *tx, enum sql stmt, struct chain *ret, struct err *err) {
        struct chain chain = { 0 };
        struct rows rows;
        struct row row;

        if (tx_exec(tx, stmt, NO_ARGS, tx_scratch(tx), &rows, err) < 0)
                return -1;
        if (rows.n != 1)
                return err_set(err, ERR_INTERNAL, "store: the head of the log's chain is missing");
        row = row_of(&rows, 0);
        chain.seq = row_int(&row);
        row_hex(&row, chain.hash, sizeof(chain.hash));
        if (row_end(&row, "chain", err) < 0)
                return -1;
        *ret = chain;
        return 0;
}

int chain_lock(struct tx *tx, struct chain *ret, struct err *err) {
        return read_chain(tx, SQL_CHAIN_LOCK, ret, err);
}

int chain_read(struct tx *tx, struct chain *ret, struct err *err) {
        return read_chain(tx, SQL_CHAIN_READ, ret, err);
}

int chain_write(struct tx *tx, const struct chain *chain, struct err *err) {
        char hash[HASH_TEXT];

        hex_encode(chain->hash, sizeof(chain->hash), hash);
        return tx_exec(tx, SQL_CHAIN_WRITE, ARGS(V(chain->seq), V(hash)), NULL, NULL, err);
}

/* Events */

int events_append(struct tx *tx, struct chain *chain, struct event *e, struct err *err) {
        char hash[HASH_TEXT];

        e->seq = chain->seq + 1;
        event_seal(e, chain->hash);
        hex_encode(e->hash, sizeof(e->hash), hash);
        if (tx_exec(tx, SQL_EVENT_INSERT,
                    ARGS(V(e->seq), V(e->at_ms), V(e->tenant), V(action_name(e->action)),
                         V(actor_kind_name(e->actor_kind)), V(e->actor),
                         V(account_kind_name(e->account.kind)), V(e->account.id), V(e->challenge),
                         V(e->lease), V(e->request_id), V(e->detail), V(hash)),
                    NULL, NULL, err) < 0)
                return -1;
        chain->seq = e->seq;
        memcpy(chain->hash, e->hash, sizeof(chain->hash));
        return 0;
}

int actor_kind_parse(const char *name) {
        for (int k = ACTOR_SYSTEM; k <= ACTOR_OPERATOR; k++)
                if (strcmp(name, actor_kind_name((enum actor_kind)k)) == 0)
                        return k;
        return -1;
}

int event_of_row(const struct rows *rows, size_t i, struct event *ret, struct err *err) {
        struct row row = row_of(rows, i);
        struct event e = { 0 };

        e.seq = row_int(&row);
        e.at_ms = row_int(&row);
        e.tenant = row_int(&row);
        e.action = (enum action)row_enum(&row, action_parse);
        e.actor_kind = (enum actor_kind)row_enum(&row, actor_kind_parse);
        e.actor = row_int(&row);
        e.account = row_account(&row);
        e.challenge = row_int(&row);
        row_text(&row, e.lease, sizeof(e.lease));
        row_text(&row, e.request_id, sizeof(e.request_id));
        row_text(&row, e.detail, sizeof(e.detail));
        row_hex(&row, e.hash, sizeof(e.hash));
        if (row_end(&row, "event", err) < 0)
                return -1;
        *ret = e;
        return 0;
}

/* The statement whose index fits FILTER best. */
static enum sql statement(const struct event_filter *f) {
        if (f->live)
                return f->newest_first ? SQL_EVENT_LIST_LIVE_NEWEST : SQL_EVENT_LIST_LIVE;
        if (f->lease)
                return f->newest_first ? SQL_EVENT_LIST_LEASE_NEWEST : SQL_EVENT_LIST_LEASE;
        if (f->account.id)
                return f->newest_first ? SQL_EVENT_LIST_ACCOUNT_NEWEST : SQL_EVENT_LIST_ACCOUNT;
        return f->newest_first ? SQL_EVENT_LIST_NEWEST : SQL_EVENT_LIST;
}

static int list(struct tx *tx, const struct event_filter *f, int64_t max, struct arena *arena,
                struct rows *ret, struct err *err) {
        return tx_exec(tx, statement(f),
                       ARGS(V(f->after_seq), V(f->before_seq ? f->before_seq : INT64_MAX),
                            V(f->tenant), V(account_kind_name(f->account.kind)), V(f->account.id),
                            V(f->challenge), V(f->lease ? f->lease : ""),
                            V(f->action < 0 ? "" : action_name((enum action)f->action)),
                            V(f->from_ms), V(f->to_ms ? f->to_ms : INT64_MAX), V(max)),
                       arena, ret, err);
}

int event_page(struct tx *tx, int64_t after_seq, struct arena *arena, struct rows *ret,
               struct err *err) {
        return list(tx, &(struct event_filter){ .after_seq = after_seq, .action = -1 }, EVENT_PAGE,
                    arena, ret, err);
}

int events_each(struct tx *tx, const struct event_filter *filter, events_fn *fn, void *arg,
                struct err *err) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct event_filter f = *filter; /* moves on with the pages */
        int64_t left = f.max ? f.max : INT64_MAX;
        struct rows rows;
        struct event e;
        int64_t want;

        do {
                arena_reset(&arena);
                want = left < EVENT_PAGE ? left : EVENT_PAGE;
                if (list(tx, &f, want, &arena, &rows, err) < 0)
                        return -1;
                for (size_t i = 0; i < rows.n; i++) {
                        if (event_of_row(&rows, i, &e, err) < 0 || fn(arg, &e, err) < 0)
                                return -1;
                        *(f.newest_first ? &f.before_seq : &f.after_seq) = e.seq;
                }
                left -= (int64_t)rows.n;
        } while (left > 0 && (int64_t)rows.n == want);
        return 0;
}

/* When the first event after AFTER_SEQ was; false when there is none. */
static int time_after(struct tx *tx, int64_t after_seq, bool *any, int64_t *ret, struct err *err) {
        const struct event_filter next = { .after_seq = after_seq, .action = -1 };
        struct rows rows;
        struct event e;

        if (list(tx, &next, 1, tx_scratch(tx), &rows, err) < 0)
                return -1;
        *any = rows.n > 0;
        if (!*any)
                return 0;
        if (event_of_row(&rows, 0, &e, err) < 0)
                return -1;
        *ret = e.at_ms;
        return 0;
}

/* The log has an index by seq only, along which its times rise: halving finds the place. */
int events_seq_before(struct tx *tx, int64_t ms, int64_t *ret, struct err *err) {
        struct chain head = { 0 };
        int64_t low = 0, high, at_ms;
        bool any;

        if (chain_read(tx, &head, err) < 0)
                return -1;
        high = head.seq;
        while (low < high) {
                int64_t mid = low + (high - low) / 2;

                if (time_after(tx, mid, &any, &at_ms, err) < 0)
                        return -1;
                if (any && at_ms < ms)
                        low = mid + 1;
                else
                        high = mid;
        }
        *ret = low;
        return 0;
}

/* Checkpoints */

int checkpoints_insert(struct tx *tx, const struct checkpoint *c, struct err *err) {
        char hash[HASH_TEXT], key[2 * SIGN_PUBLIC + 1], signature[2 * SIGNATURE + 1];

        hex_encode(c->hash, sizeof(c->hash), hash);
        hex_encode(c->public_key, sizeof(c->public_key), key);
        hex_encode(c->signature, sizeof(c->signature), signature);
        return tx_exec(tx, SQL_CHECKPOINT_INSERT,
                       ARGS(V(c->seq), V(c->at_ms), V(hash), V(key), V(signature)), NULL, NULL,
                       err);
}

int checkpoint_of_row(const struct rows *rows, size_t i, struct checkpoint *ret, struct err *err) {
        struct row row = row_of(rows, i);
        struct checkpoint c = { 0 };

        c.seq = row_int(&row);
        c.at_ms = row_int(&row);
        row_hex(&row, c.hash, sizeof(c.hash));
        row_hex(&row, c.public_key, sizeof(c.public_key));
        row_hex(&row, c.signature, sizeof(c.signature));
        if (row_end(&row, "checkpoint", err) < 0)
                return -1;
        *ret = c;
        return 0;
}

int checkpoints_last(struct tx *tx, struct checkpoint *ret, struct err *err) {
        struct rows rows;

        if (tx_exec(tx, SQL_CHECKPOINT_LAST, NO_ARGS, tx_scratch(tx), &rows, err) < 0)
                return -1;
        if (rows.n == 0)
                return err_set(err, ERR_NOT_FOUND, "no checkpoint yet");
        return checkpoint_of_row(&rows, 0, ret, err);
}
