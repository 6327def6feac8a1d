/* What must not grow: the cost of a start with the queue, and the memory of a daemon with its age.
 */
#include "base/log.h"
#include "core/testbed.h"

static const struct policy minutes = { 900000, 900000, 5400000, 5 };

#define PLAYERS 1000
#define FEWER   400 /* on a PostgreSQL, where each user is a commit over a socket */

static int64_t users[PLAYERS];

static int players(void) { return getenv("STORE") ? FEWER : PLAYERS; }

static void many_users(struct bed *b) {
        struct err err;

        for (int i = 0; i < players(); i++) {
                struct user_create u = { .command.origin.tenant = b->tenant };

                snprintf(u.user.name, sizeof(u.user.name), "player%d", i);
                user_create_command(&u);
                CHECK_OK(engine_call(b->engine, &u.command, &err));
                users[i] = u.user.id;
        }
}

/* Milliseconds that N players take to ask for an instance, one after the other. */
static int64_t ask(struct bed *b, int from, int n) {
        int64_t began_ms = clock_mono_ms();

        for (int i = from; i < from + n; i++) {
                struct start s = { .challenge = b->plain };
                struct err err;

                s.command.origin = (struct origin){ .kind = ACTOR_USER,
                                                    .tenant = b->tenant,
                                                    .user = users[i],
                                                    .account = { ACCOUNT_USER, users[i] },
                                                    .request_id = "growth" };
                start_command(&s);
                CHECK_OK(engine_call(b->engine, &s.command, &err));
        }
        return clock_mono_ms() - began_ms;
}

static size_t count(struct bed *b, enum lease_state state) {
        size_t n;

        read_model_lock(b->engine->model);
        n = read_model_count(b->engine->model, state);
        read_model_unlock(b->engine->model);
        return n;
}

static void stop_all(struct bed *b, int from, int n) {
        for (int i = from; i < from + n; i++) {
                struct stop s = { .challenge = b->plain };
                struct err err;

                s.command.origin = (struct origin){ .kind = ACTOR_USER,
                                                    .tenant = b->tenant,
                                                    .user = users[i],
                                                    .account = { ACCOUNT_USER, users[i] } };
                stop_command(&s);
                CHECK_OK(engine_call(b->engine, &s.command, &err));
        }
}

#define SLOTS 50

/* Players come and go: milliseconds that it takes to hand on 100 slots while the rest of N wait. */
static int64_t hand_on(int n) {
        struct bed b;
        int64_t ms;

        bed_init(&b, "", SLOTS);
        bed_people(&b, minutes);
        many_users(&b);
        ask(&b, 0, n);
        ms = clock_mono_ms();
        for (int round = 0; round < 2; round++) {
                stop_all(&b, round * SLOTS, SLOTS);
                while (count(&b, LEASE_ENDED) < (size_t)(round + 1) * SLOTS)
                        bed_sleep_ms(5);
        }
        ms = clock_mono_ms() - ms;
        bed_done(&b);
        return ms;
}

TEST(a_long_queue_moves_on_fast) {
        int64_t short_ms, long_ms;

        log_set_level(LOG_ERROR);
        short_ms = hand_on(3 * SLOTS);
        long_ms = hand_on(players());
        printf("100 slots handed on: %lld ms, with many more that wait: %lld ms\n",
               (long long)short_ms, (long long)long_ms);
        CHECK(long_ms < 6 * short_ms + 1000);
}

TEST(a_long_queue_costs_a_start_little) {
        struct bed b;
        int64_t first_ms, last_ms;

        log_set_level(LOG_ERROR);
        bed_init(&b, "", 1);
        bed_people(&b, minutes);
        many_users(&b);
        ask(&b, 0, 1);
        first_ms = ask(&b, 1, 100);
        ask(&b, 101, players() - 201);
        last_ms = ask(&b, players() - 100, 100);
        printf("100 starts: %lld ms, behind a long queue: %lld ms\n", (long long)first_ms,
               (long long)last_ms);
        CHECK(last_ms < 5 * first_ms + 200);
        bed_done(&b);
}
