/* Doors: open while their lease runs, and only then, whatever happens at the same time. */
#include "core/testbed.h"

static const struct policy minutes = { 900000, 900000, 5400000, 5 };

#define PAIR                                                                                    \
        "{\"name\":\"Pair\",\"slug\":\"pair\",\"value\":1,\"instance\":{\"image\":\"berth/p\"," \
        "\"ports\":[{\"name\":\"a\",\"port\":1,\"protocol\":\"tcp\"},{\"name\":\"b\",\"port\":" \
        "2,\"protocol\":\"tcp\"}]}}"

/* Ports of its own, so that no other test is in the way. */
static void init(struct bed *b, const char *options, struct policy policy, uint16_t from) {
        bed_init(b, options, 10);
        bed_stop(b);
        b->config.sweep_ms = 60000;
        b->config.port_from = from;
        b->config.port_to = (uint16_t)(from + 99);
        bed_start(b);
        bed_people(b, policy);
}

/* Another program's listener. */
static int occupy(uint16_t port) {
        struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        a.sin_addr = bed_address();
        CHECK(bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(fd, 1) == 0);
        return fd;
}

TEST(a_port_that_moves_leaves_the_other_door_open) {
        struct bed b;
        struct lease l;
        int fd;

        init(&b, "", minutes, 43000);
        fd = occupy(43002);
        l = bed_running(&b, 0, bed_challenge_add(&b, PAIR));
        CHECK(l.endpoints[0].port == 43001 && l.endpoints[1].port == 43003);
        close(fd);
        CHECK(bed_connects(43001) && bed_connects(43003));
        bed_done(&b);
}

/* Keeps the commit thread, so that what comes meanwhile is one batch. */
static int run_slowly(_unused_ struct command *cmd, _unused_ struct work *w,
                      _unused_ struct err *err) {
        bed_sleep_ms(400);
        return 0;
}

TEST(an_extension_just_before_it_runs_leaves_the_door_open) {
        struct command slow = { .run = run_slowly };
        struct bed b;
        struct lease l;
        struct extend x = { 0 };
        struct err err;

        init(&b, "start_ms=150", minutes, 43100);
        CHECK_OK(bed_try_start(&b, 0, b.web, &l, &err));
        engine_submit(b.engine, &slow);
        bed_sleep_ms(50);
        memcpy(x.lease, l.id, sizeof(x.lease));
        x.command.origin = bed_origin(&b, 0);
        extend_command(&x);
        engine_submit(b.engine, &x.command); /* waits, and the end of the start behind it */
        l = bed_wait(&b, l.id, LEASE_RUNNING);
        CHECK(l.extensions == 1);
        CHECK(bed_connects(l.endpoints[0].port));
        bed_done(&b);
}

TEST(a_door_is_not_opened_for_a_lease_that_moved_on) {
        struct bed b;
        struct lease before, l;
        struct err err;

        init(&b, "", minutes, 43200);
        before = bed_running(&b, 0, b.web);
        CHECK_OK(bed_try_stop(&b, 0, before.id, &err));
        bed_wait(&b, before.id, LEASE_ENDED);
        l = before;
        CHECK(doors_open(b.engine, &l, &err) < 0);
        CHECK(!bed_connects(before.endpoints[0].port));
        bed_done(&b);
}

TEST(a_door_opened_late_has_the_deadline_of_now) {
        struct bed b;
        struct lease before, l;
        struct err err;

        init(&b, "", (struct policy){ 1000, 5000, 20000, 2 }, 43300);
        before = bed_running(&b, 0, b.web);
        CHECK_OK(bed_try_extend(&b, 0, before.id, &l, &err));
        l = before;
        CHECK_OK(doors_open(b.engine, &l, &err)); /* by a job that began before the extension */
        bed_sleep_ms(1800);
        CHECK(bed_connects(before.endpoints[0].port));
        bed_done(&b);
}

TEST(a_door_that_is_missing_is_opened_by_the_next_sweep) {
        struct bed b;
        struct lease l;
        uint16_t port;

        init(&b, "", minutes, 43400);
        l = bed_running(&b, 0, b.web);
        port = l.endpoints[0].port;
        bed_stop(&b);
        b.config.sweep_ms = 200;
        bed_start(&b);
        gate_close(b.gate, port);
        for (int i = 0; i < 200 && !bed_connects(port); i++)
                bed_sleep_ms(20);
        CHECK(bed_connects(port));
        bed_done(&b);
}

/* What engine_tail() does with the row that another daemon has ended: its ports are gone. */
static int run_ended_elsewhere(struct command *cmd, struct work *w, _unused_ struct err *err) {
        struct lease l = *read_model_lease(w->model, cmd->arg);

        l.state = LEASE_ENDED;
        l.endpoints[0].port = 0;
        track_react(w->engine, &l);
        return 0;
}

static void note_done(struct command *cmd) { free(cmd); }

TEST(a_door_closes_when_another_daemon_ended_its_lease) {
        struct command *cmd = calloc(1, sizeof(*cmd));
        struct bed b;
        struct lease l;

        init(&b, "", minutes, 43500);
        l = bed_running(&b, 0, b.web);
        cmd->run = run_ended_elsewhere;
        cmd->done = note_done;
        cmd->arg = l.id;
        engine_submit(b.engine, cmd);
        for (int i = 0; i < 100 && bed_connects(l.endpoints[0].port); i++)
                bed_sleep_ms(20);
        CHECK(!bed_connects(l.endpoints[0].port));
        bed_done(&b);
}
