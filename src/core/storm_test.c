/*
 * The storm: several players do what they like, while the engine fails, loses
 * answers, garbles them, goes down and has its containers removed by others,
 * and the daemon stops in the middle.  After each the invariants of the design
 * hold.  SEED=n repeats a run's choices (not the threads' order).
 */
#include <pthread.h>

#include "base/log.h"
#include "base/random.h"
#include "core/testbed.h"
#include "store/events.h"
#include "store/leases.h"

#define PLAYERS   6
#define ROUNDS    5
#define STORM_MS  1500
#define PORT_FROM 44000
#define PORT_TO   44039 /* few, so that they are used again */

static const char options[] = "start_ms=20&stop_ms=10&fail_start=4&fail_stop=6&lose=4&garble=2";
static const struct policy shortly = { 400, 300, 2000, 3 };

struct storm {
        struct bed bed;
        int64_t challenges[3], users[PLAYERS];
        _Atomic(bool) over;
        _Atomic(int) calls, accepted, visits;
};

struct player {
        struct storm *storm;
        pthread_t thread;
        int number;
        uint64_t chance; /* xorshift: its choices can be repeated */
};

static uint64_t draw(struct player *p, uint64_t n) {
        p->chance ^= p->chance << 13;
        p->chance ^= p->chance >> 7;
        p->chance ^= p->chance << 17;
        return p->chance % n;
}

static struct origin origin_of(const struct storm *s, int number) {
        return (struct origin){ .kind = ACTOR_USER,
                                .tenant = s->bed.tenant,
                                .user = s->users[number],
                                .account = { ACCOUNT_USER, s->users[number] },
                                .request_id = "storm" };
}

/* Some lease of the account, or "". */
static void any_lease(const struct storm *s, int number, char ret[LEASE_ID_SIZE]) {
        struct account who = { ACCOUNT_USER, s->users[number] };
        const struct lease *l;

        ret[0] = '\0';
        read_model_lock(s->bed.engine->model);
        l = read_model_next_of(s->bed.engine->model, who, NULL);
        if (l)
                memcpy(ret, l->id, LEASE_ID_SIZE);
        read_model_unlock(s->bed.engine->model);
}

static int one_verb(struct player *p) {
        struct storm *s = p->storm;
        struct start start = { .challenge = s->challenges[draw(p, 3)] };
        struct extend extend = { .challenge = start.challenge };
        struct stop stop = { .challenge = start.challenge };
        struct restart restart = { 0 };
        struct command *cmd = &start.command;
        struct err err;
        uint64_t what = draw(p, 100);

        start_command(&start);
        extend_command(&extend);
        stop_command(&stop);
        restart_command(&restart);
        any_lease(s, p->number, restart.lease);
        if (what >= 40)
                cmd = what < 70 ? &extend.command : what < 85 ? &stop.command : &restart.command;
        cmd->origin = origin_of(s, p->number);
        if (cmd == &restart.command && !*restart.lease)
                return -1;
        return engine_call(s->bed.engine, cmd, &err);
}

static void *play(void *arg) {
        struct player *p = arg;

        while (!p->storm->over) {
                p->storm->calls++;
                p->storm->accepted += one_verb(p) == 0;
                bed_sleep_ms((int64_t)draw(p, 12));
        }
        return NULL;
}

static void touch(const char *dir, bool there) {
        char path[128];

        snprintf(path, sizeof(path), "%s/down", dir);
        if (there) {
                FILE *f = fopen(path, "w");

                CHECK(f);
                fclose(f);
        } else {
                unlink(path);
        }
}

/* What others do at the engine: a container removed, one that nobody leased, a pause. */
static void trouble(struct storm *s, struct player *chance) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct spec spec = {
                .tenant = "1", .image = "berth/x", .memory_mb = 16, .cpu_milli = 100, .pids = 16
        };
        char id[LEASE_ID_SIZE];
        struct instance *all, made;
        struct err err;
        size_t n;

        switch (draw(chance, 12)) {
        case 0:
        case 1:
                if (runtime_list(s->bed.rt, &arena, &all, &n, &err) == 0 && n > 0 &&
                    runtime_stop(s->bed.rt, all[draw(chance, n)].name, &err) < 0)
                        return;
                break;
        case 2:
                lease_id_make(clock_now_ms(), id);
                spec.lease = id;
                spec.name = arena_printf(&arena, "berth-%s", id);
                if (runtime_start(s->bed.rt, &spec, &made, &err) < 0)
                        return;
                break;
        case 3:
                touch(s->bed.dir, true);
                bed_sleep_ms(30);
                touch(s->bed.dir, false);
                break;
        default:
                break;
        }
}

/* A new connection to the engine, too: the old one's breaker may be open. */
static void reopen(struct storm *s, int64_t timeout_ms) {
        struct runtime_config rc = { .install = "test" };
        char url[256];
        struct err err;

        engine_stop(s->bed.engine, timeout_ms);
        s->bed.engine = engine_free(s->bed.engine);
        s->bed.rt = runtime_free(s->bed.rt);
        snprintf(url, sizeof(url), "fake:%s/engine?%s&down=%s/down", s->bed.dir, options,
                 s->bed.dir);
        CHECK_OK(runtime_open(url, &rc, &s->bed.rt, &err));
        s->bed.config.runtimes[0].rt = s->bed.rt;
        bed_start(&s->bed);
}

/* Who answers behind PORT? */
static bool banner(uint16_t port, char ret[LEASE_ID_SIZE]) {
        struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
        _cleanup_close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct timeval patience = { .tv_usec = 200000 };
        char text[64] = "";

        a.sin_addr = bed_address();
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
            recv(fd, text, sizeof(text) - 1, 0) < (ssize_t)(strlen("berth-") + LEASE_ID_SIZE - 4))
                return false;
        snprintf(ret, LEASE_ID_SIZE, "%.20s", text + strlen("berth-"));
        return true;
}

/* A door leads to the instance of the lease that has its port, and to no other. */
static void *visit(void *arg) {
        struct storm *s = arg;
        uint16_t port = PORT_FROM;
        char id[LEASE_ID_SIZE];

        for (; !s->over; port = port < PORT_TO ? port + 1 : PORT_FROM) {
                struct lease l;
                bool its = false;

                if (!banner(port, id))
                        continue;
                CHECK(bed_lease(&s->bed, id, &l));
                for (size_t i = 0; i < l.n_endpoints; i++)
                        its |= l.endpoints[i].port == port;
                CHECK(its || l.state == LEASE_ENDED);
                s->visits++;
        }
        return NULL;
}

static void blow(struct storm *s, struct player *chance, struct player players[PLAYERS]) {
        int64_t until_ms = clock_mono_ms() + STORM_MS;
        pthread_t visitor;

        s->over = false;
        CHECK(pthread_create(&visitor, NULL, visit, s) == 0);
        for (int i = 0; i < PLAYERS; i++)
                CHECK(pthread_create(&players[i].thread, NULL, play, &players[i]) == 0);
        while (clock_mono_ms() < until_ms) {
                trouble(s, chance);
                bed_sleep_ms(20);
        }
        s->over = true;
        for (int i = 0; i < PLAYERS; i++)
                pthread_join(players[i].thread, NULL);
        pthread_join(visitor, NULL);
}

/* SIZE_MAX: it did not say. */
static size_t objects(struct storm *s) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct instance *all;
        struct err err;
        size_t n;

        return runtime_list(s->bed.rt, &arena, &all, &n, &err) < 0 ? SIZE_MAX : n;
}

static bool quiet(struct storm *s) {
        struct read_model *m = s->bed.engine->model;
        size_t n = 0;

        read_model_lock(m);
        for (int state = 0; state < LEASE_ENDED; state++)
                n += read_model_count(m, (enum lease_state)state);
        read_model_unlock(m);
        return n == 0 && objects(s) == 0;
}

/* What the store says, for the checks below. */
struct seen {
        struct storm *storm;
        struct map folds; /* by lease */
        struct arena arena;
        size_t live, ports;
};

struct fold {
        char lease[LEASE_ID_SIZE];
        int64_t created, extended, restarted, ended, removed;
};

static int fold_event(void *arg, const struct event *e, _unused_ struct err *err) {
        struct seen *s = arg;
        struct fold *f = map_get(&s->folds, e->lease);

        if (!e->lease[0] || e->action == ACTION_FAILED_EXTEND || e->action == ACTION_ORPHAN_REMOVED)
                return 0;
        if (!f) {
                f = arena_new(&s->arena, struct fold);
                memcpy(f->lease, e->lease, sizeof(f->lease));
                map_put(&s->folds, f->lease, f);
        }
        f->created += e->action == ACTION_CREATED;
        f->extended += e->action == ACTION_EXTENDED;
        f->restarted += e->action == ACTION_RESTARTED;
        f->removed += e->action == ACTION_REMOVED;
        f->ended += e->action == ACTION_STOPPED_AUTO || e->action == ACTION_STOPPED_MANUAL ||
                    e->action == ACTION_LOST || e->action == ACTION_FAILED_CREATE;
        return 0;
}

static int check_lease(void *arg, const struct lease *l, _unused_ struct err *err) {
        struct seen *s = arg;
        const struct fold *f = map_get(&s->folds, l->id);
        struct lease model;

        lease_assert(l);                                             /* I2 */
        CHECK(f && f->created == 1 && f->extended == l->extensions); /* I7 */
        CHECK(f->restarted == l->restarts);
        CHECK(f->ended == !lease_live(l) || l->state == LEASE_STOPPING);
        CHECK(f->removed <= 1);
        CHECK(bed_lease(&s->storm->bed, l->id, &model));
        CHECK(model.state == l->state && model.version == l->version);
        s->live += lease_live(l);
        if (l->state != LEASE_PENDING)
                for (size_t i = 0; lease_live(l) && i < l->n_endpoints; i++)
                        s->ports += l->endpoints[i].port != 0;
        return 0;
}

static size_t ports_in_use(struct tx *tx) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct rows rows;
        struct err err;

        CHECK_OK(tx_exec(tx, SQL_PORT_LIST, ARGS(V(1), V(65535)), &arena, &rows, &err));
        return rows.n;
}

static void check_store(struct storm *s) {
        _cleanup_(db_freep) struct db *db = NULL;
        _cleanup_(tx_endp) struct tx *tx = NULL;
        struct event_filter all = { .action = -1 };
        struct seen seen = { .storm = s };
        struct audit_report report;
        struct err err;

        CHECK_OK(store_open_reader(s->bed.store_url, &db, &err));
        CHECK_OK(tx_begin(db, &tx, &err));
        CHECK_OK(events_each(tx, &all, fold_event, &seen, &err));
        CHECK_OK(leases_each(tx, 0, check_lease, &seen, &err));
        CHECK(seen.live == 0);
        CHECK(ports_in_use(tx) == seen.ports); /* I8's other half: none is leaked */
        CHECK_OK(audit_verify(tx, NULL, &report, &err));
        if (!report.good)
                fprintf(stderr, "%s\n", report.what);
        CHECK(report.good);
        map_done(&seen.folds);
        arena_done(&seen.arena);
}

/* The commit thread's own state, once it has ended. */
static void check_engine(struct storm *s) {
        struct engine *e = s->bed.engine;
        struct door_stats stats;

        for (unsigned port = PORT_FROM; port <= PORT_TO; port++)
                CHECK(!gate_stats(s->bed.gate, (uint16_t)port, &stats));
        engine_stop(e, 10000);
        CHECK(e->jobs == 0 && e->tracked.n == 0 && e->timers.n == 3); /* tick, sweep, look */
        CHECK(!e->slots[0].starts.first && e->slots[0].starts.running == 0);
        CHECK(!e->slots[0].stops.first && e->slots[0].stops.running == 0);
}

/* Every lease ends by its deadline, however it went; a breaker that opened rests for 30 s first. */
static void settle(struct storm *s) {
        const struct lease *l;
        size_t at = 0;

        for (int i = 0; i < 9000 && !quiet(s); i++)
                bed_sleep_ms(10);
        if (quiet(s))
                return;
        while ((l = read_model_next(s->bed.engine->model, 0, &at)))
                if (lease_live(l))
                        fprintf(stderr, "%s is %s: %s\n", l->id, lease_state_name(l->state),
                                l->problem);
        fprintf(stderr, "%zu objects\n", objects(s));
        exit(1);
}

static void init(struct storm *s) {
        struct err err;

        bed_init(&s->bed, options, 6);
        bed_people(&s->bed, shortly);
        s->challenges[0] = s->bed.web;
        s->challenges[1] = s->bed.plain;
        s->challenges[2] = bed_challenge_add(
                &s->bed, "{\"name\":\"Pair\",\"slug\":\"pair\",\"value\":1,\"instance\":{"
                         "\"image\":\"berth/p\",\"ports\":[{\"name\":\"a\",\"port\":1,"
                         "\"protocol\":\"tcp\"},{\"name\":\"b\",\"port\":2,\"protocol\":"
                         "\"tcp\"}]}}");
        for (int i = 0; i < PLAYERS; i++) {
                struct user_create u = { .command.origin.tenant = s->bed.tenant };

                snprintf(u.user.name, sizeof(u.user.name), "player%d", i);
                user_create_command(&u);
                CHECK_OK(engine_call(s->bed.engine, &u.command, &err));
                s->users[i] = u.user.id;
        }
        s->bed.config.port_from = PORT_FROM;
        s->bed.config.port_to = PORT_TO;
        s->bed.config.orphan_grace_ms = 1000;
        reopen(s, 1000);
}

TEST(after_a_storm_the_invariants_hold) {
        const char *seed = getenv("SEED");
        uint64_t n = seed ? strtoull(seed, NULL, 10) : random_below(1000000);
        struct player chance = { .chance = n + 1 }, players[PLAYERS];
        struct storm s = { 0 };

        log_set_level(LOG_ERROR);
        init(&s);
        for (int i = 0; i < PLAYERS; i++)
                players[i] = (struct player){ .storm = &s,
                                              .number = i,
                                              .chance = (n + 1) * 7919 + (uint64_t)i };
        fprintf(stderr, "SEED=%llu\n", (unsigned long long)n);
        for (int round = 0; round < ROUNDS; round++) {
                blow(&s, &chance, players);
                reopen(&s, round % 2 ? 10000 : 20);
                settle(&s);
                check_store(&s);
                check_engine(&s);
                reopen(&s, 0);
        }
        printf("%d verbs, %d accepted, %d visits\n", s.calls, s.accepted, s.visits);
        CHECK(s.accepted > 200 && s.visits > 20);
        bed_done(&s.bed);
}
