/* Signing in, out and up, passwords, names; and what a foreign page cannot do. */
#include "api/testsite.h"
#include "core/game_verbs.h"

static struct site site;

/* The session cookie that R sets, as a header line. */
static const char *cookie_of(const struct reply *r) {
        static char lines[4][160];
        static int next;
        const char *set = reply_header(r, "Set-Cookie");
        char *line = lines[next++ % 4];

        snprintf(line, sizeof(lines[0]), "Cookie: %.*s\r\n", (int)strcspn(set, ";"), set);
        return line;
}

static void ask(struct reply *r, const char *headers, const char *method, const char *path,
                const char *body) {
        char all[1024];

        snprintf(all, sizeof(all), "%s%s", headers,
                 body ? "Content-Type: application/json\r\n" : "");
        site_receive(site_send(&site, NOBODY, method, path, all, body), r);
}

#define OWN "X-Berth-CSRF: 1\r\n"

static void sign_in(struct reply *r, const char *name, const char *password) {
        char body[256];

        snprintf(body, sizeof(body), "{\"name\":\"%s\",\"password\":\"%s\"}", name, password);
        ask(r, "", "POST", "/api/v2/session", body);
}

static void set_password(enum who who, const char *password) {
        static struct reply r;
        char path[128], body[128];

        snprintf(path, sizeof(path), "/api/v2/users/%lld/password", (long long)site.ids[who]);
        snprintf(body, sizeof(body), "{\"password\":\"%s\"}", password);
        site_ask(&site, &r, ADMIN, "PUT", path, body);
        CHECK_STATUS(&r, 200);
}

static void open_for_all(void) {
        struct game_set g = { .fields = GAME_SIGN_UP, .rules.sign_up = true };
        struct err err;

        g.command.origin.tenant = site.bed.tenant;
        game_set_command(&g);
        CHECK_OK(engine_call(site.bed.engine, &g.command, &err));
}

TEST(a_session_is_begun_used_and_ended) {
        static struct reply r;
        char cookie[160];

        site_init(&site, "", 10, true);
        set_password(ADA, "correct horse");
        sign_in(&r, "user0", "correct horse");
        CHECK_STATUS(&r, 200);
        CHECK_STR(reply_text(&r, "role"), "player");
        CHECK(strstr(reply_header(&r, "Set-Cookie"), "; HttpOnly; SameSite=Lax"));
        CHECK(!strstr(reply_header(&r, "Set-Cookie"), "Secure"));
        snprintf(cookie, sizeof(cookie), "%s", cookie_of(&r));
        ask(&r, cookie, "GET", "/api/v2/session", NULL);
        CHECK_STATUS(&r, 200);
        ask(&r, cookie, "DELETE", "/api/v2/session", NULL);
        CHECK_STATUS(&r, 403); /* not from our own page */
        char both[256];
        snprintf(both, sizeof(both), "%s%s", cookie, OWN);
        ask(&r, both, "DELETE", "/api/v2/session", NULL);
        CHECK_STATUS(&r, 204);
        ask(&r, cookie, "GET", "/api/v2/session", NULL);
        CHECK_STATUS(&r, 401);
        site_done(&site);
}

TEST(a_wrong_name_and_a_wrong_password_look_alike) {
        static struct reply a, b;

        site_init(&site, "", 10, true);
        set_password(ADA, "correct horse");
        ask(&a, "X-Request-ID: same\r\n", "POST", "/api/v2/session",
            "{\"name\":\"user0\",\"password\":\"wrong\"}");
        ask(&b, "X-Request-ID: same\r\n", "POST", "/api/v2/session",
            "{\"name\":\"nobody\",\"password\":\"wrong\"}");
        CHECK_STATUS(&a, 401);
        CHECK(a.status == b.status);
        CHECK_STR(a.body, b.body);
        site_done(&site);
}

TEST(after_ten_failures_nobody_gets_in_from_there_for_a_while) {
        static struct reply r;

        site_init(&site, "", 10, true);
        set_password(ADA, "correct horse");
        for (int i = 0; i < 30; i++) { /* who is in is not counted */
                sign_in(&r, "user0", "correct horse");
                CHECK_STATUS(&r, 200);
        }
        for (int i = 0; i < 10; i++) {
                sign_in(&r, "user1", "guess");
                CHECK_STATUS(&r, 401);
        }
        sign_in(&r, "user0", "correct horse");
        CHECK_STATUS(&r, 429);
        CHECK(atoi(reply_header(&r, "Retry-After")) > 0);
        site_done(&site);
}

TEST(a_foreign_page_changes_nothing) {
        static struct reply r;
        char headers[512];

        site_init(&site, "", 10, true);
        set_password(ADA, "correct horse");
        sign_in(&r, "user0", "correct horse");
        snprintf(headers, sizeof(headers), "%s%sOrigin: http://evil.example\r\n", cookie_of(&r),
                 OWN);
        ask(&r, headers, "PUT", "/api/v2/session/name", "{\"name\":\"Evil\"}");
        CHECK_STATUS(&r, 403);
        sign_in(&r, "user0", "correct horse");
        snprintf(headers, sizeof(headers), "%s%sOrigin: http://x\r\n", cookie_of(&r), OWN);
        ask(&r, headers, "PUT", "/api/v2/session/name", "{\"name\":\"Ada L\"}");
        CHECK_STATUS(&r, 200);
        site_ask(&site, &r, BOB, "PUT", "/api/v2/session/name",
                 "{\"name\":\"Bob B\"}"); /* a token */
        CHECK_STATUS(&r, 200);
        site_done(&site);
}

TEST(a_new_password_ends_what_was_before) {
        static struct reply r;
        char old[160], headers[256];

        site_init(&site, "", 10, true);
        set_password(BOB, "correct horse");
        site_token(&site, BOB); /* the other was revoked */
        sign_in(&r, "user1", "correct horse");
        snprintf(old, sizeof(old), "%s", cookie_of(&r));
        snprintf(headers, sizeof(headers), "%s%s", old, OWN);
        ask(&r, headers, "PUT", "/api/v2/session/password",
            "{\"old\":\"wrong\",\"new\":\"battery staple\"}");
        CHECK_STATUS(&r, 403);
        ask(&r, headers, "PUT", "/api/v2/session/password",
            "{\"old\":\"correct horse\",\"new\":\"short\"}");
        CHECK_STATUS(&r, 400);
        ask(&r, headers, "PUT", "/api/v2/session/password",
            "{\"old\":\"correct horse\",\"new\":\"battery staple\"}");
        CHECK_STATUS(&r, 200);
        snprintf(headers, sizeof(headers), "%s", cookie_of(&r));
        ask(&r, headers, "GET", "/api/v2/session", NULL);
        CHECK_STATUS(&r, 200);
        ask(&r, old, "GET", "/api/v2/session", NULL);
        CHECK_STATUS(&r, 401);
        site_ask(&site, &r, BOB, "GET", "/api/v2/whoami", NULL);
        CHECK_STATUS(&r, 401);
        sign_in(&r, "user1", "correct horse");
        CHECK_STATUS(&r, 401);
        sign_in(&r, "user1", "battery staple");
        CHECK_STATUS(&r, 200);
        site_done(&site);
}

TEST(who_comes_may_sign_up_where_the_event_is_open) {
        static struct reply r;
        const char *carol =
                "{\"name\":\"carol\",\"password\":\"correct horse\",\"display_name\":\"Carol\"}";

        site_init(&site, "", 10, true);
        ask(&r, "", "POST", "/api/v2/sign-up", carol);
        CHECK_STATUS(&r, 403);
        open_for_all();
        ask(&r, "", "POST", "/api/v2/sign-up", "{\"name\":\"carol\",\"password\":\"short\"}");
        CHECK_STATUS(&r, 400);
        ask(&r, "", "POST", "/api/v2/sign-up", carol);
        CHECK_STATUS(&r, 201);
        ask(&r, cookie_of(&r), "GET", "/api/v2/session", NULL);
        CHECK_STATUS(&r, 200);
        CHECK_STR(json_string_value(json_object_get(json_object_get(r.json, "account"), "name")),
                  "Carol");
        ask(&r, "", "POST", "/api/v2/sign-up", carol);
        CHECK_STATUS(&r, 409);
        site_done(&site);
}

TEST(a_banned_user_is_out) {
        static struct reply r;
        char path[64], cookie[160];

        site_init(&site, "", 10, true);
        set_password(ADA, "correct horse");
        sign_in(&r, "user0", "correct horse");
        snprintf(cookie, sizeof(cookie), "%s", cookie_of(&r));
        snprintf(path, sizeof(path), "/api/v2/users/%lld", (long long)site.ids[ADA]);
        site_ask(&site, &r, ORGANISER, "PATCH", path, "{\"standing\":\"banned\"}");
        CHECK_STATUS(&r, 200);
        ask(&r, cookie, "GET", "/api/v2/session", NULL);
        CHECK_STATUS(&r, 403);
        sign_in(&r, "user0", "correct horse");
        CHECK_STATUS(&r, 403);
        site_done(&site);
}
