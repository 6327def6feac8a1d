#include "store/game.h"

#include <stdio.h>
#include <string.h>

#include "store/driver.h"
#include "store/row.h"

#define PAGE 256 /* rows read at once by a walk */

/* An INSERT ... RETURNING, or the like: *any tells whether it gave a row, whose first column is
 * *ret. */
static int give_one(struct tx *tx, enum sql stmt, const struct val *args, size_t n, bool *any,
                    int64_t *ret, struct err *err) {
        struct rows rows;

        if (tx_exec(tx, stmt, args, n, tx_scratch(tx), &rows, err) < 0)
                return -1;
        *any = rows.n > 0;
        *ret = rows.n > 0 ? rows_get(&rows, 0, 0).i : 0;
        return 0;
}

/* The same, where there must be one. */
static int must_give(struct tx *tx, enum sql stmt, const struct val *args, size_t n,
                     const char *what, int64_t *ret, struct err *err) {
        int64_t value;
        bool any;

        if (give_one(tx, stmt, args, n, &any, &value, err) < 0)
                return -1;
        if (!any)
                return err_set(err, ERR_NOT_FOUND, "no such %s", what);
        *ret = value;
        return 0;
}

/* --- rules --- */

int games_insert(struct tx *tx, int64_t tenant, struct err *err) {
        return tx_exec(tx, SQL_GAME_INSERT, ARGS(V(tenant)), NULL, NULL, err);
}

/* Brackets are one column, separated by line breaks, which no name has. */
#define BRACKETS_TEXT ((size_t)BRACKETS_MAX * BRACKET_SIZE)

static void write_brackets(const struct game_rules *r, char ret[BRACKETS_TEXT]) {
        size_t len = 0;

        ret[0] = '\0';
        for (size_t i = 0; i < BRACKETS_MAX && *r->brackets[i]; i++)
                len += (size_t)snprintf(ret + len, BRACKETS_TEXT - len, "%s%s", i ? "\n" : "",
                                        r->brackets[i]);
}

static int read_brackets(const char *text, struct game_rules *r, struct err *err) {
        for (size_t i = 0; *text; i++) {
                size_t n = strcspn(text, "\n");

                if (i == BRACKETS_MAX || n == 0 || n >= BRACKET_SIZE)
                        return err_set(err, ERR_INTERNAL, "store: a row of game is damaged");
                memcpy(r->brackets[i], text, n);
                text += n + (text[n] == '\n');
        }
        return 0;
}

int games_update(struct tx *tx, const struct game_rules *r, struct err *err) {
        char brackets[BRACKETS_TEXT];
        int64_t tenant;

        write_brackets(r, brackets);
        return must_give(tx, SQL_GAME_UPDATE,
                         ARGS(V(r->tenant), V(r->starts_ms), V(r->ends_ms), V(r->freeze_ms),
                              V(r->paused), V(r->sign_up), V(r->public_board), V(r->team_size),
                              V(r->bonus_percent[0]), V(r->bonus_percent[1]),
                              V(r->bonus_percent[2]), V(r->threshold), V(brackets)),
                         "tenant", &tenant, err);
}

static int read_rules(const struct rows *rows, size_t i, struct game_rules *ret, struct err *err) {
        struct row row = row_of(rows, i);
        struct game_rules r = { 0 };
        const char *brackets;

        r.tenant = row_int(&row);
        r.starts_ms = row_int(&row);
        r.ends_ms = row_int(&row);
        r.freeze_ms = row_int(&row);
        r.paused = row_int(&row);
        r.sign_up = row_int(&row);
        r.public_board = row_int(&row);
        r.team_size = row_int(&row);
        for (size_t b = 0; b < BLOODS; b++)
                r.bonus_percent[b] = row_int(&row);
        r.threshold = row_int(&row);
        brackets = row_string(&row);
        if (row_end(&row, "game", err) < 0 || read_brackets(brackets, &r, err) < 0)
                return -1;
        *ret = r;
        return 0;
}

int games_each(struct tx *tx, int (*fn)(void *arg, const struct game_rules *, struct err *),
               void *arg, struct err *err) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct game_rules r = { 0 };
        struct rows rows;

        do {
                arena_reset(&arena);
                if (tx_exec(tx, SQL_GAME_LIST, ARGS(V(r.tenant), V(PAGE)), &arena, &rows, err) < 0)
                        return -1;
                for (size_t i = 0; i < rows.n; i++)
                        if (read_rules(&rows, i, &r, err) < 0 || fn(arg, &r, err) < 0)
                                return -1;
        } while (rows.n == PAGE);
        return 0;
}

/* --- submissions --- */

int submissions_insert(struct tx *tx, struct submission *s, struct err *err) {
        return must_give(tx, SQL_SUBMISSION_INSERT,
                         ARGS(V(s->tenant), V(account_kind_name(s->who.kind)), V(s->who.id),
                              V(s->user), V(s->challenge), V(s->at_ms), V(s->seq),
                              V(submission_result_name(s->result)), V(s->box), V(s->digest),
                              V(account_kind_name(s->owner.kind)), V(s->owner.id), V(s->address),
                              V(s->agent)),
                         "submission", &s->id, err);
}

static int read_submission(const struct rows *rows, size_t i, struct submission *ret,
                           struct err *err) {
        struct row row = row_of(rows, i);
        struct submission s = { 0 };

        s.id = row_int(&row);
        s.tenant = row_int(&row);
        s.who = row_account(&row);
        s.user = row_int(&row);
        s.challenge = row_int(&row);
        s.at_ms = row_int(&row);
        s.seq = row_int(&row);
        s.result = (enum submission_result)row_enum(&row, submission_result_parse);
        s.box = row_string(&row);
        row_text(&row, s.digest, sizeof(s.digest));
        s.owner = row_account(&row);
        row_text(&row, s.address, sizeof(s.address));
        row_text(&row, s.agent, sizeof(s.agent));
        if (row_end(&row, "submission", err) < 0)
                return -1;
        *ret = s;
        return 0;
}

int submissions_get(struct tx *tx, int64_t id, struct arena *arena, struct submission *ret,
                    struct err *err) {
        struct rows rows;

        if (tx_exec(tx, SQL_SUBMISSION_GET, ARGS(V(id)), arena, &rows, err) < 0)
                return -1;
        if (rows.n == 0)
                return err_set(err, ERR_NOT_FOUND, "no such submission");
        return read_submission(&rows, 0, ret, err);
}

int submissions_judge(struct tx *tx, int64_t id, enum submission_result result, struct err *err) {
        return must_give(tx, SQL_SUBMISSION_JUDGE, ARGS(V(id), V(submission_result_name(result))),
                         "submission", &id, err);
}

int submissions_delete(struct tx *tx, int64_t id, struct err *err) {
        return must_give(tx, SQL_SUBMISSION_DELETE, ARGS(V(id)), "submission", &id, err);
}

static int give_submissions(const struct rows *rows, submissions_fn *fn, void *arg, int64_t *last,
                            struct err *err) {
        struct submission s;

        for (size_t i = 0; i < rows->n; i++) {
                if (read_submission(rows, i, &s, err) < 0 || fn(arg, &s, err) < 0)
                        return -1;
                *last = s.id;
        }
        return 0;
}

int submissions_each(struct tx *tx, const struct submission_filter *f, submissions_fn *fn,
                     void *arg, struct err *err) {
        _cleanup_arena_ struct arena arena = { 0 };
        int64_t before = f->before_id ? f->before_id : INT64_MAX, left = f->max;
        struct rows rows;
        int64_t want;

        do {
                arena_reset(&arena);
                want = left < PAGE ? left : PAGE;
                if (tx_exec(tx, SQL_SUBMISSION_LIST,
                            ARGS(V(before), V(f->tenant), V(f->challenge),
                                 V(account_kind_name(f->account.kind)), V(f->account.id),
                                 V(f->result < 0 ? "" :
                                                   submission_result_name(
                                                           (enum submission_result)f->result)),
                                 V(want)),
                            &arena, &rows, err) < 0 ||
                    give_submissions(&rows, fn, arg, &before, err) < 0)
                        return -1;
                left -= (int64_t)rows.n;
        } while (left > 0 && (int64_t)rows.n == want);
        return 0;
}

int submissions_since(struct tx *tx, int64_t after_id, int64_t max, submissions_fn *fn, void *arg,
                      struct err *err) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct rows rows;

        if (tx_exec(tx, SQL_SUBMISSION_SINCE, ARGS(V(after_id), V(max)), &arena, &rows, err) < 0)
                return -1;
        return give_submissions(&rows, fn, arg, &after_id, err);
}

int submissions_last(struct tx *tx, int64_t *ret, struct err *err) {
        bool any;

        return give_one(tx, SQL_SUBMISSION_LAST, NO_ARGS, &any, ret, err);
}

int attempts_each(struct tx *tx, int (*fn)(void *arg, const struct attempts *, struct err *),
                  void *arg, struct err *err) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct rows rows;

        if (tx_exec(tx, SQL_SUBMISSION_ATTEMPTS, NO_ARGS, &arena, &rows, err) < 0)
                return -1;
        for (size_t i = 0; i < rows.n; i++) {
                struct row row = row_of(&rows, i);
                struct attempts a;

                a.who = row_account(&row);
                a.challenge = row_int(&row);
                a.tenant = row_int(&row);
                a.n = row_int(&row);
                if (row_end(&row, "submission", err) < 0 || fn(arg, &a, err) < 0)
                        return -1;
        }
        return 0;
}

/* --- solves --- */

int solves_insert(struct tx *tx, const struct solve_row *s, bool *added, struct err *err) {
        int64_t seq;

        return give_one(tx, SQL_SOLVE_INSERT,
                        ARGS(V(account_kind_name(s->who.kind)), V(s->who.id), V(s->challenge),
                             V(s->tenant), V(s->user), V(s->submission), V(s->at_ms), V(s->seq)),
                        added, &seq, err);
}

int solves_delete(struct tx *tx, struct account who, int64_t challenge, int64_t *seq,
                  struct err *err) {
        bool any;

        return give_one(tx, SQL_SOLVE_DELETE,
                        ARGS(V(account_kind_name(who.kind)), V(who.id), V(challenge)), &any, seq,
                        err);
}

static int read_solve(const struct rows *rows, size_t i, struct solve_row *ret, struct err *err) {
        struct row row = row_of(rows, i);
        struct solve_row s;

        s.who = row_account(&row);
        s.challenge = row_int(&row);
        s.tenant = row_int(&row);
        s.user = row_int(&row);
        s.submission = row_int(&row);
        s.at_ms = row_int(&row);
        s.seq = row_int(&row);
        if (row_end(&row, "solve", err) < 0)
                return -1;
        *ret = s;
        return 0;
}

int solves_each(struct tx *tx, int (*fn)(void *arg, const struct solve_row *, struct err *),
                void *arg, struct err *err) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct solve_row s = { 0 };
        struct rows rows;

        do {
                arena_reset(&arena);
                if (tx_exec(tx, SQL_SOLVE_LIST, ARGS(V(s.seq), V(PAGE)), &arena, &rows, err) < 0)
                        return -1;
                for (size_t i = 0; i < rows.n; i++)
                        if (read_solve(&rows, i, &s, err) < 0 || fn(arg, &s, err) < 0)
                                return -1;
        } while (rows.n == PAGE);
        return 0;
}

/* --- hints --- */

int hints_insert(struct tx *tx, const struct hint_row *h, bool *added, struct err *err) {
        int64_t seq;

        return give_one(tx, SQL_HINT_INSERT,
                        ARGS(V(account_kind_name(h->who.kind)), V(h->who.id), V(h->challenge),
                             V(h->hint), V(h->tenant), V(h->user), V(h->cost), V(h->at_ms),
                             V(h->seq)),
                        added, &seq, err);
}

static int read_hint(const struct rows *rows, size_t i, struct hint_row *ret, struct err *err) {
        struct row row = row_of(rows, i);
        struct hint_row h;

        h.who = row_account(&row);
        h.challenge = row_int(&row);
        h.hint = row_int(&row);
        h.tenant = row_int(&row);
        h.user = row_int(&row);
        h.cost = row_int(&row);
        h.at_ms = row_int(&row);
        h.seq = row_int(&row);
        if (row_end(&row, "hint_unlock", err) < 0)
                return -1;
        *ret = h;
        return 0;
}

int hints_each(struct tx *tx, int (*fn)(void *arg, const struct hint_row *, struct err *),
               void *arg, struct err *err) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct hint_row h = { 0 };
        struct rows rows;

        do {
                arena_reset(&arena);
                if (tx_exec(tx, SQL_HINT_LIST, ARGS(V(h.seq), V(PAGE)), &arena, &rows, err) < 0)
                        return -1;
                for (size_t i = 0; i < rows.n; i++)
                        if (read_hint(&rows, i, &h, err) < 0 || fn(arg, &h, err) < 0)
                                return -1;
        } while (rows.n == PAGE);
        return 0;
}

/* --- awards --- */

int awards_insert(struct tx *tx, struct award_row *a, struct err *err) {
        return must_give(tx, SQL_AWARD_INSERT,
                         ARGS(V(a->tenant), V(account_kind_name(a->who.kind)), V(a->who.id),
                              V(a->value), V(a->reason), V(a->by), V(a->at_ms), V(a->seq)),
                         "award", &a->id, err);
}

static int read_award(const struct rows *rows, size_t i, struct award_row *ret, struct err *err) {
        struct row row = row_of(rows, i);
        struct award_row a = { 0 };

        a.id = row_int(&row);
        a.tenant = row_int(&row);
        a.who = row_account(&row);
        a.value = row_int(&row);
        row_text(&row, a.reason, sizeof(a.reason));
        a.by = row_int(&row);
        a.at_ms = row_int(&row);
        a.seq = row_int(&row);
        if (row_end(&row, "award", err) < 0)
                return -1;
        *ret = a;
        return 0;
}

int awards_get(struct tx *tx, int64_t id, struct award_row *ret, struct err *err) {
        struct rows rows;

        if (tx_exec(tx, SQL_AWARD_GET, ARGS(V(id)), tx_scratch(tx), &rows, err) < 0)
                return -1;
        if (rows.n == 0)
                return err_set(err, ERR_NOT_FOUND, "no such award");
        return read_award(&rows, 0, ret, err);
}

int awards_delete(struct tx *tx, int64_t id, struct err *err) {
        return must_give(tx, SQL_AWARD_DELETE, ARGS(V(id)), "award", &id, err);
}

int awards_each(struct tx *tx, int (*fn)(void *arg, const struct award_row *, struct err *),
                void *arg, struct err *err) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct award_row a = { 0 };
        struct rows rows;

        do {
                arena_reset(&arena);
                if (tx_exec(tx, SQL_AWARD_LIST, ARGS(V(a.id), V(PAGE)), &arena, &rows, err) < 0)
                        return -1;
                for (size_t i = 0; i < rows.n; i++)
                        if (read_award(&rows, i, &a, err) < 0 || fn(arg, &a, err) < 0)
                                return -1;
        } while (rows.n == PAGE);
        return 0;
}

/* --- announcements --- */

int announcements_insert(struct tx *tx, struct announcement *a, struct err *err) {
        return must_give(
                tx, SQL_ANNOUNCEMENT_INSERT,
                ARGS(V(a->tenant), V(a->title), V(a->text), V(a->by), V(a->at_ms), V(a->seq)),
                "announcement", &a->id, err);
}

int announcements_each(struct tx *tx, int64_t tenant, int64_t before_id, int64_t max,
                       int (*fn)(void *arg, const struct announcement *, struct err *), void *arg,
                       struct err *err) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct rows rows;

        if (tx_exec(tx, SQL_ANNOUNCEMENT_LIST,
                    ARGS(V(tenant), V(before_id ? before_id : INT64_MAX), V(max)), &arena, &rows,
                    err) < 0)
                return -1;
        for (size_t i = 0; i < rows.n; i++) {
                struct row row = row_of(&rows, i);
                struct announcement a;

                a.id = row_int(&row);
                a.tenant = row_int(&row);
                a.title = row_string(&row);
                a.text = row_string(&row);
                a.by = row_int(&row);
                a.at_ms = row_int(&row);
                a.seq = row_int(&row);
                if (row_end(&row, "announcement", err) < 0 || fn(arg, &a, err) < 0)
                        return -1;
        }
        return 0;
}

/* --- reset --- */

int games_reset(struct tx *tx, int64_t tenant, struct err *err) {
        static const enum sql statements[] = { SQL_SOLVE_FORGET,        SQL_SUBMISSION_FORGET,
                                               SQL_HINT_FORGET,         SQL_AWARD_FORGET,
                                               SQL_SUSPICION_FORGET,    SQL_HEALTH_FORGET,
                                               SQL_USER_FORGET_DISPLAYS };

        for (size_t i = 0; i < ARRAY_SIZE(statements); i++)
                if (tx_exec(tx, statements[i], ARGS(V(tenant)), NULL, NULL, err) < 0)
                        return -1;
        return 0;
}
