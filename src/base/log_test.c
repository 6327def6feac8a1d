#include <pthread.h>
#include <pty.h>
#include <sys/socket.h>

#include "base/attr.h"
#include "base/json.h"
#include "base/log.h"
#include "test.h"

/* Standard error becomes a socket of datagrams: what one write() gave is one of them.  A check
 * that fails in here is told by the exit status only. */
static int from;

static void redirect(void) {
        int fds[2];

        CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds) == 0);
        CHECK(dup2(fds[1], STDERR_FILENO) == STDERR_FILENO);
        from = fds[0];
}

static const char *line(void) {
        static char text[8192];
        ssize_t n = recv(from, text, sizeof(text) - 1, MSG_DONTWAIT);

        CHECK(n > 0 && text[n - 1] == '\n');
        text[n - 1] = '\0';
        CHECK(!strchr(text, '\n'));
        return text;
}

static bool silent(void) {
        char c;

        return recv(from, &c, 1, MSG_DONTWAIT) < 0;
}

static json_t *record(void) {
        const char *text = line();
        struct err err;
        json_t *j;

        CHECK(json_parse(text, strlen(text), &j, &err) == 0);
        return j;
}

static void has(const json_t *j, const char *key, const char *want) {
        const char *got = json_string_value(json_object_get(j, key));

        CHECK(got && strcmp(got, want) == 0);
}

TEST(a_line_is_one_object_and_one_write) {
        _cleanup_json_ json_t *j = NULL;
        char name[] = "web-1";

        redirect();
        log_info("lease running", LOG_TEXT("lease", name), LOG_INT("ms", -5),
                 LOG_TEXT("none", NULL));
        j = record();
        has(j, "level", "info");
        has(j, "msg", "lease running");
        has(j, "lease", "web-1");
        has(j, "none", "");
        CHECK(json_integer_value(json_object_get(j, "ms")) == -5);
        CHECK(strlen(json_string_value(json_object_get(j, "ts"))) == 24);
        CHECK(silent());
}

TEST(levels) {
        redirect();
        log_debug("not by default");
        CHECK(silent());
        log_set_level(LOG_DEBUG);
        log_debug("now");
        json_decref(record());
        log_set_level(LOG_ERROR);
        log_warn("not any more");
        CHECK(silent());
        log_error("this");
        json_decref(record());
}

TEST(bytes_from_outside_do_no_harm) {
        _cleanup_json_ json_t *j = NULL, *cut = NULL;
        char large[5000];

        redirect();
        log_info("x", LOG_TEXT("a", "\"},\n{\xff\x1b[2J"));
        j = record();
        has(j, "a", "\"},\n{\xef\xbf\xbd\x1b[2J");
        memset(large, 'y', sizeof(large) - 1);
        large[sizeof(large) - 1] = '\0';
        log_info("x", LOG_TEXT("a", large));
        cut = record();
        CHECK(json_string_length(json_object_get(cut, "a")) == 1024);
}

TEST(people_get_text_without_control) {
        char text[1000] = "";
        int master, slave;
        size_t n = 0;

        CHECK(openpty(&master, &slave, NULL, NULL, NULL) == 0);
        CHECK(dup2(slave, STDERR_FILENO) == STDERR_FILENO);
        log_warn("odd", LOG_TEXT("a", "x\x1b[2J\n\xc2\x9b\xff\xc3\xa4"), LOG_TEXT("b", "two words"),
                 LOG_INT("n", 3));
        while (!strchr(text, '\n')) {
                ssize_t got = read(master, text + n, sizeof(text) - 1 - n);

                CHECK(got > 0);
                n += (size_t)got;
        }
        CHECK(strstr(text, " warn  odd a=x?[2J???\xc3\xa4 b=\"two words\" n=3"));
        CHECK(!strchr(text, '\x1b'));
}

static void *write_often(void *arg) {
        for (int i = 0; i < 100; i++)
                log_info("line", LOG_INT("i", i), LOG_TEXT("text", "some more text"));
        return arg;
}

TEST(threads_do_not_mix_lines) {
        pthread_t threads[4];

        redirect();
        for (size_t i = 0; i < 4; i++)
                CHECK(pthread_create(&threads[i], NULL, write_often, NULL) == 0);
        for (int i = 0; i < 400; i++) {
                char text[1000];
                ssize_t n = recv(from, text, sizeof(text), 0);
                struct err err;
                json_t *j;

                CHECK(n > 0);
                CHECK(json_parse(text, (size_t)n, &j, &err) == 0);
                json_decref(j);
        }
        for (size_t i = 0; i < 4; i++)
                pthread_join(threads[i], NULL);
        CHECK(silent());
}
