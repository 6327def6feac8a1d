/* The Docker driver's parsers, and how it bears an engine that misbehaves. */
#include <pthread.h>
#include <signal.h>
#include <sys/un.h>

#include "base/clock.h"
#include "runtime/docker_json.h"
#include "runtime/docker_net.h"
#include "runtime/docker_stream.h"
#include "runtime/fixture.h"

#define TEXT(s) (s), strlen(s)

/* Frames. */

struct said {
        char out[256], err[256];
        size_t limit; /* pieces after which it wants no more; 0: none */
        size_t pieces;
};

static bool hear(void *arg, bool is_stderr, const char *text, size_t n) {
        struct said *s = arg;
        char *to = is_stderr ? s->err : s->out;

        CHECK(strlen(to) + n < sizeof(s->out));
        memcpy(to + strlen(to), text, n);
        return ++s->pieces != s->limit;
}

#define FRAME(stream, length) stream "\0\0\0\0\0\0" length

static const char both[] = FRAME("\1", "\4") "out\n" FRAME("\2", "\4") "err\n" FRAME("\1", "\0")
        FRAME("\0", "\3") "in\n";

TEST(frames_come_apart_wherever_they_are_cut) {
        struct err err;

        for (size_t step = 1; step < sizeof(both); step++) {
                struct said s = { 0 };
                struct docker_frames f = { .sink = hear, .arg = &s };

                for (size_t at = 0; at < sizeof(both) - 1; at += step) {
                        size_t left = sizeof(both) - 1 - at;

                        CHECK_OK(
                                docker_frames_feed(&f, both + at, step < left ? step : left, &err));
                }
                docker_frames_end(&f);
                CHECK_STR(s.out, "out\nin\n");
                CHECK_STR(s.err, "err\n");
        }
}

static void check_mended(const char *text, size_t n, const char *want) {
        struct err err;

        for (size_t cut = 0; cut <= n; cut++) {
                char frames[64] = FRAME("\1", "\0"), second[64] = FRAME("\1", "\0");
                struct said s = { 0 };
                struct docker_frames f = { .sink = hear, .arg = &s };

                frames[7] = (char)cut;
                second[7] = (char)(n - cut);
                memcpy(frames + 8, text, cut);
                memcpy(second + 8, text + cut, n - cut);
                CHECK_OK(docker_frames_feed(&f, frames, 8 + cut, &err));
                CHECK_OK(docker_frames_feed(&f, second, 8 + n - cut, &err));
                docker_frames_end(&f);
                CHECK_STR(s.out, want);
        }
}

#define BAD "\xef\xbf\xbd"

TEST(characters_are_whole_and_valid_wherever_they_are_cut) {
        check_mended(TEXT("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z"),
                     "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z");
        check_mended(TEXT("\x80\xff!"), BAD BAD "!");
        check_mended(TEXT("\xc0\xaf"), BAD BAD);                 /* overlong */
        check_mended(TEXT("\xed\xa0\x80"), BAD BAD BAD);         /* a surrogate */
        check_mended(TEXT("\xf4\x90\x80\x80"), BAD BAD BAD BAD); /* beyond Unicode */
        check_mended(TEXT("\xe2\x82!"), BAD BAD "!");
        check_mended(TEXT("\xe2\xe2\x82\xac"), BAD "\xe2\x82\xac");
}

TEST(what_is_cut_short_at_the_end_is_replaced) {
        struct said s = { 0 };
        struct docker_frames f = { .sink = hear, .arg = &s };
        struct err err;

        CHECK_OK(docker_frames_feed(&f, FRAME("\1", "\3") "a\xf0\x9f", 11, &err));
        CHECK_STR(s.out, "a");
        docker_frames_end(&f);
        CHECK_STR(s.out, "a" BAD);
}

TEST(streams_do_not_mend_each_other) {
        struct said s = { 0 };
        struct docker_frames f = { .sink = hear, .arg = &s };
        struct err err;

        CHECK_OK(docker_frames_feed(&f, FRAME("\1", "\1") "\xc3", 9, &err));
        CHECK_OK(docker_frames_feed(&f, FRAME("\2", "\1") "e", 9, &err));
        CHECK_OK(docker_frames_feed(&f, FRAME("\1", "\1") "\xa9", 9, &err));
        CHECK_STR(s.out, "\xc3\xa9");
        CHECK_STR(s.err, "e");
}

TEST(what_is_no_frame_is_garbled) {
        struct said s = { 0 };
        struct err err;

        for (const char *const *bad =
                     (const char *const[]){ "hello world", "\3\0\0\0", "\1\1\0\0", NULL };
             *bad; bad++) {
                struct docker_frames f = { .sink = hear, .arg = &s };

                CHECK(docker_frames_feed(&f, *bad, 4, &err) == -1 && err.kind == ERR_GARBLED);
        }
}

TEST(a_listener_may_stop) {
        struct said s = { .limit = 1 };
        struct docker_frames f = { .sink = hear, .arg = &s };
        struct err err;

        CHECK_OK(docker_frames_feed(&f, both, sizeof(both) - 1, &err));
        CHECK(f.stopped && s.pieces == 1);
}

static int count_line(void *arg, const char *line, size_t n, _unused_ struct err *err) {
        CHECK(n > 0 && line[n - 1] == '\n');
        ++*(int *)arg;
        return 0;
}

TEST(lines_are_bounded) {
        static char text[DOCKER_LINE_MAX + 1];
        int lines = 0;
        struct docker_lines l = { .line = count_line, .arg = &lines };
        struct err err;

        CHECK_OK(docker_lines_feed(&l, TEXT("a\nb"), &err));
        CHECK_OK(docker_lines_feed(&l, TEXT("c\nd\n"), &err));
        CHECK(lines == 3);
        memset(text, 'x', sizeof(text));
        CHECK(docker_lines_feed(&l, text, sizeof(text), &err) == -1 && err.kind == ERR_GARBLED);
        docker_lines_done(&l);
}

/* Answers. */

TEST(the_api_is_the_oldest_from_1_41_up) {
        static const struct {
                const char *text, *api;
        } cases[] = {
                { "{\"ApiVersion\":\"1.41\",\"MinAPIVersion\":\"1.12\"}", "1.41" },
                { "{\"ApiVersion\":\"1.52\",\"MinAPIVersion\":\"1.44\"}", "1.44" },
                { "{\"ApiVersion\":\"1.47\"}", "1.41" },
        };
        struct docker_version v;
        struct err err;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                CHECK_OK(docker_json_version(TEXT(cases[i].text), &v, &err));
                CHECK_STR(v.api, cases[i].api);
                CHECK(!v.init);
        }
        CHECK(docker_json_version(TEXT("{\"ApiVersion\":\"1.40\"}"), &v, &err) == -1);
        CHECK(err.kind == ERR_INVALID);
        CHECK(docker_json_version(TEXT("{\"ApiVersion\":\"x\"}"), &v, &err) == -1);
        CHECK(err.kind == ERR_GARBLED);
        CHECK_OK(docker_json_version(TEXT("{\"ApiVersion\":\"1.41\",\"Components\":["
                                          "{\"Name\":\"docker-init\",\"Version\":\"0.19.0\"}]}"),
                                     &v, &err));
        CHECK(v.init);
}

TEST(refusals_have_one_clear_kind) {
        static const struct {
                int status;
                const char *message;
                enum err_kind kind;
        } cases[] = {
                { 404, "No such image: x:latest", ERR_NO_IMAGE },
                { 404, "No such container: x", ERR_NOT_FOUND },
                { 409, "Conflict. The container name is in use", ERR_CONFLICT },
                { 400, "invalid reference format", ERR_INVALID },
                { 500, "write /var/lib/docker: no space left on device", ERR_NO_SPACE },
                { 500, "dial unix containerd.sock: connection refused", ERR_UNAVAILABLE },
                { 500, "driver failed", ERR_INTERNAL },
                { 503, "busy", ERR_UNAVAILABLE },
                { 504, "slow", ERR_TIMEOUT },
        };
        struct err err;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                CHECK(docker_refusal(cases[i].status, cases[i].message, &err) == -1);
                CHECK(err.kind == cases[i].kind);
        }
}

TEST(a_container_is_read) {
        static const char text[] =
                "{\"Id\":\"abc\",\"Name\":\"/berth-7\",\"State\":{\"Status\":\"running\"},"
                "\"Config\":{\"Labels\":{\"berth.install\":\"i\",\"berth.lease\":\"7\","
                "\"berth.generation\":\"3\",\"berth.hard_deadline\":\"99\",\"berth.ports\":\"80,"
                "22\"}},"
                "\"NetworkSettings\":{\"Networks\":{\"berth\":{\"IPAddress\":\"172.18.0.9\"}},"
                "\"Ports\":{\"22/tcp\":[{\"HostIp\":\"0.0.0.0\",\"HostPort\":\"49154\"}],"
                "\"80/tcp\":[{\"HostPort\":\"49155\"}]}}}";
        struct docker_container c;
        struct err err;

        CHECK_OK(docker_json_container(TEXT(text), NULL, &c, &err));
        CHECK_STR(c.install, "i");
        CHECK_STR(c.instance.name, "berth-7");
        CHECK_STR(c.instance.host, "172.18.0.9");
        CHECK(c.instance.n_ports == 2 && c.instance.ports[0] == 80 && c.instance.ports[1] == 22);
        CHECK(c.instance.generation == 3 && c.instance.hard_deadline_ms == 99);
        CHECK_OK(docker_json_container(TEXT(text), "10.0.0.1", &c, &err));
        CHECK_STR(c.instance.host, "10.0.0.1");
        CHECK(c.instance.ports[0] == 49155 && c.instance.ports[1] == 49154);
}

TEST(a_list_is_read) {
        static const char text[] =
                "[{\"Id\":\"abc\",\"Names\":[\"/berth-7\"],\"State\":\"exited\","
                "\"Status\":\"Exited (137) 2 minutes ago\",\"Labels\":{\"berth.lease\":\"7\"}},"
                "{\"Id\":\"def\",\"Names\":[\"/berth-8\"],\"State\":\"running\","
                "\"Labels\":{\"berth.ports\":\"80\"},"
                "\"Ports\":[{\"PrivatePort\":80,\"PublicPort\":49155,\"Type\":\"tcp\"}]}]";
        _cleanup_arena_ struct arena arena = { 0 };
        struct docker_container *all;
        struct err err;
        size_t n;

        CHECK_OK(docker_json_list(TEXT(text), "h", &arena, &all, &n, &err));
        CHECK(n == 2);
        CHECK(all[0].instance.state == INSTANCE_EXITED && all[0].instance.exit_code == 137);
        CHECK(all[1].instance.state == INSTANCE_RUNNING && all[1].instance.ports[0] == 49155);
}

TEST(only_our_instances_make_events) {
        static const char die[] = "{\"Action\":\"die\",\"Actor\":{\"Attributes\":"
                                  "{\"berth.lease\":\"7\",\"name\":\"berth-7\"}}}";
        static const char holder[] = "{\"Action\":\"destroy\",\"Actor\":{\"Attributes\":"
                                     "{\"berth.lease\":\"7\",\"berth.flag\":\"berth-7\","
                                     "\"name\":\"berth-7.flag\"}}}";
        struct runtime_event event;
        bool relevant;
        struct err err;

        CHECK_OK(docker_json_event(TEXT(die), &relevant, &event, &err));
        CHECK(relevant && event.what == RUNTIME_EVENT_EXITED);
        CHECK_STR(event.lease, "7");
        CHECK_OK(docker_json_event(TEXT(holder), &relevant, &event, &err));
        CHECK(!relevant);
        CHECK(docker_json_event(TEXT("[1]"), &relevant, &event, &err) == -1);
        CHECK(err.kind == ERR_GARBLED);
}

TEST(progress_tells_failures) {
        char status[128];
        int percent;
        struct err err;

        CHECK_OK(docker_json_progress(TEXT("{\"status\":\"Downloading\",\"id\":\"ab\","
                                           "\"progressDetail\":{\"current\":1,\"total\":4}}"),
                                      status, &percent, &err));
        CHECK_STR(status, "Downloading ab");
        CHECK(percent == 25);
        CHECK(docker_json_progress(TEXT("{\"error\":\"manifest unknown\"}"), status, &percent,
                                   &err) == -1);
        CHECK(err.kind == ERR_NO_IMAGE);
}

TEST(an_engine_that_cannot_isolate_is_told) {
        char problem[256];
        struct err err;

        CHECK_OK(docker_json_info(TEXT("{\"MemoryLimit\":true,\"SwapLimit\":false,"
                                       "\"CpuCfsQuota\":true,\"PidsLimit\":true,"
                                       "\"SecurityOptions\":[\"name=apparmor\"]}"),
                                  problem, sizeof(problem), &err));
        CHECK_STR(problem, "the engine cannot limit swap; the engine does not filter system calls");
}

TEST(bridges_have_names_that_fit) {
        char name[BRIDGE_NAME_MAX], other[BRIDGE_NAME_MAX];

        docker_bridge_name("berth", FIREWALL_INNER, name);
        CHECK_STR(name, "berth0");
        docker_bridge_name("a-network-with-a-long-name", FIREWALL_OUT, name);
        docker_bridge_name("a-network-with-a-long-nama", FIREWALL_OUT, other);
        CHECK(strlen(name) == 12 && strcmp(name, other) != 0);
}

/* An engine of our own that says what the test wants. */

struct engine {
        const char *answer; /* NULL: none at all */
        size_t n;
        int hold_ms; /* before it closes */
        int listener;
        char path[108];
        pthread_t thread;
        int asked;
};

static void *serve(void *arg) {
        struct engine *e = arg;
        char request[4096];
        int fd;

        while ((fd = accept(e->listener, NULL, NULL)) >= 0) {
                e->asked++;
                if (read(fd, request, sizeof(request)) > 0 && e->answer)
                        CHECK(write(fd, e->answer, e->n) >= 0 || e->n > 1 << 20);
                usleep((unsigned)e->hold_ms * 1000);
                close(fd);
        }
        return NULL;
}

static struct runtime *talk_to(struct engine *e) {
        struct runtime_config config = { .install = "i" };
        struct sockaddr_un at = { .sun_family = AF_UNIX };
        struct runtime *rt;
        char url[160];
        struct err err;

        signal(SIGPIPE, SIG_IGN);
        snprintf(e->path, sizeof(e->path), "/tmp/berth-engine-%d", (int)getpid());
        snprintf(at.sun_path, sizeof(at.sun_path), "%s", e->path);
        unlink(e->path);
        e->listener = socket(AF_UNIX, SOCK_STREAM, 0);
        CHECK(bind(e->listener, (struct sockaddr *)&at, sizeof(at)) == 0);
        CHECK(listen(e->listener, 16) == 0);
        CHECK(pthread_create(&e->thread, NULL, serve, e) == 0);
        snprintf(url, sizeof(url), "docker://%s", e->path);
        CHECK_OK(runtime_open(url, &config, &rt, &err));
        return rt;
}

static void check_list_fails(struct engine *e, enum err_kind kind, int tries) {
        _cleanup_arena_ struct arena arena = { 0 };
        _cleanup_(runtime_freep) struct runtime *rt = talk_to(e);
        struct instance *all;
        struct err err;
        size_t n;

        CHECK(runtime_list(rt, &arena, &all, &n, &err) == -1);
        CHECK(err.kind == kind);
        shutdown(e->listener, SHUT_RDWR);
        pthread_join(e->thread, NULL);
        CHECK(e->asked == tries);
        close(e->listener);
        unlink(e->path);
}

static void check_answer_fails(const char *answer, enum err_kind kind, int tries) {
        struct engine e = { .answer = answer, .n = answer ? strlen(answer) : 0 };

        check_list_fails(&e, kind, tries);
}

#define HTTP(status, body) "HTTP/1.1 " status "\r\nConnection: close\r\n\r\n" body

TEST(garbled_answers_are_garbled_and_tried_three_times) {
        check_answer_fails(HTTP("200 OK", "{\"ApiVersion\":"), ERR_GARBLED, 3);
        check_answer_fails(HTTP("200 OK", "[]"), ERR_GARBLED, 3);
        check_answer_fails(HTTP("200 OK", ""), ERR_GARBLED, 3);
        check_answer_fails(HTTP("200 OK", "\xff\xfe"), ERR_GARBLED, 3);
        check_answer_fails("SSH-2.0-OpenSSH_9.2\r\n", ERR_GARBLED, 3);
        check_answer_fails("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}", ERR_GARBLED, 3);
}

TEST(an_engine_that_hangs_up_is_unavailable) {
        check_answer_fails(NULL, ERR_UNAVAILABLE, 3);
        check_answer_fails(HTTP("503 Service Unavailable", "{\"message\":\"x\"}"), ERR_UNAVAILABLE,
                           3);
}

TEST(what_cannot_pass_is_tried_once) {
        check_answer_fails(HTTP("400 Bad Request", "{\"message\":\"x\"}"), ERR_INVALID, 1);
        check_answer_fails(HTTP("500 Error", "{\"message\":\"no space left on device\"}"),
                           ERR_NO_SPACE, 1);
}

TEST(an_endless_answer_is_cut_off) {
        size_t n = (size_t)20 << 20;
        _cleanup_free_ char *text = malloc(n);
        struct engine e = { .answer = text, .n = n };

        CHECK(text);
        memset(text, ' ', n);
        memcpy(text, HTTP("200 OK", ""), strlen(HTTP("200 OK", "")));
        check_list_fails(&e, ERR_GARBLED, 3);
}

TEST(an_engine_that_is_not_there_is_unavailable_and_then_left_alone) {
        struct runtime_config config = { .install = "i" };
        _cleanup_(runtime_freep) struct runtime *rt = NULL;
        struct runtime_health health;
        struct instance i;
        int64_t began;
        struct err err;

        CHECK_OK(runtime_open("docker:///nonexistent/docker.sock", &config, &rt, &err));
        CHECK(runtime_breaker(rt) == 0);
        CHECK(runtime_inspect(rt, "a", &i, &err) == -1 && err.kind == ERR_UNAVAILABLE);
        CHECK(runtime_breaker(rt) == 0); /* three failures */
        CHECK(runtime_inspect(rt, "a", &i, &err) == -1 && err.kind == ERR_UNAVAILABLE);
        CHECK(runtime_breaker(rt) == 2); /* five */
        began = clock_mono_us();
        CHECK(runtime_inspect(rt, "a", &i, &err) == -1 && err.kind == ERR_UNAVAILABLE);
        CHECK(clock_mono_us() - began < 5000);
        runtime_health(rt, &health);
        CHECK(!health.up && health.breaker == 2 && health.problem[0]);
}

TEST(bad_urls_are_invalid) {
        static const char *const bad[] = { "docker:/run/docker.sock",
                                           "docker://",
                                           "docker://h:0",
                                           "docker://h:99999",
                                           "docker://h?x=1",
                                           "docker://a/b",
                                           "dockers:",
                                           "podman:",
                                           "fake:?x=1",
                                           "fake:?fail=x" };
        struct runtime_config config = { .install = "i" }, nameless = { .install = "" };
        struct runtime *rt;
        struct err err;

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                CHECK(runtime_open(bad[i], &config, &rt, &err) == -1 && err.kind == ERR_INVALID);
        CHECK(runtime_open("fake:", &nameless, &rt, &err) == -1 && err.kind == ERR_INVALID);
        CHECK_OK(runtime_open("docker://engine.example:2376?cert=/etc/berth", &config, &rt, &err));
        CHECK(runtime_remote(rt));
        runtime_free(rt);
}
