/* The fake engine: what its tests and those of others rely on beyond the contract. */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "runtime/fake_store.h"
#include "runtime/fixture.h"

static char dir[64];

static void make_dir(void) {
        snprintf(dir, sizeof(dir), "/tmp/berth-fake-XXXXXX");
        CHECK(mkdtemp(dir));
}

static void remove_dir(void) {
        DIR *d = opendir(dir);
        struct dirent *e;

        CHECK(d);
        while ((e = readdir(d)))
                unlinkat(dirfd(d), e->d_name, 0);
        closedir(d);
        CHECK(rmdir(dir) == 0);
}

static struct runtime *open_dir(const char *options) {
        struct runtime_config config = { .install = "i" };
        struct runtime *rt;
        char url[256];
        struct err err;

        snprintf(url, sizeof(url), "fake:%s%s", dir, options);
        CHECK_OK(runtime_open(url, &config, &rt, &err));
        return rt;
}

static void read_file(const char *name, char ret[1024]) {
        char path[128];
        FILE *f;
        size_t n;

        snprintf(path, sizeof(path), "%s/%s", dir, name);
        f = fopen(path, "r");
        CHECK(f);
        n = fread(ret, 1, 1023, f);
        ret[n] = '\0';
        fclose(f);
}

TEST(records_are_read_as_they_are_written) {
        struct fake_record r = { .name = "berth-a",
                                 .lease = "a",
                                 .install = "i",
                                 .generation = 2,
                                 .created_ms = 1,
                                 .hard_deadline_ms = 2,
                                 .addr = 0x7f010203,
                                 .ports = { 80, 22 },
                                 .n_ports = 2 },
                           s;
        char text[FAKE_RECORD_TEXT];

        fake_record_write(&r, text);
        CHECK(fake_record_read("berth-a", text, &s));
        CHECK(memcmp(&r, &s, sizeof(r)) == 0);
        CHECK(!fake_record_read("a", "i a 1", &s));
        CHECK(!fake_record_read("a", "i a 1 1 1 1 9 1 2 3 4 5 6 7 8 9", &s));
        CHECK(!fake_record_read("a", "i a 1 1 1 1 1 70000", &s));
}

TEST(instances_survive_the_daemon_and_are_shared) {
        struct spec spec = spec_of("s");
        struct runtime *rt, *other;
        struct instance i, j;
        char journal[1024], want[256];
        struct err err;

        make_dir();
        rt = open_dir("");
        CHECK_OK(runtime_start(rt, &spec, &i, &err));
        runtime_free(rt); /* as far as the folder sees, a kill */
        rt = open_dir("");
        other = open_dir("");
        CHECK_OK(runtime_inspect(rt, spec.name, &j, &err));
        CHECK_STR(i.host, j.host);
        check_answers(&j);
        CHECK_OK(runtime_inspect(other, spec.name, &j, &err));
        check_answers(&j);
        CHECK_OK(runtime_stop(rt, spec.name, &err));
        CHECK_OK(runtime_stop(other, spec.name, &err));
        read_file("journal", journal);
        snprintf(want, sizeof(want), "create %s\nremove %s\n", spec.name, spec.name);
        CHECK_STR(journal, want);
        runtime_free(rt);
        runtime_free(other);
        remove_dir();
}

/* What came back before the end; SEND may be NULL. */
static void converse(const struct instance *i, const char *send, char ret[512]) {
        size_t n = 0;
        ssize_t got;
        int fd = dial(i);

        if (send)
                CHECK(write(fd, send, strlen(send)) == (ssize_t)strlen(send));
        shutdown(fd, SHUT_WR);
        while ((got = read(fd, ret + n, 511 - n)) > 0)
                n += (size_t)got;
        ret[n] = '\0';
        close(fd);
}

TEST(instances_answer_and_echo) {
        struct runtime *rt = open_runtime();
        struct spec spec = spec_of("e"), other = spec_of("e2");
        struct instance i, j;
        char got[512], want[512];
        struct err err;

        CHECK_OK(runtime_start(rt, &spec, &i, &err));
        CHECK_OK(runtime_start(rt, &other, &j, &err));
        CHECK(strcmp(i.host, j.host) != 0);
        snprintf(want, sizeof(want), "%s\n", spec.name);
        converse(&i, NULL, got);
        CHECK_STR(got, want);
        snprintf(want, sizeof(want), "%s\nhello\n", other.name);
        converse(&j, "hello\n", got);
        CHECK_STR(got, want);
        converse(&i, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", got);
        CHECK(strncmp(got, "HTTP/1.1 200 OK\r\n", 17) == 0);
        snprintf(want, sizeof(want), "\r\n\r\n%s\n", spec.name);
        CHECK(strstr(got, want));
        converse(&i, "HEAD / HTTP/1.1\r\n\r\n", got);
        CHECK(strncmp(got, "HTTP/1.1 200 OK\r\n", 17) == 0 && !strstr(got, spec.name));
}

TEST(a_stopped_instance_hangs_up) {
        struct runtime *rt = open_runtime();
        struct spec spec = spec_of("h");
        struct instance i;
        char text[128];
        struct err err;
        int fd;

        CHECK_OK(runtime_start(rt, &spec, &i, &err));
        fd = dial(&i);
        CHECK(read(fd, text, sizeof(text)) > 0);
        CHECK_OK(runtime_stop(rt, spec.name, &err));
        CHECK(read(fd, text, sizeof(text)) == 0);
        close(fd);
        fd = dial(&i);
        CHECK(read(fd, text, sizeof(text)) <= 0);
        close(fd);
}

TEST(a_large_echo_comes_back_whole) {
        struct runtime *rt = open_runtime();
        struct spec spec = spec_of("l");
        static char out[1 << 20], in[1 << 20];
        size_t sent = 0, got = 0, skip = 0;
        struct instance i;
        struct err err;
        int fd;

        CHECK_OK(runtime_start(rt, &spec, &i, &err));
        for (size_t k = 0; k < sizeof(out); k++)
                out[k] = (char)(k * 7 % 251);
        fd = dial(&i);
        while (skip < strlen(spec.name) + 1)
                CHECK(read(fd, in, 1) == 1 && ++skip);
        CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
        while (got < sizeof(out)) {
                ssize_t n = sent < sizeof(out) ? write(fd, out + sent, sizeof(out) - sent) : 0;

                sent += n > 0 ? (size_t)n : 0;
                if (sent == sizeof(out))
                        shutdown(fd, SHUT_WR);
                n = read(fd, in + got, sizeof(in) - got);
                CHECK(n != 0);
                got += n > 0 ? (size_t)n : 0;
        }
        CHECK(memcmp(in, out, sizeof(out)) == 0);
        close(fd);
}

TEST(a_file_named_down_is_an_engine_that_is_down) {
        struct spec spec = spec_of("d");
        struct runtime_health health;
        struct runtime *rt;
        struct instance i;
        char path[128];
        struct err err;
        int fd;

        make_dir();
        rt = open_dir("");
        snprintf(path, sizeof(path), "%s/down", dir);
        fd = open(path, O_CREAT | O_WRONLY, 0600);
        CHECK(runtime_start(rt, &spec, &i, &err) == -1 && err.kind == ERR_UNAVAILABLE);
        runtime_health(rt, &health);
        CHECK(!health.up && strstr(health.problem, "down"));
        close(fd);
        CHECK(unlink(path) == 0);
        CHECK_OK(runtime_start(rt, &spec, &i, &err));
        runtime_free(rt);
        remove_dir();
}

TEST(chance_is_repeatable_and_retries_make_some_of_it_good) {
        int outcomes[2][100], good = 0;
        struct err err;

        for (int run = 0; run < 2; run++) {
                struct runtime_config config = { .install = "i" };
                struct runtime *rt;
                struct instance i;

                /* INVALID does not trip the breaker. */
                CHECK_OK(runtime_open("fake:?refuse=40&seed=7", &config, &rt, &err));
                for (int k = 0; k < 100; k++) {
                        struct spec spec = { .name = "a", .lease = "a", .image = "x" };

                        outcomes[run][k] = runtime_start(rt, &spec, &i, &err);
                        CHECK(outcomes[run][k] == 0 || err.kind == ERR_INVALID);
                        good += outcomes[run][k] == 0;
                }
                runtime_free(rt);
        }
        CHECK(memcmp(outcomes[0], outcomes[1], sizeof(outcomes[0])) == 0);
        CHECK(good > 80 && good < 160);
}

TEST(latency_is_as_scripted_and_calls_run_beside_each_other) {
        struct runtime_config config = { .install = "i" };
        struct spec spec = spec_of("t");
        struct runtime *rt;
        struct instance i;
        int64_t began = clock_mono_ms();
        struct err err;

        CHECK_OK(runtime_open("fake:?start_ms=200&stop_ms=100", &config, &rt, &err));
        CHECK_OK(runtime_start(rt, &spec, &i, &err));
        CHECK(clock_mono_ms() - began >= 200);
        CHECK_OK(runtime_stop(rt, spec.name, &err));
        CHECK(clock_mono_ms() - began >= 300 && clock_mono_ms() - began < 2000);
        runtime_free(rt);
}

TEST(an_image_that_exits_has_exited) {
        struct runtime *rt = open_runtime();
        struct spec spec = spec_of("x");
        struct instance i;
        struct err err;

        spec.image = "exits/at-once";
        CHECK_OK(runtime_start(rt, &spec, &i, &err));
        CHECK(i.state == INSTANCE_EXITED && i.exit_code == 3);
        CHECK_OK(runtime_inspect(rt, spec.name, &i, &err));
        CHECK(i.state == INSTANCE_EXITED && i.exit_code == 3 && !i.host[0]);
}

TEST(an_image_is_pulled_where_it_is_allowed) {
        static const char *const allowed[] = { "remote/*", NULL };
        struct runtime_config config = { .install = "i", .allowed_images = allowed };
        struct spec spec = spec_of("p");
        struct runtime *rt;
        struct instance i;
        bool here;
        struct err err;

        CHECK_OK(runtime_open("fake:", &config, &rt, &err));
        spec.image = "remote/a:1";
        CHECK(runtime_start(rt, &spec, &i, &err) == -1 && err.kind == ERR_NO_IMAGE);
        CHECK(runtime_pull(rt, "remotely/a:1", NULL, NULL, &err) == -1);
        CHECK(err.kind == ERR_NO_IMAGE);
        CHECK_OK(runtime_pull(rt, spec.image, NULL, NULL, &err));
        CHECK_OK(runtime_has_image(rt, spec.image, &here, &err));
        CHECK(here);
        CHECK_OK(runtime_start(rt, &spec, &i, &err));
        runtime_free(rt);
}
