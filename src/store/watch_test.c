/* What store/suspicions.h and store/health.h promise, held against the database in $STORE. */
#include "store/fixture.h"
#include "store/game.h"
#include "store/health.h"
#include "store/suspicions.h"

static const struct account ann = { ACCOUNT_USER, 5 }, bob = { ACCOUNT_USER, 7 },
                            red = { ACCOUNT_TEAM, 5 };

static struct suspicion put(struct tx *tx, const struct world *w, struct account a,
                            struct account b, int64_t certainty) {
        struct suspicion s = suspicion_of(w->tenant.id, w->challenge, a, b);
        struct err err;

        s.certainty = certainty;
        s.at_ms = T0;
        suspicion_add(&s, SIGNAL_SAME_ADDRESS, a, 1, 2, T0);
        CHECK_OK(suspicions_insert(tx, &s, &err));
        return s;
}

TEST(a_suspicion_is_kept_raised_and_reviewed) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct world w = make_world(db, 0);
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        struct suspicion s = put(tx, &w, bob, ann, 80), got;
        struct err err;

        CHECK_OK(suspicions_find(tx, &s, &got, &err));
        CHECK(got.id == s.id && account_equal(got.one, ann) && account_equal(got.other, bob));
        CHECK(got.certainty == 80 && got.n_evidence == 1 && got.evidence[0].one == 2);
        CHECK(got.verdict == SUSPICION_PENDING && got.reviewed_ms == 0 && got.at_ms == T0);
        suspicion_add(&s, SIGNAL_SHARED_FLAG, ann, 3, 0, T0 + 1);
        s.certainty = 100;
        CHECK_OK(suspicions_raise(tx, &s, &err));
        s.verdict = SUSPICION_CONFIRMED;
        s.reviewer = 4;
        s.reviewed_ms = T0 + 2;
        s.review_seq = 17;
        snprintf(s.notes, sizeof(s.notes), "they said \"so\"");
        CHECK_OK(suspicions_review(tx, &s, &err));
        CHECK_OK(suspicions_get(tx, s.id, &got, &err));
        CHECK(got.certainty == 100 && got.n_evidence == 2 && got.verdict == SUSPICION_CONFIRMED);
        CHECK(got.reviewer == 4 && got.reviewed_ms == T0 + 2 && got.review_seq == 17);
        CHECK_STR(got.notes, s.notes);
}

TEST(a_pair_has_one_suspicion_of_a_challenge) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct world w = make_world(db, 0);
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        struct suspicion s = put(tx, &w, ann, bob, 80), other;
        struct err err;

        put(tx, &w, red, ann, 80); /* a team with a user's number is another */
        CHECK_OK(tx_savepoint(tx, &err));
        CHECK(suspicions_insert(tx, &s, &err) < 0 && err.kind == ERR_CONFLICT);
        CHECK_OK(tx_rollback(tx, &err));
        other = suspicion_of(w.tenant.id, w.challenge, red, bob);
        CHECK(suspicions_find(tx, &other, &s, &err) < 0 && err.kind == ERR_NOT_FOUND);
        CHECK(suspicions_get(tx, INT64_MAX, &s, &err) < 0 && err.kind == ERR_NOT_FOUND);
}

struct found {
        int64_t ids[200];
        size_t n;
};

static int add(void *arg, const struct suspicion *s, _unused_ struct err *err) {
        struct found *f = arg;

        f->ids[f->n++] = s->id;
        return 0;
}

static struct found find(struct tx *tx, const struct world *w, struct suspicion_filter f) {
        struct found found = { 0 };
        struct err err;

        f.tenant = f.tenant ? f.tenant : w->tenant.id;
        f.max = f.max ? f.max : 200;
        CHECK_OK(suspicions_each(tx, &f, add, &found, &err));
        return found;
}

#define ANY .verdict = -1, .risk = -1

TEST(suspicions_are_found_by_what_they_are) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct world w = make_world(db, 0);
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        int64_t low = put(tx, &w, ann, bob, 40).id, medium = put(tx, &w, ann, red, 50).id,
                high = put(tx, &w, bob, red, 75).id, by_risk[] = { low, medium, high };
        struct found f = find(tx, &w, (struct suspicion_filter){ ANY });

        CHECK(f.n == 3 && f.ids[0] == high && f.ids[1] == medium && f.ids[2] == low);
        f = find(tx, &w, (struct suspicion_filter){ ANY, .before_id = high, .max = 1 });
        CHECK(f.n == 1 && f.ids[0] == medium);
        f = find(tx, &w, (struct suspicion_filter){ ANY, .account = red });
        CHECK(f.n == 2 && f.ids[0] == high && f.ids[1] == medium);
        for (int r = RISK_LOW; r <= RISK_HIGH; r++) {
                f = find(tx, &w, (struct suspicion_filter){ .verdict = -1, .risk = r });
                CHECK(f.n == 1 && f.ids[0] == by_risk[r]);
        }
        f = find(tx, &w, (struct suspicion_filter){ .verdict = SUSPICION_INNOCENT, .risk = -1 });
        CHECK(f.n == 0);
        f = find(tx, &w, (struct suspicion_filter){ ANY, .challenge = w.challenge + 1 });
        CHECK(f.n == 0);
        f = find(tx, &w, (struct suspicion_filter){ ANY, .tenant = w.tenant.id + 1 });
        CHECK(f.n == 0);
}

TEST(a_walk_over_many_suspicions_gives_each_once) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct world w = make_world(db, 0);
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        struct found f;

        for (int64_t i = 0; i < 130; i++)
                put(tx, &w, ann, (struct account){ ACCOUNT_USER, 100 + i }, 80);
        f = find(tx, &w, (struct suspicion_filter){ ANY });
        CHECK(f.n == 130);
        for (size_t i = 1; i < f.n; i++)
                CHECK(f.ids[i] < f.ids[i - 1]);
}

TEST(only_the_innocent_are_forgotten) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct world w = make_world(db, 0);
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        struct suspicion old = put(tx, &w, ann, bob, 80), recent = put(tx, &w, ann, red, 80),
                         guilty = put(tx, &w, bob, red, 80);
        struct found f;
        struct err err;

        old.verdict = recent.verdict = SUSPICION_INNOCENT;
        guilty.verdict = SUSPICION_CONFIRMED;
        old.reviewed_ms = guilty.reviewed_ms = T0;
        recent.reviewed_ms = T0 + 1;
        CHECK_OK(suspicions_review(tx, &old, &err));
        CHECK_OK(suspicions_review(tx, &recent, &err));
        CHECK_OK(suspicions_review(tx, &guilty, &err));
        CHECK_OK(suspicions_purge(tx, T0 + 1, &err));
        f = find(tx, &w, (struct suspicion_filter){ ANY });
        CHECK(f.n == 2 && f.ids[0] == guilty.id && f.ids[1] == recent.id);
}

/* --- health --- */

struct history {
        struct health all[16];
        size_t n;
};

static int note(void *arg, const struct health *h, _unused_ struct err *err) {
        struct history *all = arg;

        all->all[all->n++] = *h;
        return 0;
}

static struct health snapshot(const struct world *w, int64_t at_ms, int64_t score) {
        return (struct health){ .challenge = w->challenge,
                                .tenant = w->tenant.id,
                                .at_ms = at_ms,
                                .attempts = 1,
                                .solves = 2,
                                .recent_attempts = 3,
                                .recent_solves = 4,
                                .starts = 5,
                                .failed_starts = 6,
                                .failed_probes = 7,
                                .lost = 8,
                                .score = score };
}

TEST(snapshots_are_kept_and_forgotten_when_old) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct world w = make_world(db, 0);
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        struct health one = snapshot(&w, T0, 10), two = snapshot(&w, T0 + 1, 20),
                      again = snapshot(&w, T0, 99);
        struct history h = { 0 };
        struct err err;

        CHECK_OK(healths_insert(tx, &one, &err));
        CHECK_OK(healths_insert(tx, &two, &err));
        CHECK_OK(healths_insert(tx, &again, &err));
        CHECK_OK(healths_each(tx, w.challenge, 10, note, &h, &err));
        CHECK(h.n == 2 && memcmp(&h.all[0], &two, sizeof(two)) == 0);
        CHECK(memcmp(&h.all[1], &one, sizeof(one)) == 0);
        h.n = 0;
        CHECK_OK(healths_each(tx, w.challenge, 1, note, &h, &err));
        CHECK(h.n == 1);
        CHECK_OK(healths_each_latest(tx, note, &h, &err));
        CHECK(h.n == 2 && h.all[1].score == 20);
        CHECK_OK(healths_purge(tx, T0 + 1, &err));
        h.n = 0;
        CHECK_OK(healths_each(tx, w.challenge, 10, note, &h, &err));
        CHECK(h.n == 1 && h.all[0].at_ms == T0 + 1);
}

/* --- a reset --- */

TEST(a_reset_forgets_suspicions_and_snapshots) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct world w = make_world(db, 0);
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        struct health one = snapshot(&w, T0, 10);
        struct history h = { 0 };
        struct err err;

        put(tx, &w, ann, bob, 80);
        CHECK_OK(healths_insert(tx, &one, &err));
        CHECK_OK(games_reset(tx, w.tenant.id, &err));
        CHECK(find(tx, &w, (struct suspicion_filter){ ANY }).n == 0);
        CHECK_OK(healths_each(tx, w.challenge, 10, note, &h, &err));
        CHECK(h.n == 0);
}

/* --- what the log and the leases are asked --- */

TEST(the_log_tells_where_a_moment_is) {
        _cleanup_(db_freep) struct db *db = fresh();
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        struct chain chain;
        struct err err;
        int64_t seq = 99;

        CHECK_OK(events_seq_before(tx, T0, &seq, &err));
        CHECK(seq == 0);
        CHECK_OK(chain_lock(tx, &chain, &err));
        for (int64_t i = 0; i < 37; i++) {
                struct event e = { .at_ms = T0 + i / 2 * 10, .detail = "{}" };

                CHECK_OK(events_append(tx, &chain, &e, &err));
        }
        CHECK_OK(chain_write(tx, &chain, &err));
        for (int64_t ms = T0 - 5; ms < T0 + 200; ms++) {
                int64_t want = 0;

                for (int64_t i = 0; i < 37; i++)
                        want += T0 + i / 2 * 10 < ms;
                CHECK_OK(events_seq_before(tx, ms, &seq, &err));
                CHECK(seq == want);
        }
}

TEST(what_became_of_leases_is_counted) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct world w = make_world(db, 3);
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        struct lease ran = lease_of(&w, 0, LEASE_RUNNING), failed = lease_of(&w, 1, LEASE_STOPPING),
                     lost = lease_of(&w, 2, LEASE_STOPPING);
        struct lease_outcomes o;
        struct err err;

        ran.running_ms = lost.running_ms = T0;
        failed.running_ms = 0;
        failed.reason = REASON_FAILED_CREATE;
        lost.reason = REASON_LOST;
        CHECK_OK(leases_insert(tx, &ran, &err));
        CHECK_OK(leases_insert(tx, &failed, &err));
        CHECK_OK(leases_insert(tx, &lost, &err));
        CHECK_OK(leases_outcomes(tx, w.challenge, &o, &err));
        CHECK(o.leases == 3 && o.started == 2 && o.failed == 1 && o.lost == 1);
        CHECK_OK(leases_outcomes(tx, w.challenge + 1, &o, &err));
        CHECK(o.leases == 0 && o.started == 0 && o.failed == 0 && o.lost == 0);
}

TEST(the_last_submission_is_known) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct world w = make_world(db, 1);
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        struct submission s = { .tenant = w.tenant.id,
                                .who = { ACCOUNT_USER, w.users[0].id },
                                .user = w.users[0].id,
                                .challenge = w.challenge,
                                .box = "" };
        struct err err;
        int64_t last = 99;

        CHECK_OK(submissions_last(tx, &last, &err));
        CHECK(last == 0);
        CHECK_OK(submissions_insert(tx, &s, &err));
        CHECK_OK(submissions_last(tx, &last, &err));
        CHECK(last == s.id);
}
