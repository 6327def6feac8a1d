/* What runtime.h promises, held against the driver that $RUNTIME names. */
#include <pthread.h>

#include "base/clock.h"
#include "base/fault.h"
#include "runtime/fixture.h"

TEST(an_instance_starts_answers_and_stops) {
        struct runtime *rt = open_runtime();
        struct spec spec = spec_of("a");
        struct instance i, j;
        struct err err;

        CHECK_OK(runtime_start(rt, &spec, &i, &err));
        CHECK_STR(i.name, spec.name);
        CHECK_STR(i.lease, spec.lease);
        CHECK(i.state == INSTANCE_RUNNING);
        CHECK(i.generation == 1 && i.hard_deadline_ms == spec.hard_deadline_ms);
        CHECK(i.created_ms > clock_now_ms() - 60000 && i.created_ms < clock_now_ms() + 60000);
        CHECK(i.n_ports == 1 && i.ports[0]);
        check_answers(&i);
        CHECK_OK(runtime_inspect(rt, spec.name, &j, &err));
        CHECK_STR(j.host, i.host);
        CHECK(j.ports[0] == i.ports[0] && j.generation == 1);
        CHECK_OK(runtime_stop(rt, spec.name, &err));
        CHECK(runtime_inspect(rt, spec.name, &j, &err) == -1);
        CHECK(err.kind == ERR_NOT_FOUND);
}

TEST(start_twice_is_one_instance) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct runtime *rt = open_runtime();
        struct spec spec = spec_of("b");
        struct instance i, j, *all;
        struct err err;
        size_t n;

        CHECK_OK(runtime_start(rt, &spec, &i, &err));
        CHECK_OK(runtime_start(rt, &spec, &j, &err));
        CHECK_STR(i.engine_id, j.engine_id);
        CHECK_STR(i.host, j.host);
        CHECK_OK(runtime_list(rt, &arena, &all, &n, &err));
        CHECK(n == 1);
        CHECK_STR(all[0].name, spec.name);
        CHECK_STR(all[0].lease, spec.lease);
        CHECK_STR(all[0].host, i.host);
        CHECK(all[0].ports[0] == i.ports[0] && all[0].n_ports == 1);
        CHECK(all[0].state == INSTANCE_RUNNING && all[0].generation == 1);
        CHECK(all[0].hard_deadline_ms == spec.hard_deadline_ms);
        CHECK(llabs(all[0].created_ms - i.created_ms) < 2000);
}

TEST(another_generation_replaces_the_instance) {
        struct runtime *rt = open_runtime();
        struct spec spec = spec_of("c");
        struct instance i, j;
        struct err err;

        CHECK_OK(runtime_start(rt, &spec, &i, &err));
        spec.generation = 2;
        CHECK_OK(runtime_start(rt, &spec, &j, &err));
        CHECK(j.generation == 2 && j.created_ms >= i.created_ms);
        check_answers(&j);
}

TEST(stopping_what_is_gone_succeeds) {
        struct runtime *rt = open_runtime();
        struct spec spec = spec_of("d");
        struct instance i;
        struct err err;

        CHECK_OK(runtime_stop(rt, "berth-never-was", &err));
        CHECK_OK(runtime_start(rt, &spec, &i, &err));
        CHECK_OK(runtime_stop(rt, spec.name, &err));
        CHECK_OK(runtime_stop(rt, spec.name, &err));
}

TEST(another_install_sees_and_touches_nothing) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct runtime *rt = open_runtime(), *other = open_as("contract-other");
        struct spec spec = spec_of("e");
        struct instance i, *all;
        struct err err;
        size_t n;

        if (is_fake() && !strchr(getenv("RUNTIME") ? getenv("RUNTIME") : "fake:", '/')) {
                runtime_free(other); /* two in memory share nothing anyway */
                return;
        }
        CHECK_OK(runtime_start(rt, &spec, &i, &err));
        CHECK_OK(runtime_list(other, &arena, &all, &n, &err));
        for (size_t k = 0; k < n; k++)
                CHECK(strcmp(all[k].name, spec.name) != 0);
        CHECK_OK(runtime_stop(other, spec.name, &err));
        CHECK(runtime_inspect(other, spec.name, &i, &err) == -1 && err.kind == ERR_NOT_FOUND);
        CHECK(runtime_start(other, &spec, &i, &err) == -1 && err.kind == ERR_INVALID);
        CHECK_OK(runtime_inspect(rt, spec.name, &i, &err));
        CHECK(i.state == INSTANCE_RUNNING);
        runtime_free(other);
}

TEST(a_missing_image_is_one_clear_kind) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct runtime *rt = open_runtime();
        struct spec spec = spec_of("f");
        struct instance i, *all;
        bool here = true;
        struct err err;
        size_t n;

        spec.image = "missing/nothing:1";
        CHECK(runtime_start(rt, &spec, &i, &err) == -1);
        CHECK(err.kind == ERR_NO_IMAGE);
        CHECK_OK(runtime_has_image(rt, spec.image, &here, &err));
        CHECK(!here);
        CHECK_OK(runtime_has_image(rt, image(), &here, &err));
        CHECK(here);
        CHECK_OK(runtime_list(rt, &arena, &all, &n, &err));
        CHECK(n == 0);
}

TEST(only_allowed_images_are_pulled) {
        struct runtime *rt = open_runtime();
        struct err err;

        CHECK_OK(runtime_pull(rt, image(), NULL, NULL, &err));
        CHECK(runtime_pull(rt, "missing/other:1", NULL, NULL, &err) == -1);
        CHECK(err.kind == ERR_NO_IMAGE);
}

TEST(a_bad_spec_is_invalid) {
        struct runtime *rt = open_runtime();
        struct spec good = spec_of("g"), bad;
        struct instance i;
        struct err err;

#define REFUSED(change)                                         \
        do {                                                    \
                bad = good;                                     \
                change;                                         \
                CHECK(runtime_start(rt, &bad, &i, &err) == -1); \
                CHECK(err.kind == ERR_INVALID);                 \
        } while (0)
        REFUSED(bad.name = "../x");
        REFUSED(bad.name = "");
        REFUSED(bad.lease = "a b");
        REFUSED(bad.image = "");
        REFUSED(bad.memory_mb = 2);
        REFUSED(bad.ports[0] = 0);
        REFUSED(bad.n_ports = RUNTIME_PORTS_MAX + 1);
        REFUSED(bad.flag = "F"; bad.flag_path = "flag.txt");
        REFUSED(bad.flag = "F"; bad.flag_path = "/a/../etc/passwd");
        REFUSED(bad.flag_path = "/flag.txt");
#undef REFUSED
}

struct output {
        char out[4096], err[4096];
        size_t n_out, n_err;
};

static bool gather(void *arg, bool is_stderr, const char *text, size_t n) {
        struct output *o = arg;
        char *to = is_stderr ? o->err : o->out;
        size_t *at = is_stderr ? &o->n_err : &o->n_out;

        CHECK(*at + n < sizeof(o->out));
        memcpy(to + *at, text, n);
        *at += n;
        to[*at] = '\0';
        return true;
}

TEST(output_comes_apart_and_follows) {
        struct runtime *rt = open_runtime();
        struct spec spec = spec_of("h");
        struct output o = { 0 };
        struct instance i;
        char want[80];
        struct err err;

        snprintf(want, sizeof(want), "started %s\n", spec.name);
        CHECK_OK(runtime_start(rt, &spec, &i, &err));
        check_answers(&i); /* it has said all when it listens */
        CHECK_OK(runtime_logs(rt, spec.name, false, -1, NULL, gather, &o, &err));
        CHECK_STR(o.out, want);
        CHECK_STR(o.err, "listening\n");
        o = (struct output){ 0 };
        CHECK_OK(runtime_logs(rt, spec.name, false, 0, NULL, gather, &o, &err));
        CHECK(o.n_out + o.n_err == 0);
        CHECK(runtime_logs(rt, "berth-never-was", false, -1, NULL, gather, &o, &err) == -1);
        CHECK(err.kind == ERR_NOT_FOUND);
}

struct follower {
        struct runtime *rt;
        const char *name;
        bool cancel;
        struct output o;
        int result;
        int64_t ended_ms;
};

static void *follow(void *arg) {
        struct follower *f = arg;
        struct err err;

        f->result = runtime_logs(f->rt, f->name, true, -1, &f->cancel, gather, &f->o, &err);
        f->ended_ms = clock_mono_ms();
        return NULL;
}

TEST(following_output_ends_with_cancel_and_with_the_instance) {
        struct runtime *rt = open_runtime();
        struct spec spec = spec_of("i");
        struct follower a = { .rt = rt, .name = spec.name }, b = a;
        struct instance i;
        pthread_t ta, tb;
        int64_t began;
        struct err err;

        CHECK_OK(runtime_start(rt, &spec, &i, &err));
        CHECK(pthread_create(&ta, NULL, follow, &a) == 0);
        CHECK(pthread_create(&tb, NULL, follow, &b) == 0);
        usleep(500000);
        began = clock_mono_ms();
        __atomic_store_n(&a.cancel, true, __ATOMIC_RELAXED);
        pthread_join(ta, NULL);
        CHECK(a.result == 0 && a.ended_ms - began <= 1000);
        CHECK(a.o.n_out > 0);
        CHECK_OK(runtime_stop(rt, spec.name, &err));
        began = clock_mono_ms();
        pthread_join(tb, NULL);
        CHECK(b.ended_ms - began <= 2000);
}

struct watcher {
        struct runtime *rt;
        bool cancel;
        const char *lease;
        int removed, others;
        int result;
};

static void on_event(void *arg, const struct runtime_event *event) {
        struct watcher *w = arg;

        if (strcmp(event->lease, w->lease) != 0)
                w->others++;
        else if (event->what == RUNTIME_EVENT_REMOVED)
                __atomic_fetch_add(&w->removed, 1, __ATOMIC_RELAXED);
}

static void *watch(void *arg) {
        struct watcher *w = arg;
        struct err err;

        w->result = runtime_events(w->rt, &w->cancel, on_event, w, &err);
        return NULL;
}

TEST(events_tell_what_was_removed) {
        struct runtime *rt = open_runtime();
        struct spec spec = spec_of("j");
        struct watcher w = { .rt = rt, .lease = spec.lease };
        struct instance i;
        pthread_t thread;
        int64_t began;
        struct err err;

        CHECK(pthread_create(&thread, NULL, watch, &w) == 0);
        usleep(500000);
        CHECK_OK(runtime_start(rt, &spec, &i, &err));
        usleep(300000);
        CHECK_OK(runtime_stop(rt, spec.name, &err));
        for (int k = 0; k < 50 && !__atomic_load_n(&w.removed, __ATOMIC_RELAXED); k++)
                usleep(100000);
        began = clock_mono_ms();
        __atomic_store_n(&w.cancel, true, __ATOMIC_RELAXED);
        pthread_join(thread, NULL);
        CHECK(clock_mono_ms() - began <= 1000);
        CHECK(w.result == 0 && w.removed == 1 && w.others == 0);
}

TEST(commands_and_figures) {
        const char *yes[] = { "true", NULL }, *no[] = { "false", NULL };
        const char *slow[] = { "sleep", "3", NULL };
        struct runtime *rt = open_runtime();
        struct spec spec = spec_of("k");
        struct usage usage;
        struct instance i;
        int status = -1;
        struct err err;

        CHECK_OK(runtime_start(rt, &spec, &i, &err));
        CHECK_OK(runtime_exec(rt, spec.name, yes, 5000, &status, &err));
        CHECK(status == 0);
        CHECK_OK(runtime_exec(rt, spec.name, no, 5000, &status, &err));
        CHECK(status == 1);
        CHECK(runtime_exec(rt, spec.name, slow, 300, &status, &err) == -1);
        CHECK(err.kind == ERR_TIMEOUT);
        CHECK(runtime_exec(rt, "berth-never-was", yes, 5000, &status, &err) == -1);
        CHECK(err.kind == ERR_NOT_FOUND);
        CHECK_OK(runtime_stats(rt, spec.name, &usage, &err));
        CHECK(usage.memory_bytes > 0 && usage.pids >= 1 && usage.cpu_ns >= 0);
        CHECK(runtime_stats(rt, "berth-never-was", &usage, &err) == -1);
        CHECK(err.kind == ERR_NOT_FOUND);
}

TEST(the_engine_is_well) {
        struct runtime *rt = open_runtime();
        bool remote = strstr(getenv("RUNTIME") ? getenv("RUNTIME") : "fake:", "cert=") != NULL;
        struct runtime_health health;

        runtime_health(rt, &health);
        CHECK(health.up && health.breaker == 0 && health.version[0]);
        CHECK(runtime_remote(rt) == remote);
        /* Nobody here can look at the firewall of another host. */
        CHECK(health.isolated == !remote);
        CHECK((health.problem[0] != '\0') == remote && (health.isolation_fix[0] != '\0') == remote);
}

struct starter {
        struct runtime *rt;
        const struct spec *spec;
        struct instance instance;
        int result;
        struct err err;
};

static void *start(void *arg) {
        struct starter *s = arg;

        s->result = runtime_start(s->rt, s->spec, &s->instance, &s->err);
        return NULL;
}

TEST(eight_starts_at_once_are_one_instance) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct runtime *rt = open_runtime();
        struct spec spec = spec_of("l");
        struct starter starters[8];
        pthread_t threads[8];
        struct instance *all;
        struct err err;
        size_t n;

        for (size_t k = 0; k < ARRAY_SIZE(starters); k++) {
                starters[k] = (struct starter){ .rt = rt, .spec = &spec };
                CHECK(pthread_create(&threads[k], NULL, start, &starters[k]) == 0);
        }
        for (size_t k = 0; k < ARRAY_SIZE(starters); k++) {
                pthread_join(threads[k], NULL);
                err = starters[k].err;
                CHECK_OK(starters[k].result);
                CHECK_STR(starters[k].instance.engine_id, starters[0].instance.engine_id);
        }
        CHECK_OK(runtime_list(rt, &arena, &all, &n, &err));
        CHECK(n == 1);
}

/* The k-th fallible call fails, before or after its effect, for every k: the facade makes it
 * good or says so, and nothing is left over. */
TEST(whatever_fails_nothing_is_left_over) {
        struct runtime *rt = open_runtime();
        struct spec spec = spec_of("m");
        struct instance i;
        struct err err;
        long k = 0;
        bool fired;

        spec.flag = "FLAG{x}";
        spec.flag_path = "/flag.txt";
        do {
                _cleanup_arena_ struct arena arena = { 0 };
                struct instance *all;
                size_t n;
                int started;

                fault_arm(++k);
                started = runtime_start(rt, &spec, &i, &err);
                if (started == 0)
                        CHECK(i.state == INSTANCE_RUNNING);
                else
                        CHECK(err_may_pass(err.kind));
                while (runtime_stop(rt, spec.name, &err) < 0)
                        CHECK(err_may_pass(err.kind));
                fired = fault_fired();
                fault_arm(0);
                CHECK_OK(runtime_list(rt, &arena, &all, &n, &err));
                CHECK(n == 0);
        } while (fired);
        CHECK(k > 4);
}
