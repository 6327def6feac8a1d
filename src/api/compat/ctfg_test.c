/* CTFG's routes, as its front end, its emulator and its judges use them. */
#include "api/testsite.h"

static struct site site;
static struct reply r;

#define FIRST                                                                                      \
        "{\"name\":\"First\",\"slug\":\"first\",\"number\":7,\"category\":\"Web\",\"difficulty\":" \
        "\"Easy\",\"description\":\"for "                                                          \
        "@DISPLAYNAME@\",\"value\":100,\"flags\":[{\"type\":\"regex\","                            \
        "\"content\":\"^26$\"}],\"hints\":[{\"content\":\"h1\",\"cost\":60},{\"content\":\"h2\","  \
        "\"cost\":60}],\"content\":{\"who\":\"@USERNAME@\"}}"
#define SECOND                                                                                  \
        "{\"name\":\"Second\",\"slug\":\"second\",\"number\":8,\"value\":50,\"flags\":[\"x\"]," \
        "\"requirements\":[\"first\"]}"

static char cookie[160];

static void call(const char *method, const char *path, const char *body, int status) {
        char headers[512];

        snprintf(headers, sizeof(headers), "%s%s", cookie,
                 body ? "Content-Type: application/json\r\n" : "");
        site_receive(site_send(&site, NOBODY, method, path, headers, body), &r);
        CHECK_STATUS(&r, status);
}

static void begin(bool limits) {
        char path[128];
        const char *set;

        site_init(&site, "", 10, limits);
        bed_challenge_add(&site.bed, FIRST);
        bed_challenge_add(&site.bed, SECOND);
        for (enum who w = ADA; w <= BOB; w++) {
                snprintf(path, sizeof(path), "/api/v2/users/%lld/password", (long long)site.ids[w]);
                site_ask(&site, &r, ADMIN, "PUT", path, "{\"password\":\"secret\"}");
                CHECK_STATUS(&r, 200);
        }
        *cookie = '\0';
        call("POST", "/api/login", "{\"username\":\"user0\",\"password\":\"secret\"}", 200);
        set = reply_header(&r, "Set-Cookie");
        snprintf(cookie, sizeof(cookie), "Cookie: %.*s\r\n", (int)strcspn(set, ";"), set);
}

static void check_result(const char *result) { CHECK_STR(reply_text(&r, "result"), result); }

TEST(a_player_signs_in_and_out) {
        begin(true);
        CHECK_STR(reply_text(&r, "displayname"), "null");
        CHECK_STR(reply_text(&r, "needs_name"), "true");
        CHECK(strncmp(reply_text(&r, "websocket_url"), "ws://x/scorestream", 18) == 0);
        call("GET", "/api/me", NULL, 200);
        CHECK_STR(reply_text(&r, "username"), "user0");
        call("POST", "/api/set-name", "{\"name\":\"Ada L\"}", 200);
        check_result("ok");
        call("POST", "/api/set-name", "{\"name\":\"x\"}", 400);
        CHECK(strstr(reply_text(&r, "error"), "at least 2 characters"));
        call("GET", "/api/me", NULL, 200);
        CHECK_STR(reply_text(&r, "displayname"), "Ada L");
        call("POST", "/api/logout", NULL, 204);
        call("GET", "/api/me", NULL, 401);
        CHECK_STR(reply_text(&r, "error"), "no session");
        call("POST", "/api/login", "{\"username\":\"user0\",\"password\":\"wrong\"}", 401);
        CHECK_STR(reply_text(&r, "error"), "invalid_credentials");
        site_done(&site);
}

TEST(a_name_is_taken_once) {
        begin(true);
        call("POST", "/api/set-name", "{\"name\":\"Ada\"}", 200);
        site_token(&site, BOB);
        site_ask(&site, &r, BOB, "POST", "/api/set-name", "{\"name\":\"ada\"}");
        CHECK_STATUS(&r, 409);
        CHECK_STR(reply_text(&r, "error"), "name_taken");
        site_done(&site);
}

TEST(challenges_are_as_its_front_end_wants_them) {
        begin(true);
        call("POST", "/api/set-name", "{\"name\":\"Ada\"}", 200);
        call("GET", "/api/challenges", NULL, 200);
        const json_t *c = json_array_get(r.json, 2); /* after web and plain */
        CHECK(json_array_size(r.json) == 3);
        CHECK(json_integer_value(json_object_get(c, "id")) == 7);
        CHECK(json_integer_value(json_object_get(c, "points")) == 100);
        CHECK_STR(json_string_value(json_object_get(c, "description")), "for Ada");
        CHECK_STR(json_string_value(json_object_get(json_object_get(c, "content"), "who")),
                  "user0");
        CHECK(json_is_false(json_object_get(c, "solved")));
        CHECK(json_array_size(json_object_get(c, "hints")) == 2);
        CHECK(!strstr(r.body, "h1") && !strstr(r.body, "26"));
        site_done(&site);
}

TEST(flags_hints_and_answers) {
        begin(true);
        call("POST", "/api/submit", "{\"id\":7,\"flag\":\"261\"}", 200);
        check_result("incorrect");
        call("POST", "/api/submit", "{\"id\":8,\"flag\":\"x\"}", 403);
        CHECK_STR(reply_text(&r, "error"), "locked");
        call("POST", "/api/submit", "{\"id\":99,\"flag\":\"x\"}", 400);
        CHECK_STR(reply_text(&r, "error"), "unknown_id");
        call("POST", "/api/hint", "{\"id\":7,\"hint_id\":1}", 402);
        CHECK_STR(reply_text(&r, "error"), "insufficient_points");
        call("POST", "/api/submit", "{\"id\":7,\"flag\":\" 26\\n\"}", 200);
        check_result("correct");
        CHECK_STR(reply_text(&r, "points"), "100");
        CHECK_STR(reply_text(&r, "total"), "100");
        call("POST", "/api/submit", "{\"id\":7,\"flag\":\"26\"}", 200);
        check_result("already_solved");
        CHECK_STR(reply_text(&r, "total"), "100");
        call("POST", "/api/hint", "{\"id\":7,\"hint_id\":2}", 403);
        call("POST", "/api/hint", "{\"id\":7,\"hint_id\":1}", 200);
        check_result("ok");
        CHECK_STR(reply_text(&r, "text"), "h1");
        call("POST", "/api/hint", "{\"id\":7,\"hint_id\":1}", 400);
        CHECK_STR(reply_text(&r, "error"), "already_purchased");
        call("POST", "/api/hint", "{\"id\":7,\"hint_id\":9}", 400);
        CHECK_STR(reply_text(&r, "error"), "unknown_hint");
        call("POST", "/api/hint", "{\"id\":99,\"hint_id\":1}", 400);
        CHECK_STR(reply_text(&r, "error"), "unknown_challenge");
        call("POST", "/api/hint", "{\"id\":7}", 400);
        CHECK_STR(reply_text(&r, "error"), "missing_parameters");
        site_done(&site);
}

TEST(its_limit_and_ours_are_one) {
        begin(true);
        for (int i = 0; i < 10; i++)
                call("POST", "/api/submit", "{\"id\":7,\"flag\":\"no\"}", 200);
        call("POST", "/api/submit", "{\"id\":7,\"flag\":\"26\"}", 429);
        CHECK_STR(reply_text(&r, "error"), "rate_limit_exceeded");
        site_done(&site);
}

static void award(const char *token, const char *body, int status) {
        char headers[256];

        snprintf(headers, sizeof(headers),
                 "Authorization: %s\r\nContent-Type: application/json\r\n", token);
        site_receive(site_send(&site, NOBODY, "POST", "/api/award", headers, body), &r);
        CHECK_STATUS(&r, status);
}

TEST(a_judge_awards_who_never_signed_in) {
        begin(true);
        award(site.tokens[ORGANISER], "{\"username\":\"user1\",\"id\":\"7\"}", 200);
        check_result("ok");
        award(site.tokens[ORGANISER], "{\"username\":\"user1\",\"id\":7}", 200);
        check_result("already_solved");
        award(site.tokens[ORGANISER], "{\"username\":\"user1\",\"id\":99}", 400);
        award("brt_wrong", "{\"username\":\"user1\",\"id\":7}", 401);
        call("POST", "/api/award", "{\"username\":\"user0\",\"id\":7}", 403); /* a player */
        site_ask(&site, &r, ORGANISER, "GET", "/api/v2/scoreboard", NULL);
        CHECK(strstr(r.body, "\"score\":100,\"solves\":1"));
        site_done(&site);
}

TEST(a_reset_needs_an_administrators_token) {
        char body[256];

        begin(true);
        call("POST", "/api/submit", "{\"id\":7,\"flag\":\"26\"}", 200);
        call("GET", "/reset", NULL, 200);
        CHECK(strstr(r.body, "name=\"token\""));
        call("POST", "/admin/reset", "{\"token\":\"wrong\"}", 401);
        snprintf(body, sizeof(body), "{\"token\":\"%s\"}", site.tokens[ORGANISER]);
        call("POST", "/admin/reset", body, 401);
        snprintf(body, sizeof(body), "token=%s", site.tokens[ADMIN]);
        site_receive(site_send(&site, NOBODY, "POST", "/admin/reset",
                               "Content-Type: application/x-www-form-urlencoded\r\n", body),
                     &r);
        CHECK_STATUS(&r, 400);
        snprintf(body, sizeof(body), "token=%s&confirm=yes", site.tokens[ADMIN]);
        site_receive(site_send(&site, NOBODY, "POST", "/admin/reset",
                               "Content-Type: application/x-www-form-urlencoded\r\n", body),
                     &r);
        CHECK_STATUS(&r, 200);
        call("GET", "/api/me", NULL, 401);
        call("POST", "/admin/reset", "{\"token\":\"wrong\"}", 401);
        call("POST", "/admin/reset", "{\"token\":\"wrong\"}", 429);
        site_done(&site);
}

TEST(a_foreign_page_cannot_act_by_cookie) {
        char headers[512];

        begin(true);
        snprintf(headers, sizeof(headers),
                 "%sOrigin: http://evil.example\r\nContent-Type: application/json\r\n", cookie);
        site_receive(site_send(&site, NOBODY, "POST", "/api/submit", headers,
                               "{\"id\":7,\"flag\":\"26\"}"),
                     &r);
        CHECK_STATUS(&r, 403);
        snprintf(headers, sizeof(headers), "%sContent-Type: text/plain\r\n", cookie);
        site_receive(site_send(&site, NOBODY, "POST", "/api/submit", headers,
                               "{\"id\":7,\"flag\":\"26\"}"),
                     &r);
        CHECK_STATUS(&r, 415);
        site_done(&site);
}
