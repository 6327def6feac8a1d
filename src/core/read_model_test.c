/* The read model against slow models of it, on random histories. */
#include "base/random.h"
#include "core/read_model.h"
#include "store/fixture.h"

static void put(struct read_model *m, const struct lease *l) {
        read_model_begin(m);
        read_model_put_lease(m, l);
        read_model_end(m);
}

/* What every reader may rely on, by looking at everything. */
#define MANY 300

struct slow {
        struct lease leases[MANY];
        bool there[MANY];
        size_t order[MANY]; /* when it became live, or ended: the later, the greater */
        size_t moment;
};

static void check_account(const struct read_model *m, const struct slow *s, int64_t account) {
        struct account who = { ACCOUNT_USER, account };
        const struct lease *l = NULL, *before = NULL;
        size_t n = 0, want = 0;

        for (size_t i = 0; i < MANY; i++)
                want += s->there[i] && s->leases[i].owner.id == account;
        while ((l = read_model_next_of(m, who, l))) {
                size_t at = (size_t)l->user;

                CHECK(s->there[at] && s->leases[at].state == l->state);
                if (before && lease_live(before) == lease_live(l))
                        CHECK(s->order[before->user] > s->order[at]); /* newest first */
                CHECK(!before || lease_live(before) >= lease_live(l));
                before = l;
                n++;
        }
        CHECK(n == want);
}

static void check_model(const struct read_model *m, const struct slow *s) {
        size_t counts[_LEASE_N] = { 0 }, n = 0, seen = 0, at = 0;

        for (size_t i = 0; i < MANY; i++) {
                const struct lease *l = read_model_lease(m, s->leases[i].id);

                CHECK((l != NULL) == s->there[i]);
                if (!l)
                        continue;
                CHECK(l->version == s->leases[i].version);
                counts[l->state]++;
                n++;
                CHECK((read_model_live(m, l->owner, l->challenge) == l) == lease_live(l));
        }
        for (int state = 0; state < _LEASE_N; state++)
                CHECK(read_model_count(m, (enum lease_state)state) == counts[state]);
        while (read_model_next(m, 0, &at))
                seen++;
        CHECK(seen == n);
        for (int64_t account = 0; account < 10; account++)
                check_account(m, s, account);
}

/* Puts lease I in its next state, or anew. */
static void step(struct read_model *m, struct slow *s, size_t i) {
        struct lease *l = &s->leases[i];
        bool was = s->there[i] && lease_live(l);

        if (!s->there[i]) {
                l->state = LEASE_PENDING;
        } else if (l->state != LEASE_ENDED) {
                enum lease_state to = (enum lease_state)random_below(_LEASE_N);

                if (lease_may_become(l->state, to))
                        l->state = to;
        }
        if (l->state == LEASE_ENDED && was)
                l->ended_ms = (int64_t)++s->moment;
        l->version++;
        if (!s->there[i] || was != lease_live(l))
                s->order[i] = ++s->moment;
        s->there[i] = true;
        put(m, l);
}

static void drop(struct read_model *m, struct slow *s) {
        int64_t before_ms = (int64_t)random_below(s->moment + 1);

        read_model_begin(m);
        read_model_drop_ended(m, before_ms);
        read_model_end(m);
        for (size_t i = 0; i < MANY; i++)
                if (s->there[i] && !lease_live(&s->leases[i]) && s->leases[i].ended_ms < before_ms)
                        s->there[i] = false;
}

TEST(leases_are_what_was_put) {
        static struct slow s;
        _cleanup_(read_model_freep) struct read_model *m = read_model_new();

        for (size_t i = 0; i < MANY; i++) {
                s.leases[i] = (struct lease){ .tenant = 1,
                                              .challenge = (int64_t)i,
                                              .owner = { ACCOUNT_USER, (int64_t)i % 10 },
                                              .user = (int64_t)i };
                snprintf(s.leases[i].id, LEASE_ID_SIZE, "%zu", i);
        }
        for (int n = 0; n < 20000; n++) {
                size_t i = random_below(MANY);

                /* An ended one does not come back; a dropped one may, as another. */
                if (!s.there[i] || s.leases[i].state != LEASE_ENDED)
                        step(m, &s, i);
                if (n % 97 == 0)
                        drop(m, &s);
                if (n % 50 == 0)
                        check_model(m, &s);
        }
}

/* The queue. */

#define QUEUED     120
#define CHALLENGES 40

/* A lease in some state, of some account, in the store and in the model. */
static void add(struct tx *tx, struct read_model *m, const struct world *w, int64_t challenge,
                size_t n) {
        static const enum lease_state states[] = { LEASE_PENDING,  LEASE_PENDING, LEASE_PENDING,
                                                   LEASE_STARTING, LEASE_RUNNING, LEASE_STOPPING,
                                                   LEASE_ENDED };
        struct lease l = lease_of(w, n % 3 ? random_below(3) : random_below(16),
                                  states[random_below(ARRAY_SIZE(states))]);
        struct err err;

        l.challenge = challenge;
        l.queued_ms = T0 + (int64_t)random_below(50); /* many at the same moment */
        l.expires_ms = T0 + 1000 + (int64_t)random_below(800) * 1000;
        if (l.state == LEASE_ENDED)
                l.ended_ms = T0;
        if (l.state == LEASE_STOPPING || l.state == LEASE_ENDED)
                l.reason = REASON_STOPPED_MANUAL;
        snprintf(l.runtime, sizeof(l.runtime), "%s", random_below(4) ? "fake" : "docker");
        if (leases_get_live(tx, l.owner, challenge, &(struct lease){ 0 }, &err) == 0)
                return;
        CHECK_OK(leases_insert(tx, &l, &err));
        put(m, &l);
}

static void compare_queues(struct tx *tx, struct read_model *m, const char *runtime,
                           int64_t capacity) {
        _cleanup_arena_ struct arena arena = { 0 };
        int64_t before_ms = 0;
        struct lease *queue;
        struct err err;
        size_t n;

        CHECK_OK(leases_queue(tx, runtime, 1000, &arena, &queue, &n, &err));
        CHECK(n > 0);
        read_model_begin(m);
        read_model_rank_queue(m, runtime, capacity, 0, T0);
        read_model_end(m);
        for (size_t i = 0; i < n; i++) {
                const struct lease *l = read_model_lease(m, queue[i].id);

                CHECK(l && l->place == (int64_t)i + 1);
                CHECK(l->estimate_ms >= before_ms); /* who is behind does not come first */
                before_ms = l->estimate_ms;
        }
}

TEST(the_queue_is_shown_as_the_store_has_it) {
        struct db *db = fresh();
        struct world w = make_world(db, 16);
        int64_t challenges[CHALLENGES];
        struct err err;
        char slug[32];
        bool changed;

        for (int round = 0; round < 10; round++) {
                struct tx *tx = begin(db);
                _cleanup_(read_model_freep) struct read_model *m = read_model_new();

                for (size_t i = 0; i < CHALLENGES; i++) {
                        snprintf(slug, sizeof(slug), "c%zu", i);
                        CHECK_OK(challenges_put(tx, w.tenant.id, slug, "{}", T0, &challenges[i],
                                                &changed, &err));
                }
                for (size_t n = 0; n < QUEUED; n++)
                        add(tx, m, &w, challenges[random_below(CHALLENGES)], n);
                compare_queues(tx, m, "fake", (int64_t)random_below(60));
                compare_queues(tx, m, "docker", (int64_t)random_below(20));
                tx_end(tx); /* away with all of it */
        }
        db_free(db);
}

static void put_simple(struct read_model *m, const char *id, enum lease_state state,
                       int64_t expires_ms) {
        struct lease l = { .tenant = 1,
                           .owner = { ACCOUNT_USER, (int64_t)strtol(id, NULL, 10) },
                           .state = state,
                           .policy = policy_default,
                           .queued_ms = expires_ms,
                           .expires_ms = expires_ms,
                           .runtime = "fake" };

        snprintf(l.id, sizeof(l.id), "%s", id);
        put(m, &l);
}

#define MINUTE INT64_C(60000)

/* Two slots, free in 1 and in 80 minutes; then each serves a base time of 15 minutes. */
TEST(an_estimate_is_when_a_slot_comes_free) {
        _cleanup_(read_model_freep) struct read_model *m = read_model_new();

        put_simple(m, "1", LEASE_RUNNING, 1 * MINUTE);
        put_simple(m, "2", LEASE_RUNNING, 80 * MINUTE);
        put_simple(m, "3", LEASE_PENDING, 100);
        put_simple(m, "4", LEASE_PENDING, 101);
        put_simple(m, "5", LEASE_PENDING, 102);
        read_model_begin(m);
        read_model_rank_queue(m, "fake", 2, 0, 0);
        CHECK(read_model_lease(m, "3")->estimate_ms == 1 * MINUTE);
        CHECK(read_model_lease(m, "4")->estimate_ms == 16 * MINUTE);
        CHECK(read_model_lease(m, "5")->estimate_ms == 31 * MINUTE);
        read_model_rank_queue(m, "fake", 3, 0, 0); /* one is free */
        CHECK(read_model_lease(m, "3")->estimate_ms == 0);
        CHECK(read_model_lease(m, "4")->estimate_ms == 1 * MINUTE);
        read_model_rank_queue(m, "fake", 1, 0, 0); /* one too many is in use */
        CHECK(read_model_lease(m, "3")->estimate_ms == 80 * MINUTE);
        read_model_rank_queue(m, "fake", 2, 2 * MINUTE, 0); /* they stop earlier, of late */
        CHECK(read_model_lease(m, "3")->estimate_ms == 1 * MINUTE);
        CHECK(read_model_lease(m, "4")->estimate_ms == 4 * MINUTE);
        CHECK(read_model_lease(m, "5")->estimate_ms == 6 * MINUTE);
        read_model_end(m);
}

TEST(tokens_whose_digests_begin_alike_are_told_apart) {
        struct read_model *m = read_model_new();
        struct user user = { .id = 7, .tenant = 1 };
        struct token a = { .id = 1, .user = 7 }, b = { .id = 2, .user = 8 };
        uint8_t neither[SHA256_SIZE] = { 0 };
        const struct token *t;

        b.digest[SHA256_SIZE - 1] = 1;
        neither[SHA256_SIZE - 1] = 2;
        read_model_begin(m);
        read_model_put_user(m, &user);
        read_model_put_token(m, &a);
        read_model_put_token(m, &b);
        a.revoked_ms = 5;
        read_model_put_token(m, &a); /* again */
        read_model_end(m);

        read_model_lock(m);
        t = read_model_token(m, a.digest);
        CHECK(t && t->id == 1 && t->revoked_ms == 5);
        CHECK(t && read_model_token_user(m, t) == read_model_user(m, 7));
        t = read_model_token(m, b.digest);
        CHECK(t && t->id == 2);
        CHECK(t && read_model_token_user(m, t) == NULL);
        CHECK(read_model_token(m, neither) == NULL);
        read_model_unlock(m);
        read_model_free(m);
}

TEST(a_token_finds_a_user_that_came_after_it) {
        struct read_model *m = read_model_new();
        struct token token = { .id = 1, .user = 7 };
        struct user user = { .id = 7, .tenant = 1 };
        const struct token *t;

        read_model_begin(m);
        read_model_put_token(m, &token);
        read_model_put_user(m, &user);
        read_model_end(m);

        read_model_lock(m);
        t = read_model_token(m, token.digest);
        CHECK(t && read_model_token_user(m, t) == read_model_user(m, 7));
        read_model_unlock(m);
        read_model_free(m);
}
