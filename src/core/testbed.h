/*
 * A whole engine for tests: a SQLite file (or $STORE), the fake runtime, a
 * gate on the loopback, one tenant, two users, and challenges "web" (one
 * port) and "plain" (none).  Only *_test.c include this.
 */
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "core/engine_impl.h"
#include "core/verbs.h"
#include "test.h"

/* Tests run beside each other: each process has its doors on a loopback address of its own. */
static inline struct in_addr bed_address(void) {
        uint32_t pid = (uint32_t)getpid();

        return (struct in_addr){ htonl(0x7f000000 | (pid & 0x7fffff) | 0x800000) };
}

struct bed {
        char dir[64], host[INET_ADDRSTRLEN];
        char store_url[512];
        struct loop *loop;
        struct gate *gate;
        struct runtime *rt;
        struct engine_config config;
        struct engine *engine;
        int64_t tenant, web, plain;
        struct user users[2];
};

static inline void bed_sleep_ms(int64_t ms) {
        struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

        nanosleep(&ts, NULL);
}

static inline void bed_start(struct bed *b) {
        struct err err;

        CHECK_OK(engine_open(&b->config, &b->engine, &err));
        CHECK_OK(engine_start(b->engine, &err));
}

static inline void bed_stop(struct bed *b) {
        engine_stop(b->engine, 10000);
        b->engine = engine_free(b->engine);
}

/* An empty database where $STORE is a PostgreSQL: an earlier test left its rows. */
static inline void bed_wipe(const char *store) {
        char command[1024];

        snprintf(command, sizeof(command),
                 "psql -q -d '%s' -c 'SET client_min_messages TO error; "
                 "DROP SCHEMA public CASCADE; CREATE SCHEMA public'",
                 store + strlen("postgres:"));
        CHECK(system(command) == 0);
}

/* OPTIONS of the fake runtime ("start_ms=20"), capacity in slots. */
static inline void bed_init(struct bed *b, const char *options, int64_t capacity) {
        struct runtime_config rc = { .install = "test" };
        char url[512];
        struct err err;
        const char *store = getenv("STORE");

        *b = (struct bed){ .dir = "/tmp/berth-core-XXXXXX" };
        crypto_init();
        CHECK(mkdtemp(b->dir));
        snprintf(url, sizeof(url), "fake:%s/engine?%s", b->dir, options);
        if (store) {
                bed_wipe(store);
                snprintf(b->store_url, sizeof(b->store_url), "%s", store);
        }
        if (!store)
                snprintf(b->store_url, sizeof(b->store_url), "sqlite:%s/berth.db", b->dir);
        CHECK_OK(loop_new("gate", &b->loop, &err));
        loop_start(b->loop);
        inet_ntop(AF_INET, &(struct in_addr){ bed_address().s_addr }, b->host, sizeof(b->host));
        CHECK_OK(gate_new(b->host, &b->loop, 1, &b->gate, &err));
        CHECK_OK(runtime_open(url, &rc, &b->rt, &err));
        b->config = (struct engine_config){
                .store_url = b->store_url,
                .runtimes = { { .rt = b->rt, .capacity = capacity, .starts = 8, .stops = 16 } },
                .n_runtimes = 1,
                .gate = b->gate,
                .public_host = b->host,
                .port_from = 42000,
                .port_to = 42999,
                .max_queue = 1000,
                .worker = "test",
                .sweep_ms = 300,
                .orphan_grace_ms = 500,
                .watch_ms = 200,
                .threads = 28,
                .master_key = { 1, 2, 3 },
        };
        uint8_t public_key[SIGN_PUBLIC];
        sign_keys(public_key, b->config.audit_secret);
        bed_start(b);
}

static inline void bed_done(struct bed *b) {
        char command[128];

        bed_stop(b);
        gate_free(b->gate);
        runtime_free(b->rt);
        loop_stop(b->loop);
        loop_free(b->loop);
        snprintf(command, sizeof(command), "rm -rf %s", b->dir);
        CHECK(system(command) == 0);
}

static inline struct origin bed_origin(const struct bed *b, int user) {
        return (struct origin){
                .kind = ACTOR_USER,
                .tenant = b->tenant,
                .user = b->users[user].id,
                .account = { ACCOUNT_USER, b->users[user].id },
                .request_id = "test",
        };
}

static inline struct challenge *bed_challenge(const char *text) {
        struct challenge *c;
        struct err err;
        json_t *o;

        CHECK_OK(json_parse(text, strlen(text), &o, &err));
        CHECK_OK(challenge_parse(o, 0, 0, &c, &err));
        json_decref(o);
        return c;
}

/* The tenant with POLICY, its users and challenges. */
static inline void bed_people(struct bed *b, struct policy policy) {
        struct tenant_create t = {
                .tenant = { .slug = "demo", .name = "Demo", .max_per_account = 3 }, .policy = policy
        };
        struct challenge *set[2] = {
                bed_challenge(
                        "{\"name\":\"Web\",\"slug\":\"web\",\"value\":100,\"instance\":{\"image\":"
                        "\"berth/web\",\"ports\":[{\"name\":\"web\",\"port\":8080,\"protocol\":"
                        "\"tcp\"}],\"flag\":{\"template\":\"F{<hex>}\",\"env\":true}}}"),
                bed_challenge("{\"name\":\"Plain\",\"slug\":\"plain\",\"value\":1,\"instance\":{"
                              "\"image\":\"berth/plain\"}}"),
        };
        struct challenges_sync s = { .set = set, .n = 2, .whole = true };
        struct err err;

        tenant_create_command(&t);
        t.command.origin.kind = ACTOR_OPERATOR;
        CHECK_OK(engine_call(b->engine, &t.command, &err));
        b->tenant = t.tenant.id;
        for (int i = 0; i < 2; i++) {
                struct user_create u = { .command.origin.tenant = b->tenant };

                snprintf(u.user.name, sizeof(u.user.name), "user%d", i);
                user_create_command(&u);
                CHECK_OK(engine_call(b->engine, &u.command, &err));
                b->users[i] = u.user;
        }
        s.command.origin.tenant = b->tenant;
        challenges_sync_command(&s);
        CHECK_OK(engine_call(b->engine, &s.command, &err));
        CHECK(s.added == 2);
        read_model_lock(b->engine->model);
        b->web = read_model_challenge_by_slug(b->engine->model, b->tenant, "web")->id;
        b->plain = read_model_challenge_by_slug(b->engine->model, b->tenant, "plain")->id;
        read_model_unlock(b->engine->model);
        challenge_unref(set[0]);
        challenge_unref(set[1]);
}

/* One challenge more; gives its id. */
static inline int64_t bed_challenge_add(struct bed *b, const char *text) {
        struct challenge *c = bed_challenge(text);
        struct challenges_sync s = { .set = &c, .n = 1 };
        struct err err;
        int64_t id;

        s.command.origin.tenant = b->tenant;
        challenges_sync_command(&s);
        CHECK_OK(engine_call(b->engine, &s.command, &err));
        read_model_lock(b->engine->model);
        id = read_model_challenge_by_slug(b->engine->model, b->tenant, c->slug)->id;
        read_model_unlock(b->engine->model);
        challenge_unref(c);
        return id;
}

static inline bool bed_lease(struct bed *b, const char *id, struct lease *ret) {
        const struct lease *l;

        read_model_lock(b->engine->model);
        l = read_model_lease(b->engine->model, id);
        if (l)
                *ret = *l;
        read_model_unlock(b->engine->model);
        return l != NULL;
}

/* Waits, at most 20 s, until ID is in STATE. */
static inline struct lease bed_wait(struct bed *b, const char *id, enum lease_state state) {
        struct lease l = { 0 };

        for (int i = 0; i < 2000; i++) {
                if (bed_lease(b, id, &l) && l.state == state)
                        return l;
                bed_sleep_ms(10);
        }
        fprintf(stderr, "lease %s is %s, not %s (%s)\n", id, lease_state_name(l.state),
                lease_state_name(state), l.problem);
        exit(1);
}

static inline int bed_try_start(struct bed *b, int user, int64_t challenge, struct lease *ret,
                                struct err *err) {
        struct start s = { .challenge = challenge };

        s.command.origin = bed_origin(b, user);
        start_command(&s);
        if (engine_call(b->engine, &s.command, err) < 0)
                return -1;
        *ret = s.ret;
        return 0;
}

static inline int bed_try_extend(struct bed *b, int user, const char *lease, struct lease *ret,
                                 struct err *err) {
        struct extend x = { 0 };

        snprintf(x.lease, sizeof(x.lease), "%s", lease);
        x.command.origin = bed_origin(b, user);
        extend_command(&x);
        if (engine_call(b->engine, &x.command, err) < 0)
                return -1;
        *ret = x.ret;
        return 0;
}

static inline int bed_try_stop(struct bed *b, int user, const char *lease, struct err *err) {
        struct stop s = { 0 };

        snprintf(s.lease, sizeof(s.lease), "%s", lease);
        s.command.origin = bed_origin(b, user);
        stop_command(&s);
        return engine_call(b->engine, &s.command, err);
}

static inline struct lease bed_running(struct bed *b, int user, int64_t challenge) {
        struct lease l;
        struct err err;

        CHECK_OK(bed_try_start(b, user, challenge, &l, &err));
        return bed_wait(b, l.id, LEASE_RUNNING);
}

/* Does a player get through at PORT? */
static inline bool bed_connects(uint16_t port) {
        struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
        _cleanup_close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        a.sin_addr = bed_address();
        return connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
}

/* How many objects the engine has. */
static inline size_t bed_objects(struct bed *b) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct instance *all;
        struct err err;
        size_t n;

        CHECK_OK(runtime_list(b->rt, &arena, &all, &n, &err));
        return n;
}
