/* The log, its chain and its audit, held against the database in $STORE. */
#include "base/buf.h"
#include "store/fixture.h"

#define ROWS 30

struct log {
        struct db *db;
        struct world world;
        uint8_t public_key[SIGN_PUBLIC], secret[SIGN_SECRET];
};

static void append(struct tx *tx, struct chain *chain, const struct world *w, int i) {
        struct event e = event_of(w, (size_t)i % 2, i % 3 ? ACTION_EXTENDED : ACTION_CREATED);
        struct err err;

        e.at_ms = T0 + i;
        if (i % 5 == 0)
                snprintf(e.lease, sizeof(e.lease), "lease%d", i);
        if (i % 4 == 0)
                e.challenge = 77;
        CHECK_OK(events_append(tx, chain, &e, &err));
}

static void put_checkpoint(struct tx *tx, const struct chain *chain, const uint8_t *secret) {
        struct checkpoint c = { .seq = chain->seq, .at_ms = T0 + chain->seq };
        struct err err;

        memcpy(c.hash, chain->hash, sizeof(c.hash));
        checkpoint_sign(&c, secret);
        CHECK_OK(checkpoints_insert(tx, &c, &err));
}

static void log_done(struct log *l) { db_free(l->db); }

/* ROWS rows in batches of ten, with checkpoints after the 10th and the 20th. */
static struct log make_log(void) {
        struct log l = { .db = fresh() };
        struct chain chain;
        struct err err;

        l.world = make_world(l.db, 2);
        sign_keys(l.public_key, l.secret);
        for (int i = 0; i < ROWS; i += 10) {
                struct tx *tx = begin(l.db);

                CHECK_OK(chain_lock(tx, &chain, &err));
                for (int j = i + 1; j <= i + 10; j++)
                        append(tx, &chain, &l.world, j);
                if (i < 20)
                        put_checkpoint(tx, &chain, l.secret);
                CHECK_OK(chain_write(tx, &chain, &err));
                CHECK_OK(tx_notify(tx, &err));
                commit(tx);
        }
        return l;
}

static struct audit_report verify(struct log *l, const uint8_t *key) {
        _cleanup_(tx_endp) struct tx *tx = begin(l->db);
        struct audit_report r;
        struct err err;

        CHECK_OK(audit_verify(tx, key, &r, &err));
        return r;
}

static void run(struct log *l, const char *script) {
        struct err err;

        CHECK_OK(l->db->driver->script(l->db, script, &err));
}

/* After SCRIPT the audit names row SEQ, and says WHAT; the export, too. */
static void tampered(const char *script, int64_t seq, const char *what);

static int collect(void *arg, const char *line, size_t n) {
        CHECK(n > 1 && line[n - 1] == '\n');
        buf_add(arg, line, n);
        return 0;
}

static struct buf export(struct log *l) {
        _cleanup_(tx_endp) struct tx *tx = begin(l->db);
        struct buf b = { 0 };
        struct err err;

        CHECK_OK(audit_export(tx, collect, &b, &err));
        return b;
}

static void check_report(const struct audit_report *r, int64_t seq, const char *what) {
        if (r->good || r->first_bad_seq != seq || !strstr(r->what, what)) {
                fprintf(stderr, "expected row %lld, \"%s\"; got row %lld, \"%s\"\n", (long long)seq,
                        what, (long long)r->first_bad_seq, r->what);
                exit(1);
        }
}

static void tampered(const char *script, int64_t seq, const char *what) {
        _cleanup_(log_done) struct log l = make_log();
        struct audit_report r;
        struct err err;

        run(&l, script);
        r = verify(&l, l.public_key);
        check_report(&r, seq, what);
        _cleanup_buf_ struct buf b = export(&l);
        CHECK_OK(audit_verify_export(b.data, b.len, l.public_key, &r, &err));
        check_report(&r, seq, what);
}

TEST(an_untouched_log_verifies) {
        _cleanup_(log_done) struct log l = make_log();
        struct audit_report r = verify(&l, l.public_key);
        struct err err;

        CHECK(r.good && r.rows == ROWS && r.checkpoints == 2 && r.unsigned_rows == 10);
        CHECK(!r.keys_unknown);
        r = verify(&l, NULL);
        CHECK(r.good && r.keys_unknown);
        _cleanup_buf_ struct buf b = export(&l);
        CHECK_OK(audit_verify_export(b.data, b.len, l.public_key, &r, &err));
        CHECK(r.good && r.rows == ROWS && r.checkpoints == 2 && r.unsigned_rows == 10);
}

TEST(an_empty_log_verifies) {
        _cleanup_(log_done) struct log l = { .db = fresh() };
        struct audit_report r = verify(&l, NULL);

        CHECK(r.good && r.rows == 0 && r.unsigned_rows == 0);
}

TEST(a_changed_row_is_named) {
        tampered("UPDATE event SET detail = '{\"n\":9}' WHERE seq = 17", 17, "row 17 was changed");
        tampered("UPDATE event SET at_ms = at_ms + 1 WHERE seq = 1", 1, "row 1 was changed");
        tampered("UPDATE event SET actor_id = 99 WHERE seq = 30", 30, "row 30 was changed");
        tampered("UPDATE event SET action = 'exploded' WHERE seq = 12", 12, "cannot be read");
        tampered("UPDATE event SET hash = 'x' WHERE seq = 12", 12, "cannot be read");
        tampered("UPDATE event SET lease_id = 'this lease has a very long id' WHERE seq = 3", 3,
                 "cannot be read");
}

TEST(a_removed_row_is_named) {
        tampered("DELETE FROM event WHERE seq = 17", 17, "row 17 is missing");
        tampered("DELETE FROM event WHERE seq BETWEEN 20 AND 22", 20, "rows 20 to 22 are missing");
        tampered("DELETE FROM event WHERE seq = 1", 1, "row 1 is missing");
        tampered("DELETE FROM event WHERE seq > 28", 29, "rows 29 to 30 are missing");
        tampered("DELETE FROM event", 1, "rows 1 to 30 are missing");
}

TEST(an_added_row_is_named) {
        tampered("INSERT INTO event SELECT 31, at_ms, tenant_id, action, actor_kind, actor_id, "
                 "account_kind, account_id, challenge_id, lease_id, request_id, detail, hash "
                 "FROM event WHERE seq = 30",
                 31, "row 31 was");
        /* Put in between: what followed moves on by one. */
        tampered("UPDATE event SET seq = seq + 1000 WHERE seq > 16;"
                 "UPDATE event SET seq = seq - 999 WHERE seq > 1000;"
                 "INSERT INTO event SELECT 17, at_ms, tenant_id, action, actor_kind, actor_id, "
                 "account_kind, account_id, challenge_id, lease_id, request_id, detail, hash "
                 "FROM event WHERE seq = 16;"
                 "UPDATE chain SET seq = 31",
                 17, "row 17 was changed");
}

TEST(a_changed_head_is_named) {
        tampered("UPDATE chain SET seq = 29", 30, "row 30 was added past the end");
        tampered("UPDATE chain SET seq = 33", 31, "rows 31 to 33 are missing");
        tampered("UPDATE chain SET hash = (SELECT hash FROM event WHERE seq = 2)", 30,
                 "row 30 was forged");
}

TEST(a_changed_checkpoint_is_named) {
        tampered("UPDATE checkpoint SET at_ms = 5 WHERE seq = 10", 10,
                 "the checkpoint of row 10 was forged");
        tampered("UPDATE checkpoint SET signature = 'x' WHERE seq = 20", 20, "forged");
        tampered("DELETE FROM event WHERE seq > 15; UPDATE chain SET seq = 15,"
                 " hash = (SELECT hash FROM event WHERE seq = 15)",
                 16, "rows 16 to 20 are missing");
}

/* Who writes the database can seal a new chain from row FROM on, but not sign it. */
static void forge(struct log *l, int64_t from) {
        struct tx *tx = begin(l->db);
        struct chain chain = { 0 };
        struct event e;
        struct err err;

        for (int64_t seq = 1; seq <= ROWS; seq++) {
                _cleanup_arena_ struct arena arena = { 0 };
                char hash[2 * SHA256_SIZE + 1];
                char *script;

                e = event_of(&l->world, (size_t)seq % 2,
                             seq % 3 ? ACTION_EXTENDED : ACTION_CREATED);
                e.seq = seq;
                e.at_ms = T0 + seq + (seq == from);
                if (seq % 5 == 0)
                        snprintf(e.lease, sizeof(e.lease), "lease%d", (int)seq);
                if (seq % 4 == 0)
                        e.challenge = 77;
                event_seal(&e, chain.hash);
                memcpy(chain.hash, e.hash, sizeof(e.hash));
                hex_encode(e.hash, sizeof(e.hash), hash);
                script = arena_printf(&arena,
                                      "UPDATE event SET at_ms = %lld, hash = '%s' WHERE seq = %lld",
                                      (long long)e.at_ms, hash, (long long)seq);
                CHECK_OK(l->db->driver->script(l->db, script, &err));
        }
        chain.seq = ROWS;
        CHECK_OK(chain_write(tx, &chain, &err));
        commit(tx);
}

TEST(a_chain_sealed_anew_betrays_itself_at_the_next_checkpoint) {
        _cleanup_(log_done) struct log l = make_log();
        struct audit_report r;

        forge(&l, 0); /* changes nothing: the forger's chain is the right one */
        CHECK(verify(&l, l.public_key).good);
        forge(&l, 14);
        r = verify(&l, l.public_key);
        check_report(&r, 11, "rows 11 to 20 were forged");
}

TEST(a_forgers_own_key_is_not_ours) {
        _cleanup_(log_done) struct log l = make_log();
        uint8_t public[SIGN_PUBLIC], secret[SIGN_SECRET];
        struct chain chain;
        struct audit_report r;
        struct err err;

        sign_keys(public, secret);
        forge(&l, 14);
        run(&l, "DELETE FROM checkpoint WHERE seq > 10");
        struct tx *tx = begin(l.db);
        CHECK_OK(chain_lock(tx, &chain, &err));
        put_checkpoint(tx, &chain, secret);
        commit(tx);
        r = verify(&l, l.public_key);
        check_report(&r, 30, "the checkpoint of row 30 was forged");
        CHECK(verify(&l, NULL).keys_unknown);
}

TEST(removed_checkpoints_are_missed) {
        _cleanup_(log_done) struct log l = { .db = fresh() };
        struct tx *tx;
        struct chain chain;
        struct audit_report r;
        struct err err;

        l.world = make_world(l.db, 2);
        tx = begin(l.db);
        CHECK_OK(chain_lock(tx, &chain, &err));
        for (int i = 1; i <= CHECKPOINT_ROWS_MAX; i++)
                append(tx, &chain, &l.world, i);
        CHECK_OK(chain_write(tx, &chain, &err));
        commit(tx);
        CHECK(verify(&l, NULL).good);
        tx = begin(l.db);
        CHECK_OK(chain_lock(tx, &chain, &err));
        append(tx, &chain, &l.world, 1);
        CHECK_OK(chain_write(tx, &chain, &err));
        commit(tx);
        r = verify(&l, NULL);
        check_report(&r, 1, "have no checkpoint");
}

TEST(a_damaged_export_is_told) {
        _cleanup_(log_done) struct log l = make_log();
        _cleanup_buf_ struct buf b = export(&l);
        char *line = strstr(b.data, "\"seq\":18,");
        struct audit_report r;
        struct err err;

        CHECK(line);
        /* Cut off. */
        CHECK_OK(audit_verify_export(b.data, (size_t)(line - b.data) - 16, l.public_key, &r, &err));
        check_report(&r, 18, "row 17");
        CHECK_OK(audit_verify_export(b.data, b.len - 20, l.public_key, &r, &err));
        CHECK(!r.good);
        /* More after the end. */
        buf_str(&b, "{}\n");
        CHECK_OK(audit_verify_export(b.data, b.len, l.public_key, &r, &err));
        check_report(&r, 31, "added after the end");
        /* One byte. */
        line = strstr(b.data, "\"seq\":18,");
        line[strlen("\"seq\":")] = 'x';
        CHECK_OK(audit_verify_export(b.data, b.len, l.public_key, &r, &err));
        check_report(&r, 18, "cannot be read");
        CHECK(audit_verify_export("", 0, NULL, &r, &err) < 0 && err.kind == ERR_INVALID);
}

/* Reading the log */

struct seqs {
        int n;
        int64_t first, last;
};

static int note(void *arg, const struct event *e, _unused_ struct err *err) {
        struct seqs *s = arg;

        if (s->n++ == 0)
                s->first = e->seq;
        s->last = e->seq;
        return 0;
}

static struct seqs list(struct log *l, struct event_filter f) {
        _cleanup_(tx_endp) struct tx *tx = begin(l->db);
        struct seqs s = { 0 };
        struct err err;

        CHECK_OK(events_each(tx, &f, note, &s, &err));
        return s;
}

#define LIST(...) list(&l, (struct event_filter){ __VA_ARGS__ })

TEST(events_are_filtered) {
        _cleanup_(log_done) struct log l = make_log();
        struct account one = { ACCOUNT_USER, l.world.users[1].id };
        struct seqs s;

        s = LIST(.action = -1);
        CHECK(s.n == ROWS && s.first == 1 && s.last == ROWS);
        s = LIST(.action = -1, .newest_first = true, .max = 3);
        CHECK(s.n == 3 && s.first == 30 && s.last == 28);
        s = LIST(.action = ACTION_CREATED);
        CHECK(s.n == 10 && s.first == 3);
        s = LIST(.action = -1, .account = one, .after_seq = 10, .before_seq = 20);
        CHECK(s.n == 5 && s.first == 11 && s.last == 19);
        s = LIST(.action = -1, .account = one, .newest_first = true, .max = 2);
        CHECK(s.n == 2 && s.first == 29 && s.last == 27);
        s = LIST(.action = -1, .lease = "lease25");
        CHECK(s.n == 1 && s.first == 25);
        s = LIST(.action = -1, .lease = "lease25", .account = { ACCOUNT_USER, 9999 });
        CHECK(s.n == 0);
        s = LIST(.action = -1, .lease = "01HZZZZZZZZZZZZZZZZZ", .newest_first = true);
        CHECK(s.n == 24 && s.first == 29);
        s = LIST(.action = -1, .challenge = 77);
        CHECK(s.n == 7 && s.first == 4);
        s = LIST(.action = -1, .from_ms = T0 + 5, .to_ms = T0 + 8);
        CHECK(s.n == 3 && s.first == 5);
        s = LIST(.action = -1, .tenant = l.world.tenant.id + 1);
        CHECK(s.n == 0);
        s = LIST(.action = -1, .tenant = INT64_MAX, .challenge = INT64_MAX);
        CHECK(s.n == 0);
}

TEST(a_long_log_is_read_in_pages) {
        _cleanup_(log_done) struct log l = { .db = fresh() };
        struct tx *tx;
        struct chain chain;
        struct seqs s;
        struct err err;

        l.world = make_world(l.db, 2);
        tx = begin(l.db);
        CHECK_OK(chain_lock(tx, &chain, &err));
        for (int i = 1; i <= 600; i++)
                append(tx, &chain, &l.world, i);
        CHECK_OK(chain_write(tx, &chain, &err));
        commit(tx);
        s = LIST(.action = -1);
        CHECK(s.n == 600 && s.last == 600);
        s = LIST(.action = -1, .newest_first = true);
        CHECK(s.n == 600 && s.last == 1);
        s = LIST(.action = -1, .max = 512);
        CHECK(s.n == 512 && s.last == 512);
}

TEST(what_a_live_stream_tells_of) {
        _cleanup_(log_done) struct log l = make_log();
        int64_t tenant = l.world.tenant.id;
        struct chain chain;
        struct tx *tx = begin(l.db);
        struct seqs s;
        struct err err;

        CHECK_OK(chain_lock(tx, &chain, &err));
        for (int i = 0; i < 40; i++) {
                struct event e = event_of(&l.world, 0, i % 4 ? ACTION_SUBMITTED : ACTION_SOLVED);

                if (i % 8 == 4)
                        e.tenant++; /* another one's */
                CHECK_OK(events_append(tx, &chain, &e, &err));
        }
        CHECK_OK(chain_write(tx, &chain, &err));
        commit(tx);
        s = LIST(.action = -1, .live = true, .tenant = tenant);
        CHECK(s.n == 5 && s.first == 31 && s.last == 63);
        s = LIST(.action = -1, .live = true, .tenant = tenant, .after_seq = 31, .before_seq = 63);
        CHECK(s.n == 3 && s.first == 39 && s.last == 55);
        s = LIST(.action = -1, .live = true, .tenant = tenant, .newest_first = true, .max = 2);
        CHECK(s.n == 2 && s.first == 63 && s.last == 55);
        s = LIST(.action = ACTION_GAME_RESET, .live = true, .tenant = tenant);
        CHECK(s.n == 0);
        s = LIST(.action = -1, .live = true, .tenant = tenant + 1);
        CHECK(s.n == 5 && s.first == 35);
}

TEST(the_last_checkpoint_is_the_newest) {
        _cleanup_(log_done) struct log l = make_log();
        _cleanup_(tx_endp) struct tx *tx = begin(l.db);
        struct checkpoint c;
        struct err err;

        CHECK_OK(checkpoints_last(tx, &c, &err));
        CHECK(c.seq == 20 && checkpoint_valid(&c, l.public_key));
}

TEST(without_a_checkpoint_there_is_no_last) {
        _cleanup_(db_freep) struct db *db = fresh();
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        struct checkpoint c;
        struct err err;

        CHECK(checkpoints_last(tx, &c, &err) < 0 && err.kind == ERR_NOT_FOUND);
}
