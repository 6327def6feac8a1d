/* What a crash, or somebody else, leaves on a real engine, and how a start copes with it. */
#include <stdarg.h>

#include "runtime/fixture.h"

/* Runs a command on the engine's host; its last line, which may be empty. */
_printf_(2, 3) static void shell(char ret[512], const char *fmt, ...) {
        char command[1024], line[512];
        va_list ap;
        FILE *f;

        va_start(ap, fmt);
        vsnprintf(command, sizeof(command), fmt, ap);
        va_end(ap);
        f = popen(command, "r");
        CHECK(f);
        ret[0] = '\0';
        while (fgets(line, sizeof(line), f))
                snprintf(ret, 512, "%.*s", (int)strcspn(line, "\n"), line);
        pclose(f);
}

/* A container as a start makes it, before it is started. */
static void leave_created(const struct spec *spec, const char *more, char id[512]) {
        shell(id,
              "docker create --name %s --network %s --label berth.install=%s --label "
              "berth.lease=%s "
              "--label berth.generation=%d --label berth.ports=7000 %s berth/busybox sh -c '%s'",
              spec->name, getenv("RUNTIME_NETWORK"), install(), spec->lease, spec->generation, more,
              spec->command[2]);
        CHECK(strlen(id) == 64);
}

static void leave_holder(const struct spec *spec) {
        char id[512];

        shell(id,
              "docker create --name %s.flag --network none --label berth.install=%s "
              "--label berth.lease=%s --label berth.flag=%s -v /run/berth berth/busybox never",
              spec->name, install(), spec->lease, spec->name);
        CHECK(strlen(id) == 64);
}

/* The network is made by the first start. */
static void warm_up(struct runtime *rt) {
        struct spec spec = spec_of("warm");
        struct instance i;
        struct err err;

        CHECK_OK(runtime_start(rt, &spec, &i, &err));
        CHECK_OK(runtime_stop(rt, spec.name, &err));
}

TEST(what_was_created_and_not_started_is_adopted) {
        struct runtime *rt = open_runtime();
        struct spec spec = spec_of("created");
        struct instance i;
        char id[512];
        struct err err;

        warm_up(rt);
        leave_created(&spec, "", id);
        CHECK_OK(runtime_inspect(rt, spec.name, &i, &err));
        CHECK(i.state == INSTANCE_CREATED);
        CHECK_OK(runtime_start(rt, &spec, &i, &err));
        CHECK_STR(i.engine_id, id);
        CHECK(i.state == INSTANCE_RUNNING);
        check_answers(&i);
}

TEST(an_adopted_writable_root_gets_its_flag) {
        const char *look[] = { "grep", "-q", "FLAG{z}", "/flag.txt", NULL };
        struct runtime *rt = open_runtime();
        struct spec spec = spec_of("cflag");
        struct instance i;
        int status = -1;
        char id[512];
        struct err err;

        warm_up(rt);
        spec.writable_root = true;
        spec.flag = "FLAG{z}";
        spec.flag_path = "/flag.txt";
        leave_created(&spec, "", id);
        CHECK_OK(runtime_start(rt, &spec, &i, &err));
        CHECK_STR(i.engine_id, id);
        CHECK_OK(runtime_exec(rt, spec.name, look, 5000, &status, &err));
        CHECK(status == 0);
}

TEST(what_has_exited_is_told_and_not_started_again) {
        const char *command[] = { "sh", "-c", "exit 3", NULL };
        struct runtime *rt = open_runtime();
        struct spec spec = spec_of("exit");
        struct instance i;
        struct err err;

        spec.command = command;
        spec.n_ports = 0;
        CHECK_OK(runtime_start(rt, &spec, &i, &err));
        for (int k = 0; k < 100 && i.state != INSTANCE_EXITED; k++) {
                usleep(50000);
                CHECK_OK(runtime_inspect(rt, spec.name, &i, &err));
        }
        CHECK(i.state == INSTANCE_EXITED && i.exit_code == 3);
        CHECK_OK(runtime_start(rt, &spec, &i, &err));
        CHECK(i.state == INSTANCE_EXITED && i.exit_code == 3);
}

TEST(a_holder_that_was_left_is_seen_and_removed) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct runtime *rt = open_runtime();
        struct spec spec = spec_of("holder");
        struct instance i, *all;
        struct err err;
        size_t n;

        leave_holder(&spec);
        CHECK_OK(runtime_list(rt, &arena, &all, &n, &err));
        CHECK(n == 1 && all[0].state == INSTANCE_CREATED);
        CHECK_STR(all[0].name, spec.name);
        CHECK_STR(all[0].lease, spec.lease);
        CHECK_OK(runtime_inspect(rt, spec.name, &i, &err));
        CHECK_OK(runtime_stop(rt, spec.name, &err));
        CHECK_OK(runtime_list(rt, &arena, &all, &n, &err));
        CHECK(n == 0);
}

TEST(a_holder_that_was_left_does_not_stop_a_start) {
        _cleanup_arena_ struct arena arena = { 0 };
        const char *look[] = { "grep", "-q", "FLAG{h}", "/flag.txt", NULL };
        struct runtime *rt = open_runtime();
        struct spec spec = spec_of("holder2");
        struct instance i, *all;
        int status = -1;
        struct err err;
        size_t n;

        spec.flag = "FLAG{h}";
        spec.flag_path = "/flag.txt";
        leave_holder(&spec);
        CHECK_OK(runtime_start(rt, &spec, &i, &err));
        CHECK_OK(runtime_exec(rt, spec.name, look, 5000, &status, &err));
        CHECK(status == 0);
        CHECK_OK(runtime_list(rt, &arena, &all, &n, &err));
        CHECK(n == 1);
}

TEST(a_removed_network_is_made_again) {
        struct runtime *rt = open_runtime();
        struct spec spec = spec_of("net");
        char answer[512];
        struct instance i;
        struct err err;

        warm_up(rt);
        shell(answer, "docker network rm %s", getenv("RUNTIME_NETWORK"));
        CHECK_STR(answer, getenv("RUNTIME_NETWORK"));
        CHECK_OK(runtime_start(rt, &spec, &i, &err));
        check_answers(&i);
}

TEST(a_network_that_does_not_isolate_is_refused) {
        char network[64], answer[512];
        struct runtime_config config = { .install = "i", .network = network };
        struct spec spec = spec_of("bad");
        struct runtime *rt;
        struct instance i;
        struct err err;

        snprintf(network, sizeof(network), "%.50s-open", getenv("RUNTIME_NETWORK"));
        shell(answer, "docker network create %s", network);
        CHECK_OK(runtime_open("docker:", &config, &rt, &err));
        CHECK(runtime_start(rt, &spec, &i, &err) == -1 && err.kind == ERR_INVALID);
        CHECK(strstr(err.msg, "does not isolate"));
        shell(answer, "docker network rm %s", network);
        runtime_free(rt);
}

/* What the engine refuses leaves nothing. */
static void check_refused(struct runtime *rt, const struct spec *spec) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct instance i, *all;
        struct err err;
        size_t n;

        CHECK(runtime_start(rt, spec, &i, &err) == -1);
        CHECK(err.kind == ERR_INVALID);
        CHECK_OK(runtime_list(rt, &arena, &all, &n, &err));
        CHECK(n == 0);
}

TEST(what_the_engine_refuses_is_invalid_and_leaves_nothing) {
        struct runtime *rt = open_runtime();
        struct spec spec = spec_of("refused"), flagged = spec_of("refused2");

        spec.cpu_milli = 9000000; /* more than there are */
        check_refused(rt, &spec);
        flagged.flag = "x";
        flagged.flag_path = "/bin/busybox/flag"; /* a file is no folder */
        check_refused(rt, &flagged);
        flagged.writable_root = true;
        check_refused(rt, &flagged);
}

TEST(a_command_needs_an_instance_that_runs) {
        const char *exits[] = { "true", NULL };
        struct runtime *rt = open_runtime();
        struct spec spec = spec_of("conflict");
        int status;
        struct instance i;
        struct err err;

        spec.command = exits;
        spec.n_ports = 0;
        CHECK_OK(runtime_start(rt, &spec, &i, &err));
        for (int k = 0; k < 100 && i.state != INSTANCE_EXITED; k++) {
                usleep(50000);
                CHECK_OK(runtime_inspect(rt, spec.name, &i, &err));
        }
        CHECK(runtime_exec(rt, spec.name, exits, 5000, &status, &err) == -1);
        CHECK(err.kind == ERR_CONFLICT);
}

TEST(a_program_that_is_not_there_is_an_exit_code) {
        const char *command[] = { "no-such-program", NULL };
        struct runtime *rt = open_runtime();
        struct spec spec = spec_of("noprog");
        int status = 0;
        struct instance i;
        struct err err;

        CHECK_OK(runtime_start(rt, &spec, &i, &err));
        CHECK_OK(runtime_exec(rt, spec.name, command, 5000, &status, &err));
        CHECK(status == 127 || status == 126);
}
