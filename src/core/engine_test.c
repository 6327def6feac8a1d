/* The verbs, the jobs and reconciliation, with a real store and the fake runtime. */
#include "core/testbed.h"
#include "store/events.h"
#include "store/leases.h"

static const struct policy minutes = { 900000, 900000, 5400000, 5 };

static int count(void *arg, _unused_ const struct event *event, _unused_ struct err *e) {
        ++*(size_t *)arg;
        return 0;
}

static size_t count_events(struct bed *b, enum action action) {
        _cleanup_(db_freep) struct db *db = NULL;
        _cleanup_(tx_endp) struct tx *tx = NULL;
        struct event_filter filter = { .action = (int)action, .max = 100000 };
        struct audit_report report;
        struct err err;
        size_t n = 0;

        CHECK_OK(store_open_reader(b->store_url, &db, &err));
        CHECK_OK(tx_begin(db, &tx, &err));
        CHECK_OK(audit_verify(tx, NULL, &report, &err));
        CHECK(report.good);
        CHECK_OK(events_each(tx, &filter, count, &n, &err));
        return n;
}

TEST(a_lease_runs_answers_and_stops) {
        struct bed b;
        struct lease l;
        struct err err;

        bed_init(&b, "", 10);
        bed_people(&b, minutes);
        l = bed_running(&b, 0, b.web);
        CHECK(l.endpoints[0].port >= 42000 && bed_connects(l.endpoints[0].port));
        CHECK(l.expires_ms == l.created_ms + 900000);
        CHECK(bed_objects(&b) == 1);
        CHECK_OK(bed_try_stop(&b, 0, l.id, &err));
        l = bed_wait(&b, l.id, LEASE_ENDED);
        CHECK(l.reason == REASON_STOPPED_MANUAL && bed_objects(&b) == 0);
        CHECK(count_events(&b, ACTION_STOPPED_MANUAL) == 1);
        bed_done(&b);
}

TEST(a_second_start_gives_the_same_lease) {
        struct bed b;
        struct lease l, again;
        struct err err;

        bed_init(&b, "start_ms=50", 10);
        bed_people(&b, minutes);
        CHECK_OK(bed_try_start(&b, 0, b.web, &l, &err));
        CHECK_OK(bed_try_start(&b, 0, b.web, &again, &err));
        CHECK_STR(l.id, again.id);
        bed_wait(&b, l.id, LEASE_RUNNING);
        CHECK(bed_objects(&b) == 1);
        bed_done(&b);
}

TEST(five_extensions_and_not_a_sixth) {
        struct bed b;
        struct lease l, x;
        struct err err;

        bed_init(&b, "", 10);
        bed_people(&b, minutes);
        l = bed_running(&b, 0, b.plain);
        for (int i = 1; i <= 5; i++) {
                CHECK_OK(bed_try_extend(&b, 0, l.id, &x, &err));
                CHECK(x.extensions == i && x.expires_ms == l.expires_ms + i * 900000);
        }
        CHECK(bed_try_extend(&b, 0, l.id, &x, &err) < 0 && err.kind == ERR_LIMIT);
        CHECK_STR(err.msg, "Maximum extensions reached (5)");
        CHECK(count_events(&b, ACTION_EXTENDED) == 5);
        CHECK(count_events(&b, ACTION_FAILED_EXTEND) == 1);
        bed_done(&b);
}

TEST(another_account_finds_nothing) {
        struct bed b;
        struct lease l, x;
        struct err err;

        bed_init(&b, "", 10);
        bed_people(&b, minutes);
        l = bed_running(&b, 0, b.plain);
        CHECK(bed_try_extend(&b, 1, l.id, &x, &err) < 0 && err.kind == ERR_NOT_FOUND);
        CHECK(bed_try_stop(&b, 1, l.id, &err) < 0 && err.kind == ERR_NOT_FOUND);
        CHECK(bed_lease(&b, l.id, &x) && x.state == LEASE_RUNNING && x.extensions == 0);
        bed_done(&b);
}

TEST(expiry_closes_the_door_and_removes) {
        struct bed b;
        struct lease l;

        bed_init(&b, "stop_ms=300", 10);
        bed_people(&b, (struct policy){ 700, 500, 5000, 1 });
        l = bed_running(&b, 0, b.web);
        CHECK(bed_connects(l.endpoints[0].port));
        bed_wait(&b, l.id, LEASE_STOPPING);
        bed_sleep_ms(200);
        CHECK(!bed_connects(l.endpoints[0].port));
        CHECK(bed_wait(&b, l.id, LEASE_ENDED).reason == REASON_STOPPED_AUTO);
        CHECK(bed_objects(&b) == 0);
        bed_done(&b);
}

TEST(a_stop_during_the_start_leaves_nothing) {
        struct bed b;
        struct lease l;
        struct err err;

        bed_init(&b, "start_ms=400", 10);
        bed_people(&b, minutes);
        CHECK_OK(bed_try_start(&b, 0, b.web, &l, &err));
        bed_sleep_ms(100);
        CHECK_OK(bed_try_stop(&b, 0, l.id, &err));
        bed_wait(&b, l.id, LEASE_ENDED);
        CHECK(bed_objects(&b) == 0);
        bed_done(&b);
}

TEST(a_full_runtime_queues_and_promotes) {
        struct bed b;
        struct lease first, second;
        struct err err;

        bed_init(&b, "", 1);
        bed_people(&b, minutes);
        first = bed_running(&b, 0, b.web);
        CHECK_OK(bed_try_start(&b, 1, b.web, &second, &err));
        CHECK(second.state == LEASE_PENDING);
        CHECK(bed_lease(&b, second.id, &second) && second.place == 1);
        CHECK(second.estimate_ms > 0 && second.estimate_ms <= 900000);
        bed_stop(&b);
        bed_start(&b);
        CHECK(bed_lease(&b, second.id, &second) && second.place == 1);
        CHECK_OK(bed_try_stop(&b, 0, first.id, &err));
        second = bed_wait(&b, second.id, LEASE_RUNNING);
        CHECK(second.created_ms > second.queued_ms);
        bed_done(&b);
}

/* Who gives up a slot for a wish of its own stays behind those who had none. */
TEST(the_queue_is_fair_between_accounts) {
        struct bed b;
        struct lease first, more, other;
        struct err err;

        bed_init(&b, "", 1);
        bed_people(&b, minutes);
        first = bed_running(&b, 0, b.web);
        CHECK_OK(bed_try_start(&b, 0, b.plain, &more, &err));
        bed_sleep_ms(5);
        CHECK_OK(bed_try_start(&b, 1, b.web, &other, &err));
        CHECK(bed_lease(&b, other.id, &other) && other.place == 1);
        CHECK(bed_lease(&b, more.id, &more) && more.place == 2);
        CHECK_OK(bed_try_stop(&b, 0, first.id, &err));
        bed_wait(&b, other.id, LEASE_RUNNING);
        CHECK(bed_lease(&b, more.id, &more) && more.state == LEASE_PENDING && more.place == 1);
        CHECK_OK(bed_try_stop(&b, 1, other.id, &err));
        bed_wait(&b, more.id, LEASE_RUNNING);
        bed_done(&b);
}

TEST(a_failed_start_says_so_and_leaves_nothing) {
        struct bed b;
        struct lease l;
        struct err err;

        bed_init(&b, "refuse=100", 10);
        bed_people(&b, minutes);
        CHECK_OK(bed_try_start(&b, 0, b.web, &l, &err));
        l = bed_wait(&b, l.id, LEASE_ENDED);
        CHECK(l.reason == REASON_FAILED_CREATE && *l.problem);
        CHECK(bed_objects(&b) == 0);
        CHECK(count_events(&b, ACTION_FAILED_CREATE) == 1);
        bed_done(&b);
}

TEST(a_failed_removal_is_tried_until_it_works) {
        struct bed b;
        struct lease l;
        struct err err;

        bed_init(&b, "fail_stop=70&seed=3", 10);
        bed_people(&b, minutes);
        l = bed_running(&b, 0, b.web);
        CHECK_OK(bed_try_stop(&b, 0, l.id, &err));
        bed_wait(&b, l.id, LEASE_ENDED);
        CHECK(bed_objects(&b) == 0);
        bed_done(&b);
}

TEST(an_instance_removed_behind_our_back_is_lost) {
        struct bed b;
        struct lease l;
        struct err err;
        char name[64];

        bed_init(&b, "", 10);
        bed_people(&b, minutes);
        l = bed_running(&b, 0, b.web);
        snprintf(name, sizeof(name), "berth-%s", l.id);
        CHECK_OK(runtime_stop(b.rt, name, &err));
        CHECK(bed_wait(&b, l.id, LEASE_ENDED).reason == REASON_LOST);
        CHECK(count_events(&b, ACTION_LOST) == 1);
        bed_done(&b);
}

TEST(an_orphan_is_removed_after_its_grace) {
        struct spec spec = { .name = "berth-00000000000000000000",
                             .lease = "00000000000000000000",
                             .tenant = "1",
                             .image = "berth/x",
                             .memory_mb = 16,
                             .cpu_milli = 100,
                             .pids = 16 };
        struct instance i;
        struct bed b;
        struct err err;

        bed_init(&b, "", 10);
        bed_people(&b, minutes);
        CHECK_OK(runtime_start(b.rt, &spec, &i, &err));
        CHECK(bed_objects(&b) == 1);
        for (int n = 0; n < 300 && bed_objects(&b) > 0; n++)
                bed_sleep_ms(20);
        CHECK(bed_objects(&b) == 0);
        bed_sleep_ms(100);
        CHECK(count_events(&b, ACTION_ORPHAN_REMOVED) == 1);
        bed_done(&b);
}

TEST(a_restart_gives_a_fresh_instance_and_keeps_the_deadline) {
        struct restart r = { 0 };
        struct bed b;
        struct lease l, after;
        struct err err;

        bed_init(&b, "", 10);
        bed_people(&b, minutes);
        l = bed_running(&b, 0, b.web);
        memcpy(r.lease, l.id, sizeof(r.lease));
        r.command.origin = bed_origin(&b, 0);
        restart_command(&r);
        CHECK_OK(engine_call(b.engine, &r.command, &err));
        after = bed_wait(&b, l.id, LEASE_RUNNING);
        CHECK(after.restarts == 1 && after.expires_ms == l.expires_ms);
        CHECK(after.endpoints[0].port == l.endpoints[0].port &&
              bed_connects(after.endpoints[0].port));
        CHECK(bed_objects(&b) == 1);
        bed_done(&b);
}

TEST(a_new_daemon_goes_on_where_the_old_one_was) {
        struct bed b;
        struct lease running, l;
        struct err err;

        bed_init(&b, "start_ms=100&stop_ms=50", 10);
        bed_people(&b, minutes);
        running = bed_running(&b, 0, b.web);
        CHECK_OK(bed_try_start(&b, 1, b.web, &l, &err));
        bed_stop(&b);
        bed_start(&b);
        l = bed_wait(&b, l.id, LEASE_RUNNING);
        CHECK(bed_connects(l.endpoints[0].port));
        CHECK(bed_lease(&b, running.id, &running) && running.state == LEASE_RUNNING);
        CHECK(bed_connects(running.endpoints[0].port));
        CHECK_OK(bed_try_stop(&b, 0, running.id, &err));
        bed_wait(&b, running.id, LEASE_ENDED);
        CHECK(bed_objects(&b) == 1);
        bed_done(&b);
}

/* 100 extends at once: exactly five may win. */
static struct extend many[100];

static void note_done(struct command *cmd) {
        __atomic_add_fetch((int *)cmd->arg, 1, __ATOMIC_SEQ_CST);
}

TEST(a_hundred_extends_at_once) {
        struct bed b;
        struct lease l;
        int done = 0, good = 0;

        bed_init(&b, "", 10);
        bed_people(&b, minutes);
        l = bed_running(&b, 0, b.web);
        for (size_t i = 0; i < ARRAY_SIZE(many); i++) {
                many[i].challenge = b.web;
                many[i].command.origin = bed_origin(&b, 0);
                many[i].command.done = note_done;
                many[i].command.arg = &done;
                extend_command(&many[i]);
                engine_submit(b.engine, &many[i].command);
        }
        while (__atomic_load_n(&done, __ATOMIC_SEQ_CST) < 100)
                bed_sleep_ms(5);
        for (size_t i = 0; i < ARRAY_SIZE(many); i++)
                good += many[i].command.result == 0;
        CHECK(good == 5);
        CHECK(bed_lease(&b, l.id, &l) && l.expires_ms == l.created_ms + 6 * 900000);
        CHECK(count_events(&b, ACTION_EXTENDED) == 5);
        CHECK(count_events(&b, ACTION_FAILED_EXTEND) == 95);
        bed_done(&b);
}

TEST(a_lease_keeps_the_ports_it_was_given) {
        static const char pair[] =
                "{\"name\":\"Pair\",\"slug\":\"pair\",\"value\":1,\"instance\":{\"image\":"
                "\"berth/p\",\"ports\":[{\"name\":\"a\",\"port\":1,\"protocol\":\"tcp\"},{"
                "\"name\":\"b\",\"port\":2,\"protocol\":\"tcp\"}]}}";
        static const char one[] =
                "{\"name\":\"Pair\",\"slug\":\"pair\",\"value\":1,\"instance\":{\"image\":"
                "\"berth/p\",\"ports\":[{\"name\":\"a\",\"port\":1,\"protocol\":\"tcp\"}]}}";
        struct bed b;
        struct lease first, l;
        struct err err;

        bed_init(&b, "", 1);
        bed_people(&b, minutes);
        first = bed_running(&b, 0, b.web);
        CHECK_OK(bed_try_start(&b, 1, bed_challenge_add(&b, pair), &l, &err));
        bed_challenge_add(&b, one); /* its author took a port away while it waited */
        CHECK_OK(bed_try_stop(&b, 0, first.id, &err));
        l = bed_wait(&b, l.id, LEASE_RUNNING);
        CHECK(bed_connects(l.endpoints[0].port) && bed_connects(l.endpoints[1].port));
        bed_done(&b);
}
