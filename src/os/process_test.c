#include "os/process.h"

#include "base/clock.h"
#include "test.h"

static const char *const env[] = { "PATH=/usr/bin:/bin", "NAME=value", NULL };

static struct process_result result;

static void run(const char *script, int timeout_ms, size_t max) {
        const char *const argv[] = { "sh", "-c", script, NULL };
        const struct process_request request = { argv, env, "/tmp", timeout_ms, max };
        struct err err;

        CHECK_OK(process_run(&request, &result, &err));
}

TEST(what_it_wrote_and_how_it_ended) {
        run("echo $NAME; pwd; echo oops >&2; cat; exit 3", 10000, 1000);
        CHECK_STR(result.out.data, "value\n/tmp\n");
        CHECK_STR(result.errors.data, "oops\n");
        CHECK(result.code == 3 && !result.timed_out);
        process_done(&result);
        run("", 10000, 1000);
        CHECK_STR(result.out.data, "");
        CHECK(result.code == 0);
        process_done(&result);
        run("kill -TERM $$", 10000, 1000);
        CHECK(result.code == 128 + 15);
        process_done(&result);
}

TEST(much_output_is_cut_and_does_not_hold_it_up) {
        run("head -c 300000 /dev/zero | tr '\\0' x; echo end >&2", 20000, 1000);
        CHECK(result.out.len == 1000 && result.code == 0);
        CHECK_STR(result.errors.data, "end\n");
        process_done(&result);
}

TEST(its_time_is_bounded) {
        int64_t began = clock_mono_ms();

        run("echo before; sleep 60", 300, 1000);
        CHECK(result.timed_out && result.code == 128 + 9);
        CHECK_STR(result.out.data, "before\n");
        CHECK(clock_mono_ms() - began < 10000);
        process_done(&result);
}

/* A child of its own that keeps the output open. */
TEST(what_it_leaves_behind_ends_with_it) {
        int64_t began = clock_mono_ms();
        char path[64], script[128];

        snprintf(path, sizeof(path), "/tmp/berth-process-test.%d", getpid());
        snprintf(script, sizeof(script), "(sleep 2; touch %s) & echo done", path);
        run(script, 30000, 1000);
        CHECK_STR(result.out.data, "done\n");
        CHECK(result.code == 0 && clock_mono_ms() - began < 1500);
        process_done(&result);
        usleep(2500000);
        CHECK(access(path, F_OK) < 0);
}

TEST(what_is_not_there) {
        const char *const argv[] = { "/nonexistent/program", NULL };
        struct process_request request = { argv, env, "/tmp", 1000, 1000 };
        struct err err;

        CHECK(process_run(&request, &result, &err) == -1 && err.kind == ERR_NOT_FOUND);
        CHECK(strstr(err.msg, "/nonexistent/program"));
        request.folder = "/nonexistent";
        CHECK(process_run(&request, &result, &err) == -1);
}
