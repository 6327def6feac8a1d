/* The native routes, over HTTP, on a whole engine. */
#include "api/testsite.h"

static struct site site;
static struct reply r;

/* A running instance of "web" of WHO. */
static const char *start_web(enum who who) {
        static char ids[4][LEASE_ID_SIZE];
        static int next;
        char *id = ids[next++ % 4];

        site_ask(&site, &r, who, "POST", "/api/v2/instances?wait=20", "{\"challenge\":\"web\"}");
        CHECK(r.status == 202 || r.status == 200);
        CHECK_STR(reply_text(&r, "state"), "running");
        snprintf(id, LEASE_ID_SIZE, "%s", reply_text(&r, "id"));
        return id;
}

static const char *path_to(const char *id, const char *more) {
        static char path[128];

        snprintf(path, sizeof(path), "/api/v2/instances/%s%s", id, more);
        return path;
}

TEST(an_instance_from_start_to_end) {
        char id[LEASE_ID_SIZE], url[64];

        site_init(&site, "start_ms=100&stop_ms=50", 10, true);
        site_ask(&site, &r, ADA, "POST", "/api/v2/instances", "{\"challenge\":\"web\"}");
        CHECK_STATUS(&r, 202);
        snprintf(id, sizeof(id), "%s", reply_text(&r, "id"));
        CHECK_STR(reply_header(&r, "Location"), path_to(id, ""));
        CHECK_STR(reply_text(&r, "endpoints"), "[]");
        CHECK_STR(reply_text(&r, "challenge"), "web");
        CHECK_STR(reply_text(&r, "remaining_seconds"), "900");
        CHECK_STR(start_web(ADA), id);
        CHECK_STATUS(&r, 200);
        snprintf(url, sizeof(url), "\"url\":\"tcp://%s:42", site.bed.host);
        CHECK(strstr(reply_text(&r, "endpoints"), url));
        site_ask(&site, &r, ADA, "GET", path_to(id, ""), NULL);
        CHECK_STATUS(&r, 200);
        CHECK(!*reply_text(&r, "runtime"));
        site_ask(&site, &r, ADA, "DELETE", path_to(id, ""), NULL);
        CHECK_STATUS(&r, 202);
        CHECK_STR(reply_text(&r, "state"), "stopping");
        site_ask(&site, &r, ADA, "DELETE", path_to(id, "?wait=20"), NULL);
        CHECK_STATUS(&r, 200);
        CHECK_STR(reply_text(&r, "state"), "ended");
        site_ask(&site, &r, ADA, "GET", path_to(id, ""), NULL);
        CHECK_STATUS(&r, 200);
        CHECK_STR(reply_text(&r, "end_reason"), "stopped_manual");
        CHECK_STR(reply_text(&r, "remaining_seconds"), "0");
        site_ask(&site, &r, ADA, "POST", path_to(id, "/extend"), NULL);
        CHECK_STATUS(&r, 404);
        site_done(&site);
}

TEST(five_extensions_and_no_sixth) {
        char text[64];

        site_init(&site, "", 10, true);
        const char *id = start_web(ADA);
        for (int i = 1; i <= 5; i++) {
                site_ask(&site, &r, ADA, "POST", path_to(id, "/extend"), NULL);
                CHECK_STATUS(&r, 200);
                snprintf(text, sizeof(text), "Container extended by 15 minutes (extension %d/5)",
                         i);
                CHECK_STR(reply_text(&r, "message"), text);
        }
        site_ask(&site, &r, ADA, "POST", path_to(id, "/extend"), NULL);
        CHECK_STATUS(&r, 403);
        CHECK_STR(reply_text(&r, "error"), "Maximum extensions reached (5)");
        CHECK_STR(reply_text(&r, "code"), "limit_reached");
        for (int i = 7; i <= 10; i++)
                site_ask(&site, &r, ADA, "POST", path_to(id, "/extend"), NULL);
        CHECK_STATUS(&r, 403);
        site_ask(&site, &r, ADA, "POST", path_to(id, "/extend"), NULL);
        CHECK_STATUS(&r, 429);
        CHECK(atoi(reply_header(&r, "Retry-After")) >= 1);
        CHECK(atoi(reply_header(&r, "Retry-After")) <= 6);
        CHECK_STR(reply_text(&r, "code"), "rate_limited");
        site_ask(&site, &r, BOB, "POST", path_to(id, "/extend"), NULL);
        CHECK_STATUS(&r, 404);
        site_done(&site);
}

TEST(a_restart_keeps_the_lease) {
        site_init(&site, "", 10, true);
        const char *id = start_web(ADA);
        site_ask(&site, &r, ADA, "POST", path_to(id, "/restart?wait=20"), NULL);
        CHECK_STATUS(&r, 202);
        CHECK_STR(reply_text(&r, "id"), id);
        CHECK_STR(reply_text(&r, "restarts"), "1");
        CHECK_STR(reply_text(&r, "state"), "running");
        site_done(&site);
}

TEST(another_accounts_lease_is_not_there_and_asking_is_recorded) {
        static const char *const ways[][2] = { { "GET", "" },
                                               { "DELETE", "" },
                                               { "POST", "/extend" },
                                               { "POST", "/restart" },
                                               { "GET", "/logs" } };

        site_init(&site, "", 10, true);
        const char *id = start_web(ADA);
        for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
                site_ask(&site, &r, BOB, ways[i][0], path_to(id, ways[i][1]), NULL);
                CHECK_STATUS(&r, 404);
                CHECK_STR(reply_text(&r, "code"), "not_found");
        }
        site_ask(&site, &r, ADMIN, "GET", "/api/v2/events?action=denied", NULL);
        CHECK_STATUS(&r, 200);
        CHECK(json_array_size(json_object_get(r.json, "items")) == ARRAY_SIZE(ways));
        for (int i = 0; i < 30; i++)
                site_ask(&site, &r, BOB, "GET", path_to(id, ""), NULL);
        site_ask(&site, &r, ADMIN, "GET", "/api/v2/events?action=denied", NULL);
        CHECK(json_array_size(json_object_get(r.json, "items")) < 15);
        site_ask(&site, &r, ORGANISER, "GET", path_to(id, ""), NULL);
        CHECK_STATUS(&r, 200);
        CHECK_STR(reply_text(&r, "runtime"), "fake");
        site_ask(&site, &r, ORGANISER, "DELETE", path_to(id, "?wait=20"), NULL);
        CHECK_STATUS(&r, 200);
        CHECK_STR(reply_text(&r, "end_reason"), "admin");
        site_done(&site);
}

TEST(lists_are_of_ones_own_live_instances) {
        site_init(&site, "", 10, true);
        const char *ada = start_web(ADA), *bob = start_web(BOB);
        site_ask(&site, &r, ADA, "GET", "/api/v2/instances", NULL);
        CHECK_STATUS(&r, 200);
        CHECK(json_array_size(json_object_get(r.json, "items")) == 1);
        CHECK_STR(reply_text(&r, "next"), "null");
        site_ask(&site, &r, ADA, "GET", "/api/v2/instances?all=1", NULL);
        CHECK_STATUS(&r, 403);
        site_ask(&site, &r, ORGANISER, "GET", "/api/v2/instances?all=1&limit=1", NULL);
        CHECK_STATUS(&r, 200);
        CHECK(strstr(r.body, bob) && !strstr(r.body, ada));
        char path[640];
        snprintf(path, sizeof(path), "/api/v2/instances?all=1&limit=1&cursor=%s",
                 reply_text(&r, "next"));
        site_ask(&site, &r, ORGANISER, "GET", path, NULL);
        CHECK(strstr(r.body, ada) && !strstr(r.body, bob));
        CHECK_STR(reply_text(&r, "next"), "null");
        site_ask(&site, &r, ADA, "DELETE", path_to(ada, "?wait=20"), NULL);
        site_ask(&site, &r, ADA, "GET", "/api/v2/instances", NULL);
        CHECK(json_array_size(json_object_get(r.json, "items")) == 0);
        site_ask(&site, &r, ADA, "GET", "/api/v2/instances?state=any&challenge=web", NULL);
        CHECK(json_array_size(json_object_get(r.json, "items")) == 1);
        site_ask(&site, &r, ADA, "GET", "/api/v2/instances?state=gone", NULL);
        CHECK_STATUS(&r, 400);
        site_done(&site);
}

TEST(a_queued_lease_tells_its_place) {
        site_init(&site, "", 1, true);
        start_web(ADA);
        site_ask(&site, &r, BOB, "POST", "/api/v2/instances?wait=1", "{\"challenge\":\"web\"}");
        CHECK_STATUS(&r, 202);
        CHECK_STR(reply_text(&r, "state"), "pending");
        CHECK(strstr(reply_text(&r, "queue"), "\"place\":1"));
        site_done(&site);
}

TEST(bad_input_is_refused_and_changes_nothing) {
        static const struct {
                const char *type, *body;
                int status;
                const char *text;
        } bad[] = {
                { "text/plain", "{\"challenge\":\"web\"}", 415, "application/json" },
                { "application/x-www-form-urlencoded", "challenge=web", 415, "application/json" },
                { "application/json", "{\"challenge\":", 400, "line 1" },
                { "application/json", "[\"web\"]", 400, "object" },
                { "application/json", "{}", 400, "challenge" },
                { "application/json", "{\"challenge\":7}", 400, "challenge" },
                { "application/json", "{\"challenge\":null}", 400, "challenge" },
                { "application/json", "{\"challenge\":\"\"}", 400, "challenge" },
                { "application/json", "", 400, "empty" },
                { "application/json", "{\"challenge\":\"nope\"}", 404, "challenge" },
        };
        char type[128];

        site_init(&site, "", 10, false);
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                snprintf(type, sizeof(type), "Content-Type: %s\r\n", bad[i].type);
                site_receive(site_send(&site, ADA, "POST", "/api/v2/instances", type, bad[i].body),
                             &r);
                CHECK_STATUS(&r, bad[i].status);
                CHECK(strstr(reply_text(&r, "error"), bad[i].text));
                CHECK_STR(reply_header(&r, "Content-Type"), "application/problem+json");
                CHECK_STR(reply_text(&r, "request_id"), reply_header(&r, "X-Request-ID"));
        }
        site_ask(&site, &r, ADA, "POST", "/api/v2/instances?wait=61", "{\"challenge\":\"web\"}");
        CHECK_STATUS(&r, 400);
        site_ask(&site, &r, ADA, "GET", path_to("00000000000000000000", ""), NULL);
        CHECK_STATUS(&r, 404);
        site_ask(&site, &r, ADA, "GET", path_to("..%2f..%2fetc", ""), NULL);
        CHECK_STATUS(&r, 400);
        site_ask(&site, &r, ADA, "GET", "/api/v2/nothing", NULL);
        CHECK_STATUS(&r, 404);
        site_ask(&site, &r, ADA, "PATCH", "/api/v2/instances", "{}");
        CHECK_STATUS(&r, 405);
        CHECK_STR(reply_header(&r, "Allow"), "POST, GET, HEAD, OPTIONS");
        site_ask(&site, &r, NOBODY, "OPTIONS", "/api/v2/instances", NULL);
        CHECK_STATUS(&r, 204);
        site_ask(&site, &r, ADMIN, "GET", "/api/v2/instances?all=1", NULL);
        CHECK_STR(reply_text(&r, "items"), "[]");
        site_done(&site);
}

TEST(what_the_server_refuses_is_a_problem_too) {
        char *big = malloc((1 << 17) + 1);

        site_init(&site, "", 10, false);
        memset(big, 'x', 1 << 17);
        big[1 << 17] = '\0';
        site_receive(site_send(&site, ADA, "GET", "/health",
                               "X-Request-ID: mine\r\nContent-Length: 9999999\r\n", NULL),
                     &r);
        CHECK_STATUS(&r, 413);
        CHECK_STR(reply_text(&r, "code"), "too_large");
        CHECK_STR(reply_text(&r, "request_id"), "mine");
        memcpy(big, "/", 1);
        big[9000] = '\0';
        site_ask(&site, &r, ADA, "GET", big, NULL);
        CHECK_STATUS(&r, 414);
        CHECK_STR(reply_text(&r, "code"), "uri_too_long");
        free(big);
        site_done(&site);
}

TEST(a_token_is_needed_and_must_be_good) {
        char path[640];

        site_init(&site, "", 10, true);
        site_ask(&site, &r, NOBODY, "GET", "/api/v2/instances", NULL);
        CHECK_STATUS(&r, 401);
        CHECK(*reply_header(&r, "WWW-Authenticate"));
        site_receive(site_send(&site, NOBODY, "GET", "/api/v2/instances",
                               "Authorization: Bearer brt_wrong\r\n", NULL),
                     &r);
        CHECK_STATUS(&r, 401);
        site_ask(&site, &r, BOB, "GET", "/api/v2/whoami", NULL);
        CHECK_STATUS(&r, 200);
        snprintf(path, sizeof(path), "/api/v2/tokens/%s", reply_text(&r, "token_id"));
        site_ask(&site, &r, ADMIN, "DELETE", path, NULL);
        CHECK_STATUS(&r, 200);
        CHECK(strstr(reply_text(&r, "revoked_at"), "T"));
        site_ask(&site, &r, BOB, "GET", "/api/v2/whoami", NULL);
        CHECK_STATUS(&r, 401);
        for (int i = 0; i < 20; i++)
                site_ask(&site, &r, NOBODY, "GET", "/api/v2/instances", NULL);
        CHECK_STATUS(&r, 429);
        CHECK(atoi(reply_header(&r, "Retry-After")) >= 1);
        site_ask(&site, &r, ADA, "GET", "/api/v2/whoami", NULL);
        CHECK_STATUS(&r, 200);
        site_done(&site);
}

TEST(an_expired_token_is_refused) {
        static struct reply made;
        char header[640];

        site_init(&site, "", 10, true);
        site_ask(&site, &made, ADMIN, "POST", "/api/v2/tokens",
                 "{\"user\":\"user0\",\"expires_in_seconds\":1,\"label\":\"short\"}");
        CHECK_STATUS(&made, 201);
        snprintf(header, sizeof(header), "Authorization: Bearer %s\r\n",
                 reply_text(&made, "token"));
        site_receive(site_send(&site, NOBODY, "GET", "/api/v2/whoami", header, NULL), &r);
        CHECK_STATUS(&r, 200);
        bed_sleep_ms(1100);
        site_receive(site_send(&site, NOBODY, "GET", "/api/v2/whoami", header, NULL), &r);
        CHECK_STATUS(&r, 401);
        json_decref(made.json);
        site_done(&site);
}

TEST(a_flood_is_limited_by_account_and_endpoint) {
        site_init(&site, "", 10, true);
        for (int i = 0; i < 100; i++) {
                site_ask(&site, &r, ADA, "GET", "/api/v2/challenges", NULL);
                CHECK_STATUS(&r, 200);
        }
        for (int i = 0; i < 20 && r.status == 200; i++)
                site_ask(&site, &r, ADA, "GET", "/api/v2/challenges", NULL);
        CHECK_STATUS(&r, 429);
        CHECK_STR(reply_header(&r, "Retry-After"), "1");
        CHECK_STR(reply_header(&r, "X-Content-Type-Options"), "nosniff");
        site_ask(&site, &r, ADA, "GET", "/api/v2/instances", NULL);
        CHECK_STATUS(&r, 200);
        site_ask(&site, &r, BOB, "GET", "/api/v2/challenges", NULL);
        CHECK_STATUS(&r, 200);
        site_done(&site);
}

TEST(roles_are_kept_apart) {
        static const char *const admin_only[] = { "/api/v2/events", "/api/v2/tokens",
                                                  "/api/v2/tenants" };

        site_init(&site, "", 10, true);
        for (size_t i = 0; i < ARRAY_SIZE(admin_only); i++) {
                site_ask(&site, &r, ADA, "GET", admin_only[i], NULL);
                CHECK_STATUS(&r, 403);
                site_ask(&site, &r, ORGANISER, "GET", admin_only[i], NULL);
                CHECK_STATUS(&r, 403);
                site_ask(&site, &r, ADMIN, "GET", admin_only[i], NULL);
                CHECK_STATUS(&r, 200);
        }
        site_ask(&site, &r, ADA, "GET", "/api/v2/users", NULL);
        CHECK_STATUS(&r, 403);
        site_ask(&site, &r, ORGANISER, "GET", "/api/v2/users", NULL);
        CHECK_STATUS(&r, 200);
        site_ask(&site, &r, ADA, "PUT", "/api/v2/challenges", "[]");
        CHECK_STATUS(&r, 403);
        site_done(&site);
}

TEST(users_teams_and_tokens_are_made_once_and_listed) {
        char path[640];

        site_init(&site, "", 10, true);
        site_ask(&site, &r, ADMIN, "POST", "/api/v2/teams", "{\"name\":\"Red\"}");
        CHECK_STATUS(&r, 201);
        site_ask(&site, &r, ADMIN, "POST", "/api/v2/users", "{\"name\":\"Zoe\",\"team\":\"Red\"}");
        CHECK_STATUS(&r, 201);
        CHECK_STR(reply_text(&r, "team"), "Red");
        CHECK_STR(reply_text(&r, "role"), "player");
        snprintf(path, sizeof(path), "/api/v2/users/%s", reply_text(&r, "id"));
        CHECK_STR(reply_header(&r, "Location"), path);
        site_ask(&site, &r, ADMIN, "PATCH", path, "{\"role\":\"organiser\",\"team\":null}");
        CHECK_STATUS(&r, 200);
        CHECK_STR(reply_text(&r, "role"), "organiser");
        CHECK_STR(reply_text(&r, "team"), "null");
        site_ask(&site, &r, ADMIN, "PATCH", path, "{\"role\":\"king\"}");
        CHECK_STATUS(&r, 400);
        site_ask(&site, &r, ADMIN, "PATCH", "/api/v2/users/999", "{}");
        CHECK_STATUS(&r, 404);
        site_ask(&site, &r, ADMIN, "POST", "/api/v2/users", "{\"name\":\"Zoe\"}");
        CHECK_STATUS(&r, 409);
        CHECK(!strstr(r.body, "UNIQUE") && !strstr(r.body, "app_user"));
        site_ask(&site, &r, ADMIN, "GET", "/api/v2/users?limit=2", NULL);
        CHECK(json_array_size(json_object_get(r.json, "items")) == 2);
        snprintf(path, sizeof(path), "/api/v2/users?limit=100&cursor=%s", reply_text(&r, "next"));
        site_ask(&site, &r, ADMIN, "GET", path, NULL);
        CHECK(json_array_size(json_object_get(r.json, "items")) == 3);
        CHECK(strstr(r.body, "Zoe"));
        site_ask(&site, &r, ADMIN, "GET", "/api/v2/tokens?user=user1", NULL);
        CHECK(json_array_size(json_object_get(r.json, "items")) == 1);
        CHECK(!strstr(r.body, "brt_"));
        site_done(&site);
}

static void post_with_key(const char *path, const char *key, const char *body) {
        char headers[640];

        snprintf(headers, sizeof(headers),
                 "Content-Type: application/json\r\nIdempotency-Key: %s\r\n", key);
        site_receive(site_send(&site, ADMIN, "POST", path, headers, body), &r);
}

TEST(a_key_makes_a_post_happen_once) {
        char first[TOKEN_TEXT];

        site_init(&site, "", 10, true);
        post_with_key("/api/v2/tokens", "k1", "{\"user\":\"user0\"}");
        CHECK_STATUS(&r, 201);
        snprintf(first, sizeof(first), "%s", reply_text(&r, "token"));
        post_with_key("/api/v2/tokens", "k1", "{\"user\":\"user0\"}");
        CHECK_STATUS(&r, 201);
        CHECK_STR(reply_text(&r, "token"), first);
        CHECK_STR(reply_header(&r, "Idempotency-Replayed"), "true");
        CHECK(*reply_header(&r, "Location"));
        post_with_key("/api/v2/tokens", "k1", "{\"user\":\"user1\"}");
        CHECK_STATUS(&r, 409);
        post_with_key("/api/v2/users", "k2", "{\"name\":\"\"}");
        CHECK_STATUS(&r, 400);
        post_with_key("/api/v2/users", "k2", "{\"name\":\"Max\"}");
        CHECK_STATUS(&r, 201);
        site_done(&site);
}

TEST(tenants_are_for_the_first_ones_admins) {
        char header[640];

        site_init(&site, "", 10, true);
        site_ask(&site, &r, ADMIN, "POST", "/api/v2/tenants",
                 "{\"slug\":\"other\",\"mode\":\"team\",\"max_per_account\":1}");
        CHECK_STATUS(&r, 201);
        site_ask(&site, &r, ADMIN, "GET", "/api/v2/tenants", NULL);
        CHECK(json_array_size(json_object_get(r.json, "items")) == 2);
        site_ask(&site, &r, ADMIN, "POST", "/api/v2/users",
                 "{\"name\":\"boss\",\"role\":\"admin\",\"tenant\":\"other\"}");
        CHECK_STATUS(&r, 201);
        site_ask(&site, &r, ADMIN, "POST", "/api/v2/tokens",
                 "{\"user\":\"boss\",\"tenant\":\"other\"}");
        CHECK_STATUS(&r, 201);
        snprintf(header, sizeof(header),
                 "Authorization: Bearer %s\r\nContent-Type: application/json\r\n",
                 reply_text(&r, "token"));
        site_receive(site_send(&site, NOBODY, "GET", "/api/v2/users", header, NULL), &r);
        CHECK_STATUS(&r, 200);
        CHECK(json_array_size(json_object_get(r.json, "items")) == 1);
        site_receive(site_send(&site, NOBODY, "GET", "/api/v2/challenges", header, NULL), &r);
        CHECK_STR(reply_text(&r, "items"), "[]");
        site_receive(site_send(&site, NOBODY, "GET", "/api/v2/tenants", header, NULL), &r);
        CHECK_STATUS(&r, 403);
        site_receive(site_send(&site, NOBODY, "POST", "/api/v2/users", header,
                               "{\"name\":\"x\",\"tenant\":\"demo\"}"),
                     &r);
        CHECK_STATUS(&r, 403);
        site_receive(site_send(&site, NOBODY, "POST", "/api/v2/instances", header,
                               "{\"challenge\":\"web\"}"),
                     &r);
        CHECK_STATUS(&r, 404);
        site_done(&site);
}

TEST(challenges_their_policies_and_their_etag) {
        char headers[640];

        site_init(&site, "", 10, true);
        site_ask(&site, &r, ADA, "GET", "/api/v2/challenges/web", NULL);
        CHECK_STATUS(&r, 200);
        CHECK_STR(reply_text(&r, "title"), "Web");
        CHECK(!strstr(r.body, "berth/web"));
        site_ask(&site, &r, ADA, "GET", "/api/v2/challenges", NULL);
        CHECK(json_array_size(json_object_get(r.json, "items")) == 2);
        snprintf(headers, sizeof(headers), "If-None-Match: %s\r\n", reply_header(&r, "ETag"));
        site_receive(site_send(&site, ADA, "GET", "/api/v2/challenges", headers, NULL), &r);
        CHECK_STATUS(&r, 304);
        CHECK(!*r.body);
        site_ask(&site, &r, ORGANISER, "PUT", "/api/v2/challenges/web/policy",
                 "{\"base_seconds\":60,\"increment_seconds\":30,\"max_extensions\":1}");
        CHECK_STATUS(&r, 200);
        site_receive(site_send(&site, ADA, "GET", "/api/v2/challenges", headers, NULL), &r);
        CHECK_STATUS(&r, 200);
        const char *id = start_web(ADA);
        CHECK_STR(reply_text(&r, "max_extensions"), "1");
        CHECK(atoi(reply_text(&r, "remaining_seconds")) <= 60);
        site_ask(&site, &r, ADA, "POST", path_to(id, "/extend"), NULL);
        CHECK_STATUS(&r, 200);
        site_ask(&site, &r, ADA, "POST", path_to(id, "/extend"), NULL);
        CHECK_STATUS(&r, 403);
        site_ask(&site, &r, ORGANISER, "DELETE", "/api/v2/challenges/web/policy", NULL);
        CHECK_STATUS(&r, 200);
        CHECK_STR(reply_text(&r, "base_seconds"), "900");
        site_ask(&site, &r, ORGANISER, "PUT", "/api/v2/policy", "{\"base_seconds\":120}");
        CHECK_STATUS(&r, 200);
        CHECK_STR(reply_text(&r, "base_seconds"), "120");
        site_ask(&site, &r, ORGANISER, "PUT", "/api/v2/policy", "{\"base_seconds\":0}");
        CHECK_STATUS(&r, 400);
        site_done(&site);
}

TEST(a_push_makes_the_set_exactly_this) {
        site_init(&site, "", 10, true);
        site_ask(&site, &r, ORGANISER, "PUT", "/api/v2/challenges",
                 "[{\"name\":\"Web\",\"slug\":\"web\",\"value\":100,\"instance\":{\"image\":"
                 "\"berth/web\","
                 "\"ports\":[{\"name\":\"web\",\"port\":8080,\"protocol\":\"tcp\"}]}},"
                 "{\"name\":\"New one\",\"value\":5,\"state\":\"hidden\"}]");
        CHECK_STATUS(&r, 200);
        CHECK_STR(reply_text(&r, "added"), "1");
        CHECK_STR(reply_text(&r, "hidden"), "1");
        site_ask(&site, &r, ADA, "GET", "/api/v2/challenges", NULL);
        CHECK(json_array_size(json_object_get(r.json, "items")) == 1);
        site_ask(&site, &r, ADA, "GET", "/api/v2/challenges/new-one", NULL);
        CHECK_STATUS(&r, 404);
        site_ask(&site, &r, ORGANISER, "GET", "/api/v2/challenges/new-one", NULL);
        CHECK_STATUS(&r, 200);
        site_ask(&site, &r, ORGANISER, "PUT", "/api/v2/challenges",
                 "[{\"name\":\"A\",\"value\":1},{\"name\":7}]");
        CHECK_STATUS(&r, 400);
        CHECK(strstr(reply_text(&r, "error"), "[1]"));
        site_done(&site);
}

TEST(the_log_is_read_in_pages_and_filtered) {
        char path[640];

        site_init(&site, "", 10, true);
        const char *id = start_web(ADA);
        site_receive(site_send(&site, ADA, "POST", path_to(id, "/extend"),
                               "X-Request-ID: my.request\r\n", NULL),
                     &r);
        CHECK_STR(reply_header(&r, "X-Request-ID"), "my.request");
        site_ask(&site, &r, ADMIN, "GET", "/api/v2/events?action=extended&user=user0&challenge=web",
                 NULL);
        CHECK_STATUS(&r, 200);
        CHECK(json_array_size(json_object_get(r.json, "items")) == 1);
        CHECK(strstr(r.body, "\"request_id\":\"my.request\""));
        CHECK(strstr(r.body, "\"name\":\"user0\""));
        CHECK(strstr(r.body, id));
        site_ask(&site, &r, ADMIN, "GET", "/api/v2/events?user=user1&action=extended", NULL);
        CHECK_STR(reply_text(&r, "items"), "[]");
        site_ask(&site, &r, ADMIN, "GET", "/api/v2/events?limit=3", NULL);
        CHECK(json_array_size(json_object_get(r.json, "items")) == 3);
        CHECK_STR(reply_text(&r, "next"), "3");
        site_ask(&site, &r, ADMIN, "GET", "/api/v2/events?limit=1&cursor=3", NULL);
        CHECK(strstr(r.body, "\"seq\":4"));
        site_ask(&site, &r, ADMIN, "GET", "/api/v2/events?limit=1&order=desc", NULL);
        CHECK(strstr(r.body, "\"extended\""));
        snprintf(path, sizeof(path), "/api/v2/events?lease=%s&to=2020-01-01T00:00:00Z", id);
        site_ask(&site, &r, ADMIN, "GET", path, NULL);
        CHECK_STR(reply_text(&r, "items"), "[]");
        site_ask(&site, &r, ADMIN, "GET", "/api/v2/events?from=yesterday", NULL);
        CHECK_STATUS(&r, 400);
        site_ask(&site, &r, ADMIN, "GET", "/api/v2/events?action=nothing", NULL);
        CHECK_STATUS(&r, 400);
        site_done(&site);
}

TEST(the_daemon_says_how_it_is) {
        static const char *const alive[] = { "/health", "/healthz", "/version",
                                             "/api/v2/openapi.json" };
        static const char *const ready[] = { "/ready", "/readyz" };

        site_init(&site, "", 10, true);
        for (size_t i = 0; i < ARRAY_SIZE(alive); i++) {
                site_ask(&site, &r, NOBODY, "GET", alive[i], NULL);
                CHECK_STATUS(&r, 200);
                CHECK(json_is_object(r.json));
        }
        for (size_t i = 0; i < ARRAY_SIZE(ready); i++) {
                site_ask(&site, &r, NOBODY, "GET", ready[i], NULL);
                CHECK_STATUS(&r, 200);
                CHECK_STR(reply_text(&r, "missing"), "[]");
        }
        site_receive(site_send(&site, NOBODY, "HEAD", "/healthz", "", NULL), &r);
        CHECK_STATUS(&r, 200);
        CHECK(!*r.body);
        start_web(ADA);
        site_ask(&site, &r, NOBODY, "GET", "/metrics", NULL);
        CHECK_STATUS(&r, 200);
        CHECK(strstr(r.body, "path=\"/api/v2/instances\""));
        site_done(&site);
}

TEST(what_went_wrong_inside_stays_inside) {
        site_init(&site, "", 10, true);
        engine_stop(site.bed.engine, 5000);
        site_ask(&site, &r, ADA, "POST", "/api/v2/instances", "{\"challenge\":\"web\"}");
        CHECK_STATUS(&r, 503);
        CHECK_STR(reply_text(&r, "detail"), "Not available at the moment");
        CHECK_STR(reply_text(&r, "request_id"), reply_header(&r, "X-Request-ID"));
        CHECK(*reply_header(&r, "Retry-After"));
        site_done(&site);
}
