#include "store/suspicions.h"

#include "store/driver.h"
#include "store/row.h"

#define PAGE 64 /* rows read at once by a walk */

/* A statement that is to give one row, whose first column is *id. */
static int touch_one(struct tx *tx, enum sql stmt, const struct val *args, size_t n, int64_t *id,
                     struct err *err) {
        struct rows rows;

        if (tx_exec(tx, stmt, args, n, tx_scratch(tx), &rows, err) < 0)
                return -1;
        if (rows.n == 0)
                return err_set(err, ERR_NOT_FOUND, "no such suspicion");
        *id = rows_get(&rows, 0, 0).i;
        return 0;
}

int suspicions_insert(struct tx *tx, struct suspicion *s, struct err *err) {
        _cleanup_buf_ struct buf evidence = { 0 };

        suspicion_write_evidence(s, &evidence);
        return touch_one(tx, SQL_SUSPICION_INSERT,
                         ARGS(V(s->tenant), V(s->challenge), V(account_kind_name(s->one.kind)),
                              V(s->one.id), V(account_kind_name(s->other.kind)), V(s->other.id),
                              V(s->certainty), V(evidence.data), V(s->at_ms)),
                         &s->id, err);
}

static int read_suspicion(const struct rows *rows, size_t i, struct suspicion *ret,
                          struct err *err) {
        struct row row = row_of(rows, i);
        struct suspicion s = { 0 };
        const char *evidence;

        s.id = row_int(&row);
        s.tenant = row_int(&row);
        s.challenge = row_int(&row);
        s.one = row_account(&row);
        s.other = row_account(&row);
        s.certainty = row_int(&row);
        evidence = row_string(&row);
        s.at_ms = row_int(&row);
        s.verdict = (enum suspicion_verdict)row_enum(&row, suspicion_verdict_parse);
        s.reviewer = row_int(&row);
        s.reviewed_ms = row_int(&row);
        s.review_seq = row_int(&row);
        row_text(&row, s.notes, sizeof(s.notes));
        if (row_end(&row, "suspicion", err) < 0)
                return -1;
        if (suspicion_read_evidence(&s, evidence, err) < 0)
                return err_set(err, ERR_INTERNAL,
                               "store: a row of suspicion is damaged (evidence)");
        *ret = s;
        return 0;
}

static int get(struct tx *tx, enum sql stmt, const struct val *args, size_t n,
               struct suspicion *ret, struct err *err) {
        struct rows rows;

        if (tx_exec(tx, stmt, args, n, tx_scratch(tx), &rows, err) < 0)
                return -1;
        if (rows.n == 0)
                return err_set(err, ERR_NOT_FOUND, "no such suspicion");
        return read_suspicion(&rows, 0, ret, err);
}

int suspicions_get(struct tx *tx, int64_t id, struct suspicion *ret, struct err *err) {
        return get(tx, SQL_SUSPICION_GET, ARGS(V(id)), ret, err);
}

int suspicions_find(struct tx *tx, const struct suspicion *like, struct suspicion *ret,
                    struct err *err) {
        return get(tx, SQL_SUSPICION_FIND,
                   ARGS(V(like->challenge), V(account_kind_name(like->one.kind)), V(like->one.id),
                        V(account_kind_name(like->other.kind)), V(like->other.id)),
                   ret, err);
}

int suspicions_raise(struct tx *tx, const struct suspicion *s, struct err *err) {
        _cleanup_buf_ struct buf evidence = { 0 };
        int64_t id;

        suspicion_write_evidence(s, &evidence);
        return touch_one(tx, SQL_SUSPICION_RAISE, ARGS(V(s->id), V(s->certainty), V(evidence.data)),
                         &id, err);
}

int suspicions_review(struct tx *tx, const struct suspicion *s, struct err *err) {
        int64_t id;

        return touch_one(tx, SQL_SUSPICION_REVIEW,
                         ARGS(V(s->id), V(suspicion_verdict_name(s->verdict)), V(s->reviewer),
                              V(s->reviewed_ms), V(s->review_seq), V(s->notes)),
                         &id, err);
}

/* The certainties that FILTER wants are from *least on, below *above. */
static void bounds(const struct suspicion_filter *f, int64_t *least, int64_t *above) {
        *least = f->risk < 0 ? 0 : risk_least((enum risk)f->risk);
        *above = f->risk < 0 || f->risk == RISK_HIGH ? INT64_MAX :
                                                       risk_least((enum risk)(f->risk + 1));
}

int suspicions_each(struct tx *tx, const struct suspicion_filter *f,
                    int (*fn)(void *arg, const struct suspicion *, struct err *), void *arg,
                    struct err *err) {
        _cleanup_arena_ struct arena arena = { 0 };
        int64_t before = f->before_id ? f->before_id : INT64_MAX, left = f->max;
        const char *verdict =
                f->verdict < 0 ? "" : suspicion_verdict_name((enum suspicion_verdict)f->verdict);
        int64_t want, least, above;
        struct suspicion s;
        struct rows rows;

        bounds(f, &least, &above);
        do {
                arena_reset(&arena);
                want = left < PAGE ? left : PAGE;
                if (tx_exec(tx, SQL_SUSPICION_LIST,
                            ARGS(V(before), V(f->tenant), V(f->challenge),
                                 V(account_kind_name(f->account.kind)), V(f->account.id),
                                 V(verdict), V(least), V(above), V(want)),
                            &arena, &rows, err) < 0)
                        return -1;
                for (size_t i = 0; i < rows.n; i++) {
                        if (read_suspicion(&rows, i, &s, err) < 0 || fn(arg, &s, err) < 0)
                                return -1;
                        before = s.id;
                }
                left -= (int64_t)rows.n;
        } while (left > 0 && (int64_t)rows.n == want);
        return 0;
}

int suspicions_purge(struct tx *tx, int64_t before_ms, struct err *err) {
        return tx_exec(tx, SQL_SUSPICION_PURGE, ARGS(V(before_ms)), NULL, NULL, err);
}
