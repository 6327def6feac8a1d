#include "api/json_lease.h"
#include "test.h"

static struct lease example(enum lease_state state) {
        return (struct lease){
                .id = "01234567890123456789",
                .challenge = 7,
                .owner = { ACCOUNT_TEAM, 3 },
                .user = 5,
                .state = state,
                .policy = { .max_extensions = 5 },
                .created_ms = 1000000,
                .expires_ms = 1900000,
                .extensions = 2,
                .runtime = "fake",
                .endpoints = { { .name = "web", .protocol = PROTOCOL_HTTP, .port = 30001 },
                               { .name = "shell", .protocol = PROTOCOL_SSH, .port = 30002 } },
                .n_endpoints = 2
        };
}

static json_t *render(const struct lease *l, int64_t now_ms, bool staff) {
        _cleanup_buf_ struct buf b = { 0 };
        json_t *o = NULL;
        struct err err;

        json_lease(&b, &(struct lease_view){ .lease = l,
                                             .slug = "web-101",
                                             .host = "ctf.test",
                                             .now_ms = now_ms,
                                             .staff = staff });
        CHECK_OK(json_parse(b.data, b.len, &o, &err));
        return o;
}

static const char *text(const json_t *o, const char *key) {
        const char *s = json_string_value(json_object_get(o, key));

        return s ? s : "null";
}
static int64_t number(const json_t *o, const char *key) {
        CHECK(json_is_integer(json_object_get(o, key)));
        return json_integer_value(json_object_get(o, key));
}

TEST(a_running_lease_has_every_member) {
        static const char *const members[] = { "id",         "challenge",      "challenge_id",
                                               "state",      "end_reason",     "endpoints",
                                               "created_at", "expires_at",     "remaining_seconds",
                                               "extensions", "max_extensions", "queue",
                                               "restarts" };
        struct lease l = example(LEASE_RUNNING);
        _cleanup_json_ json_t *o = render(&l, 1000500, false);
        const json_t *e = json_array_get(json_object_get(o, "endpoints"), 0);

        for (size_t i = 0; i < ARRAY_SIZE(members); i++)
                CHECK(json_object_get(o, members[i]));
        CHECK_STR(text(o, "challenge"), "web-101");
        CHECK_STR(text(o, "state"), "running");
        CHECK_STR(text(o, "end_reason"), "null");
        CHECK_STR(text(o, "created_at"), "1970-01-01T00:16:40.000Z");
        CHECK(number(o, "remaining_seconds") == 900);
        CHECK(number(o, "max_extensions") == 5);
        CHECK(json_is_null(json_object_get(o, "queue")));
        CHECK(json_array_size(json_object_get(o, "endpoints")) == 2);
        CHECK_STR(text(e, "url"), "http://ctf.test:30001/");
        CHECK(number(e, "port") == 30001);
}

TEST(players_see_no_more_than_they_should) {
        struct lease l = example(LEASE_RUNNING);
        _cleanup_json_ json_t *player = render(&l, 0, false), *staff = render(&l, 0, true);

        CHECK(!json_object_get(player, "runtime") && !json_object_get(player, "problem") &&
              !json_object_get(player, "account"));
        CHECK_STR(text(staff, "runtime"), "fake");
        CHECK(number(staff, "user_id") == 5);
        CHECK_STR(text(json_object_get(staff, "account"), "kind"), "team");
}

TEST(there_is_no_endpoint_before_it_runs) {
        static const enum lease_state others[] = { LEASE_PENDING, LEASE_STARTING, LEASE_STOPPING,
                                                   LEASE_ENDED };

        for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
                struct lease l = example(others[i]);
                _cleanup_json_ json_t *o = render(&l, 0, true);

                CHECK(json_array_size(json_object_get(o, "endpoints")) == 0);
        }
}

TEST(a_waiting_lease_tells_its_place) {
        struct lease l = example(LEASE_PENDING);
        _cleanup_json_ json_t *unknown = NULL, *o = NULL;

        l.place = 4;
        unknown = render(&l, 0, false);
        CHECK(number(json_object_get(unknown, "queue"), "place") == 4);
        CHECK(json_is_null(json_object_get(json_object_get(unknown, "queue"), "estimate_seconds")));
        l.estimate_ms = 1001;
        o = render(&l, 0, false);
        CHECK(number(json_object_get(o, "queue"), "estimate_seconds") == 2);
}

TEST(remaining_seconds_round_up_and_stop_at_zero) {
        struct lease l = example(LEASE_RUNNING);

        CHECK(json_lease_remaining(&l, 1899999) == 1);
        CHECK(json_lease_remaining(&l, 1899000) == 1);
        CHECK(json_lease_remaining(&l, 1898999) == 2);
        CHECK(json_lease_remaining(&l, 1900000) == 0);
        CHECK(json_lease_remaining(&l, 9900000) == 0);
        l.state = LEASE_ENDED;
        CHECK(json_lease_remaining(&l, 1000000) == 0);
}

TEST(a_failure_is_told_plainly_to_players_and_in_detail_to_staff) {
        struct lease l = example(LEASE_ENDED);
        _cleanup_json_ json_t *player = NULL, *staff = NULL;

        l.reason = REASON_FAILED_CREATE;
        snprintf(l.problem, sizeof(l.problem), "docker: no such image \"x\"");
        player = render(&l, 0, false);
        staff = render(&l, 0, true);
        CHECK_STR(text(player, "end_reason"), "failed_create");
        CHECK(strstr(text(player, "error"), "could not be started"));
        CHECK(!strstr(text(player, "error"), "docker"));
        CHECK_STR(text(staff, "problem"), "docker: no such image \"x\"");
}

TEST(urls_by_protocol_and_host) {
        char url[LEASE_URL];

        json_lease_url(PROTOCOL_TCP, "192.0.2.1", 30000, url);
        CHECK_STR(url, "tcp://192.0.2.1:30000");
        json_lease_url(PROTOCOL_SSH, "ctf.test", 22, url);
        CHECK_STR(url, "ssh://ctf.test:22");
        json_lease_url(PROTOCOL_HTTPS, "2001:db8::1", 443, url);
        CHECK_STR(url, "https://[2001:db8::1]:443/");
}
