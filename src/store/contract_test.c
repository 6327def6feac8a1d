/* What the headers of store/ promise, held against the database in $STORE. */
#include "store/fixture.h"

TEST(every_statement_is_understood) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct err err;

        for (int i = 0; i < _SQL_N; i++)
                if (db_prepare(db, (enum sql)i, &err) < 0) {
                        fprintf(stderr, "%s: %s\n", sql_name[i], err.msg);
                        exit(1);
                }
}

TEST(a_url_without_a_driver_is_refused_and_not_repeated) {
        struct err err;
        struct db *db;

        CHECK(db_open("mysql://root:hunter2@db/berth", &db, &err) < 0);
        CHECK(err.kind == ERR_INVALID && strstr(err.msg, "mysql") && !strstr(err.msg, "hunter2"));
}

/* Transactions */

static int count_user(void *arg, _unused_ const struct user *u, _unused_ struct err *err) {
        ++*(int *)arg;
        return 0;
}

static int count_users(struct db *db) {
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        struct err err;
        int n = 0;

        CHECK_OK(users_each(tx, count_user, &n, &err));
        return n;
}

TEST(what_is_not_committed_is_rolled_back) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct world w = make_world(db, 1);
        struct user u = { .tenant = w.tenant.id, .name = "player2", .created_ms = T0 };
        struct err err;

        {
                _cleanup_(tx_endp) struct tx *tx = begin(db);

                CHECK_OK(users_insert(tx, &u, "", &err));
        }
        CHECK(count_users(db) == 1);
}

TEST(a_savepoint_undoes_a_failed_command_and_the_batch_goes_on) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct world w = make_world(db, 1);
        struct user two = { .tenant = w.tenant.id, .name = "player2" }, again = two,
                    three = { .tenant = w.tenant.id, .name = "player3" },
                    four = { .tenant = w.tenant.id, .name = "player4" };
        struct tx *tx = begin(db);
        struct err err;

        CHECK_OK(tx_savepoint(tx, &err));
        CHECK_OK(users_insert(tx, &two, "", &err));
        CHECK_OK(tx_release(tx, &err));

        CHECK_OK(tx_savepoint(tx, &err));
        CHECK_OK(users_insert(tx, &four, "", &err));
        CHECK(users_insert(tx, &again, "", &err) < 0);
        CHECK(err.kind == ERR_CONFLICT);
        CHECK(users_insert(tx, &three, "", &err) < 0); /* not before the rollback */
        CHECK(err.kind == ERR_UNAVAILABLE);
        CHECK_OK(tx_rollback(tx, &err));

        CHECK_OK(tx_savepoint(tx, &err));
        CHECK_OK(users_insert(tx, &three, "", &err));
        CHECK_OK(tx_release(tx, &err));
        commit(tx);
        CHECK(count_users(db) == 3);
        tx = begin(db);
        CHECK_OK(users_get(tx, three.id, &four, &err)); /* its id may have been the fourth's */
        CHECK_STR(four.name, "player3");
        tx_end(tx);
}

TEST(a_failed_statement_that_nothing_undid_spoils_the_commit) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct world w = make_world(db, 1);
        struct user two = { .tenant = w.tenant.id, .name = "player2" }, again = two;
        struct tx *tx = begin(db);
        struct err err;

        CHECK_OK(users_insert(tx, &two, "", &err));
        CHECK(users_insert(tx, &again, "", &err) < 0);
        CHECK(tx_commit(&tx, &err) < 0);
        CHECK(!tx && !db_in_doubt(db));
        CHECK(count_users(db) == 1);
}

/* Accounts */

static int count_call(void *arg, _unused_ const void *row, _unused_ struct err *err) {
        ++*(int *)arg;
        return 0;
}
static int last_tenant(void *arg, const struct tenant *t, _unused_ struct err *err) {
        *(struct tenant *)arg = *t;
        return 0;
}
static int last_team(void *arg, const struct team *t, _unused_ struct err *err) {
        *(struct team *)arg = *t;
        return 0;
}
static int count_token(void *arg, const struct token *t, struct err *err) {
        return count_call(arg, t, err);
}

/* Users come by id. */
struct order {
        int n;
        int64_t last;
};
static int order_user(void *arg, const struct user *u, _unused_ struct err *err) {
        struct order *o = arg;

        CHECK(u->id > o->last);
        o->last = u->id;
        o->n++;
        return 0;
}

TEST(accounts_are_kept) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct world w = make_world(db, 0);
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        struct team red = { .tenant = w.tenant.id,
                            .name = "red \"team\" \xc3\xa9",
                            .created_ms = T0 };
        struct user u = { .tenant = w.tenant.id, .name = "O'Neill", .role = ROLE_ORGANISER }, got;
        struct tenant other = { .slug = "other", .team_mode = true, .max_leases = 7 }, tenant;
        struct team team = { 0 };
        struct err err;

        CHECK_OK(teams_insert(tx, &red, &err));
        CHECK_OK(teams_each(tx, last_team, &team, &err));
        CHECK(team.id == red.id && team.tenant == w.tenant.id && team.created_ms == T0);
        CHECK_STR(team.name, red.name);
        u.team = red.id;
        CHECK_OK(users_insert(tx, &u, "", &err));
        CHECK_OK(users_get(tx, u.id, &got, &err));
        CHECK(got.role == ROLE_ORGANISER && got.team == red.id);
        CHECK_STR(got.name, "O'Neill");
        u.team = 0;
        u.role = ROLE_ADMIN;
        CHECK_OK(users_update(tx, &u, &err));
        CHECK_OK(users_get(tx, u.id, &got, &err));
        CHECK(got.id == u.id && got.team == 0 && got.role == ROLE_ADMIN);
        CHECK_OK(tenants_each(tx, last_tenant, &tenant, &err));
        CHECK(tenant.id == w.tenant.id && !tenant.team_mode && tenant.max_per_account == 3);
        CHECK_OK(tenants_insert(tx, &other, &err));
        CHECK_OK(tenants_each(tx, last_tenant, &tenant, &err));
        CHECK(tenant.id == other.id && tenant.team_mode && tenant.max_leases == 7);
}

TEST(a_walk_over_many_users_gives_each_once) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct world w = make_world(db, 0);
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        struct order order = { 0 };
        struct err err;

        for (int i = 0; i < 512; i++) {
                struct user u = { .tenant = w.tenant.id };

                snprintf(u.name, sizeof(u.name), "u%d", i);
                CHECK_OK(users_insert(tx, &u, "", &err));
        }
        CHECK_OK(users_each(tx, order_user, &order, &err));
        CHECK(order.n == 512);
}

static int refuse(_unused_ void *arg, _unused_ const struct user *u, struct err *err) {
        return err_set(err, ERR_GONE, "enough");
}

TEST(a_walk_stops_at_the_first_refusal) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct err err;

        make_world(db, 2);
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        CHECK(users_each(tx, refuse, NULL, &err) < 0);
        CHECK(err.kind == ERR_GONE);
        CHECK_OK(users_each(tx, order_user, &(struct order){ 0 }, &err));
}

TEST(names_are_taken_once_per_tenant) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct world w = make_world(db, 1);
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        struct tenant other = { .slug = "other", .name = "Other" };
        struct user same = w.users[0];
        struct err err;

        CHECK_OK(tenants_insert(tx, &other, &err));
        same.tenant = other.id;
        CHECK_OK(users_insert(tx, &same, "", &err));
        CHECK(same.id != w.users[0].id);
        CHECK_OK(tx_savepoint(tx, &err));
        CHECK(tenants_insert(tx, &other, &err) < 0);
        CHECK(err.kind == ERR_CONFLICT);
        CHECK_OK(tx_rollback(tx, &err));
}

TEST(nothing_points_into_another_tenant) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct world w = make_world(db, 1);
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        struct tenant other = { .slug = "other", .name = "Other" };
        struct team team;
        struct user u = { .tenant = w.tenant.id, .name = "spy" };
        struct token token = { .user = w.users[0].id, .label = "x" };
        struct lease lease = lease_of(&w, 0, LEASE_STARTING);
        struct err err;

        CHECK_OK(tenants_insert(tx, &other, &err));
        team = (struct team){ .tenant = other.id, .name = "red" };
        CHECK_OK(teams_insert(tx, &team, &err));
        u.team = team.id;
        token.tenant = lease.tenant = other.id;
        CHECK_OK(tx_savepoint(tx, &err));
        CHECK(users_insert(tx, &u, "", &err) < 0 && err.kind == ERR_CONFLICT);
        CHECK_OK(tx_rollback(tx, &err));
        CHECK_OK(tx_savepoint(tx, &err));
        CHECK(tokens_insert(tx, &token, &err) < 0 && err.kind == ERR_CONFLICT);
        CHECK_OK(tx_rollback(tx, &err));
        CHECK_OK(tx_savepoint(tx, &err));
        CHECK(leases_insert(tx, &lease, &err) < 0 && err.kind == ERR_CONFLICT);
        CHECK_OK(tx_rollback(tx, &err));
}

TEST(what_is_absent_is_not_found) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct world w = make_world(db, 1);
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        struct user user = { .id = INT64_MAX, .name = "x" };
        struct token token;
        struct lease lease;
        struct policy policy;
        struct err err;

#define ABSENT(call) CHECK((call) < 0 && err.kind == ERR_NOT_FOUND)
        ABSENT(users_update(tx, &user, &err));
        ABSENT(users_get(tx, INT64_MAX, &user, &err));
        ABSENT(tokens_get(tx, INT64_MIN, &token, &err));
        ABSENT(tokens_revoke(tx, INT64_MAX, T0, &err));
        ABSENT(challenges_hide(tx, INT64_MAX, &err));
        ABSENT(policies_get(tx, w.tenant.id, INT64_MAX, &policy, &err));
        ABSENT(leases_get(tx, "nope", &lease, &err));
        ABSENT(leases_get_live(tx, (struct account){ ACCOUNT_TEAM, INT64_MAX }, 1, &lease, &err));
#undef ABSENT
}

TEST(a_token_is_revoked_once) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct world w = make_world(db, 1);
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        struct token t = { .tenant = w.tenant.id,
                           .user = w.users[0].id,
                           .label = "laptop",
                           .created_ms = T0,
                           .expires_ms = T0 + 5 },
                     got;
        struct err err;
        int n = 0;

        memset(t.digest, 0xab, sizeof(t.digest));
        CHECK_OK(tokens_insert(tx, &t, &err));
        CHECK_OK(tokens_revoke(tx, t.id, T0 + 1, &err));
        CHECK_OK(tokens_revoke(tx, t.id, T0 + 2, &err));
        CHECK_OK(tokens_get(tx, t.id, &got, &err));
        CHECK(got.revoked_ms == T0 + 1 && got.expires_ms == T0 + 5 && got.user == t.user);
        CHECK(memcmp(got.digest, t.digest, sizeof(t.digest)) == 0);
        CHECK_OK(tokens_each(tx, count_token, &n, &err));
        CHECK(n == 1);
}

TEST(a_policy_is_the_tenants_or_a_challenges) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct world w = make_world(db, 0);
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        struct policy one = { .base_ms = 60000,
                              .increment_ms = 30000,
                              .max_extensions = 1,
                              .max_lifetime_ms = 120000 },
                      got;
        struct err err;

        CHECK_OK(policies_put(tx, w.tenant.id, 0, &policy_default, &err));
        CHECK_OK(policies_put(tx, w.tenant.id, w.challenge, &policy_default, &err));
        CHECK_OK(policies_put(tx, w.tenant.id, w.challenge, &one, &err));
        CHECK_OK(policies_get(tx, w.tenant.id, w.challenge, &got, &err));
        CHECK(memcmp(&got, &one, sizeof(got)) == 0);
        CHECK_OK(policies_get(tx, w.tenant.id, 0, &got, &err));
        CHECK(memcmp(&got, &policy_default, sizeof(got)) == 0);
        CHECK_OK(policies_delete(tx, w.tenant.id, w.challenge, &err));
        CHECK(policies_get(tx, w.tenant.id, w.challenge, &got, &err) < 0);
        CHECK_OK(policies_get(tx, w.tenant.id, 0, &got, &err));
}

/* Challenges */

static int last_challenge(void *arg, const struct challenge_row *c, _unused_ struct err *err) {
        struct challenge_row *last = arg;

        *last = *c;
        CHECK_STR(c->slug, "web");
        CHECK_STR(c->text, "{\"v\":2}");
        return 0;
}

TEST(a_challenge_keeps_its_id) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct world w = make_world(db, 0);
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        struct challenge_row row = { 0 };
        struct err err;
        int64_t id;
        bool changed;

        CHECK_OK(challenges_put(tx, w.tenant.id, "web", "{}", T0, &id, &changed, &err));
        CHECK(id == w.challenge && !changed);
        CHECK_OK(challenges_put(tx, w.tenant.id, "web", "{\"v\":2}", T0, &id, &changed, &err));
        CHECK(id == w.challenge && changed);
        CHECK_OK(challenges_hide(tx, id, &err));
        CHECK_OK(challenges_each(tx, last_challenge, &row, &err));
        CHECK(row.id == id && row.tenant == w.tenant.id && !row.present);
        CHECK_OK(challenges_put(tx, w.tenant.id, "web", "{\"v\":2}", T0, &id, &changed, &err));
        CHECK(id == w.challenge && changed);
        CHECK_OK(challenges_each(tx, last_challenge, &row, &err));
        CHECK(row.present);
}

/* The install's facts */

TEST(a_fact_is_put_once) {
        _cleanup_(db_freep) struct db *db = fresh();
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        _cleanup_arena_ struct arena arena = { 0 };
        const char *v;
        struct err err;

        CHECK_OK(meta_put_once(tx, "install", "first", &arena, &v, &err));
        CHECK_STR(v, "first");
        CHECK_OK(meta_put_once(tx, "install", "second", &arena, &v, &err));
        CHECK_STR(v, "first");
}

/* Several connections */

TEST(a_store_opens_twice_without_change) {
        struct err err;
        struct tx *tx;
        struct user u;

        if (in_memory())
                return;
        struct db *db = fresh();
        struct world w = make_world(db, 1);
        db_free(db);
        db = reopen();
        tx = begin(db);
        CHECK_OK(users_get(tx, w.users[0].id, &u, &err));
        tx_end(tx);
        db_free(db);
}

TEST(a_reader_sees_one_moment_and_changes_nothing) {
        if (in_memory())
                return;
        _cleanup_(db_freep) struct db *db = fresh();
        _cleanup_(db_freep) struct db *reader = NULL;
        struct world w = make_world(db, 1);
        struct user u = { .tenant = w.tenant.id, .name = "late" }, got;
        struct tx *tx, *seen;
        struct err err;

        CHECK_OK(store_open_reader(store_url(), &reader, &err));
        seen = begin(reader);
        CHECK_OK(users_get(seen, w.users[0].id, &got, &err));
        tx = begin(db);
        CHECK_OK(users_insert(tx, &u, "", &err));
        commit(tx);
        CHECK(users_get(seen, u.id, &got, &err) < 0 && err.kind == ERR_NOT_FOUND);
        tx_end(seen);
        seen = begin(reader);
        CHECK_OK(users_get(seen, u.id, &got, &err));
        CHECK(users_insert(seen, &u, "", &err) < 0);
        tx_end(seen);
}
