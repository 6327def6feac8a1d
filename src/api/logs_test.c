/* Log streams and waiters: bounded, and gone when their peers are. */
#include "api/testsite.h"

static struct site site;
static struct reply r;

static char id[LEASE_ID_SIZE];

static const char *path_to(const char *more) {
        static char path[128];

        snprintf(path, sizeof(path), "/api/v2/instances/%s%s", id, more);
        return path;
}

static void begin(const char *options) {
        site_init(&site, options, 10, false);
        site_ask(&site, &r, ADA, "POST", "/api/v2/instances?wait=20", "{\"challenge\":\"web\"}");
        CHECK_STR(reply_text(&r, "state"), "running");
        snprintf(id, sizeof(id), "%s", reply_text(&r, "id"));
}

/* Reads the head of a stream's answer. */
static int follow(void) {
        int fd = site_send(&site, ADA, "GET", path_to("/logs?follow=1"), "", NULL);
        char head[64] = "";

        CHECK(read(fd, head, sizeof(head) - 1) > 0);
        CHECK(strncmp(head, "HTTP/1.1 200", 12) == 0);
        return fd;
}

TEST(logs_are_shown_once_as_text) {
        begin("");
        site_ask(&site, &r, ADA, "GET", path_to("/logs?tail=10"), NULL);
        CHECK_STATUS(&r, 200);
        CHECK(strstr(reply_header(&r, "Content-Type"), "text/plain"));
        site_ask(&site, &r, ADA, "GET", path_to("/logs?tail=-1"), NULL);
        CHECK_STATUS(&r, 400);
        site_ask(&site, &r, ADA, "DELETE", path_to("?wait=20"), NULL);
        site_ask(&site, &r, ADA, "GET", path_to("/logs"), NULL);
        CHECK_STATUS(&r, 409);
        site_done(&site);
}

TEST(streams_are_bounded_and_end_with_their_peers) {
        int one, two, status = 503;

        begin("");
        one = follow();
        two = follow();
        site_ask(&site, &r, ADA, "GET", path_to("/logs?follow=1"), NULL);
        CHECK_STATUS(&r, 503);
        CHECK(*reply_header(&r, "Retry-After"));
        site_ask(&site, &r, ADA, "GET", path_to("/logs"), NULL);
        CHECK_STATUS(&r, 200);
        close(one);
        for (int i = 0; i < 50 && status == 503; i++) {
                int fd = site_send(&site, ADA, "GET", path_to("/logs?follow=1"), "", NULL);
                char head[13] = "";

                CHECK(read(fd, head, 12) == 12);
                status = atoi(head + 9);
                close(fd);
                bed_sleep_ms(100);
        }
        CHECK(status == 200);
        close(two);
        site_done(&site);
}

TEST(a_stream_ends_with_the_daemon) {
        int64_t from;
        char rest[4096];
        int fd;

        begin("");
        fd = follow();
        from = clock_mono_ms();
        site_done(&site);
        CHECK(clock_mono_ms() - from < 8000);
        while (read(fd, rest, sizeof(rest)) > 0)
                ;
        close(fd);
}

TEST(a_waiter_is_answered_when_the_daemon_ends) {
        int64_t from;
        int fd;

        site_init(&site, "start_ms=30000", 10, false);
        fd = site_send(&site, ADA, "POST", "/api/v2/instances?wait=60",
                       "Content-Type: application/json\r\n", "{\"challenge\":\"web\"}");
        bed_sleep_ms(300);
        from = clock_mono_ms();
        api_quiesce(site.api);
        site_receive(fd, &r);
        CHECK_STATUS(&r, 202);
        CHECK(clock_mono_ms() - from < 2000);
        _exit(0); /* the engine would be waited for */
}

TEST(a_wait_ends_at_its_time) {
        int64_t from;

        site_init(&site, "start_ms=30000", 10, false);
        from = clock_mono_ms();
        site_ask(&site, &r, ADA, "POST", "/api/v2/instances?wait=1", "{\"challenge\":\"web\"}");
        CHECK_STATUS(&r, 202);
        CHECK_STR(reply_text(&r, "state"), "starting");
        CHECK(clock_mono_ms() - from >= 1000 && clock_mono_ms() - from < 3000);
        _exit(0); /* the engine would be waited for */
}
