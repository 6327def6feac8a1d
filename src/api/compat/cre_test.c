/* The routes of CRE, over HTTP: its paths, its texts, its codes. */
#include "api/testsite.h"

static struct site site;
static struct reply r;

static void cre(enum who who, const char *verb, const char *body) {
        char path[64];

        snprintf(path, sizeof(path), "/api/v1/container/%s", verb);
        site_ask(&site, &r, who, "POST", path, body);
}

static const char *body_of(int64_t challenge) {
        static char body[64];

        snprintf(body, sizeof(body), "{\"challenge_id\":%lld}", (long long)challenge);
        return body;
}

static void status_of(enum who who, int64_t challenge) {
        char path[96];

        snprintf(path, sizeof(path), "/api/v1/container/status?challenge_id=%lld",
                 (long long)challenge);
        site_ask(&site, &r, who, "GET", path, NULL);
        CHECK_STATUS(&r, 200);
}

static void await_running(enum who who) {
        for (int i = 0; i < 500; i++) {
                status_of(who, site.bed.web);
                if (strcmp(reply_text(&r, "state"), "running") == 0)
                        return;
                bed_sleep_ms(20);
        }
        fprintf(stderr, "it does not run within 10 s\n");
        exit(1);
}

TEST(a_container_from_start_to_stop) {
        static const char *const members[] = { "container_id",
                                               "docker_image",
                                               "revert_time",
                                               "remaining_seconds",
                                               "extension_count",
                                               "max_extensions",
                                               "created_at",
                                               "last_extended_at",
                                               "host",
                                               "ports" };

        site_init(&site, "", 10, false);
        status_of(ADA, site.bed.web);
        CHECK_STR(r.body, "{\"active\":false}");
        cre(ADA, "start", body_of(site.bed.web));
        CHECK_STATUS(&r, 200);
        CHECK_STR(reply_text(&r, "success"), "true");
        await_running(ADA);
        CHECK_STR(reply_text(&r, "active"), "true");
        for (size_t i = 0; i < ARRAY_SIZE(members); i++)
                CHECK(json_object_get(r.json, members[i]));
        CHECK_STR(reply_text(&r, "host"), site.bed.host);
        CHECK(strstr(reply_text(&r, "ports"), "/tcp"));
        CHECK_STR(reply_text(&r, "max_extensions"), "5");
        cre(ADA, "stop", body_of(site.bed.web));
        CHECK_STATUS(&r, 200);
        CHECK_STR(reply_text(&r, "message"), "Container stopped");
        CHECK(bed_objects(&site.bed) == 0);
        status_of(ADA, site.bed.web);
        CHECK_STR(r.body, "{\"active\":false}");
        site_done(&site);
}

TEST(extensions_with_their_texts_and_codes) {
        char text[64];

        site_init(&site, "", 10, false);
        cre(ADA, "extend", body_of(site.bed.web));
        CHECK_STATUS(&r, 404);
        CHECK_STR(reply_text(&r, "success"), "false");
        CHECK_STR(reply_text(&r, "message"), "No active container found");
        cre(ADA, "start", body_of(site.bed.web));
        for (int i = 1; i <= 5; i++) {
                cre(ADA, "extend", body_of(site.bed.web));
                CHECK_STATUS(&r, 200);
                snprintf(text, sizeof(text), "Container extended by 15 minutes (extension %d/5)",
                         i);
                CHECK_STR(reply_text(&r, "message"), text);
                status_of(ADA, site.bed.web);
                CHECK(atoi(reply_text(&r, "extension_count")) == i);
        }
        cre(ADA, "extend", body_of(site.bed.web));
        CHECK_STATUS(&r, 403);
        CHECK_STR(reply_text(&r, "message"), "Maximum extensions reached (5)");
        cre(BOB, "extend", body_of(site.bed.web));
        CHECK_STATUS(&r, 404);
        cre(BOB, "stop", body_of(site.bed.web));
        CHECK_STATUS(&r, 404);
        CHECK_STR(reply_text(&r, "message"), "No active container found");
        site_done(&site);
}

TEST(the_lifetime_is_capped_by_the_new_deadline) {
        site_init(&site, "", 10, false);
        site_ask(&site, &r, ADMIN, "PUT", "/api/v2/policy",
                 "{\"max_extensions\":50,\"max_lifetime_seconds\":5400}");
        CHECK_STATUS(&r, 200);
        cre(ADA, "start", body_of(site.bed.web));
        for (int i = 1; i <= 5; i++)
                cre(ADA, "extend", body_of(site.bed.web));
        CHECK_STATUS(&r, 200);
        cre(ADA, "extend", body_of(site.bed.web));
        CHECK_STATUS(&r, 403);
        CHECK_STR(reply_text(&r, "message"), "Maximum lifetime reached (90 minutes)");
        site_done(&site);
}

TEST(what_is_asked_wrongly_is_told_as_ever) {
        site_init(&site, "", 10, false);
        cre(ADA, "extend", "{}");
        CHECK_STATUS(&r, 400);
        CHECK_STR(reply_text(&r, "message"), "challenge_id required");
        site_ask(&site, &r, ADA, "POST", "/api/v1/container/extend", NULL);
        CHECK_STATUS(&r, 400);
        CHECK_STR(reply_text(&r, "message"), "challenge_id required");
        cre(ADA, "extend", "{\"challenge_id\":\"web\"}");
        CHECK_STATUS(&r, 400);
        CHECK_STR(reply_text(&r, "message"), "Invalid challenge_id");
        cre(ADA, "start", "{\"challenge_id\":true}");
        CHECK_STATUS(&r, 400);
        cre(ADA, "start", "{\"challenge_id\":99999}");
        CHECK_STATUS(&r, 404);
        cre(ADA, "extend", "{\"challenge_id\":\"1\"}");
        CHECK_STATUS(&r, 404);
        site_ask(&site, &r, ADA, "GET", "/api/v1/container/status", NULL);
        CHECK_STATUS(&r, 400);
        CHECK_STR(reply_text(&r, "message"), "challenge_id required");
        cre(NOBODY, "start", body_of(site.bed.web));
        CHECK_STATUS(&r, 401);
        CHECK_STR(reply_text(&r, "success"), "false");
        site_ask(&site, &r, ADA, "GET", "/api/v1/container/start", NULL);
        CHECK_STATUS(&r, 405);
        CHECK_STR(reply_header(&r, "Allow"), "POST, OPTIONS");
        site_done(&site);
}

TEST(its_extensions_and_the_native_ones_share_a_limit) {
        char path[128], id[LEASE_ID_SIZE];

        site_init(&site, "", 10, true);
        cre(ADA, "start", body_of(site.bed.web));
        snprintf(id, sizeof(id), "%s", reply_text(&r, "container_id"));
        snprintf(path, sizeof(path), "/api/v2/instances/%s/extend", id);
        for (int i = 0; i < 10; i++) {
                if (i % 2)
                        cre(ADA, "extend", body_of(site.bed.web));
                else
                        site_ask(&site, &r, ADA, "POST", path, NULL);
                CHECK(r.status == 200 || r.status == 403);
        }
        cre(ADA, "extend", body_of(site.bed.web));
        CHECK_STATUS(&r, 429);
        CHECK_STR(reply_text(&r, "success"), "false");
        CHECK(*reply_header(&r, "Retry-After"));
        site_done(&site);
}

TEST(a_stop_that_the_engine_refuses_is_no_success) {
        site_init(&site, "stop_ms=40000", 10, false);
        cre(ADA, "start", body_of(site.bed.web));
        await_running(ADA);
        cre(ADA, "stop", body_of(site.bed.web));
        CHECK_STATUS(&r, 503);
        CHECK_STR(reply_text(&r, "success"), "false");
        status_of(ADA, site.bed.web);
        CHECK_STR(reply_text(&r, "active"), "false");
        _exit(0); /* the engine would be waited for */
}
