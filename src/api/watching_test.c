/* Suspicions and health over HTTP. */
#include "api/testsite.h"

static struct site site;
static struct reply r;

#define EASY   "{\"name\":\"Easy\",\"slug\":\"easy\",\"value\":100,\"flags\":[\"F{easy}\"]}"
#define HIDDEN "{\"name\":\"Secret\",\"slug\":\"secret\",\"value\":1,\"state\":\"hidden\"}"

static void begin(void) {
        site_init(&site, "", 10, false);
        bed_challenge_add(&site.bed, EASY);
        bed_challenge_add(&site.bed, HIDDEN);
}

static void ask(enum who who, const char *method, const char *path, const char *body, int status) {
        site_ask(&site, &r, who, method, path, body);
        CHECK_STATUS(&r, status);
}

/* By a browser that says who it is. */
static void submit(enum who who, const char *flag, const char *agent) {
        char headers[256], body[128];

        snprintf(headers, sizeof(headers), "Content-Type: application/json\r\nUser-Agent: %s\r\n",
                 agent);
        snprintf(body, sizeof(body), "{\"challenge\":\"easy\",\"flag\":\"%s\"}", flag);
        site_receive(site_send(&site, who, "POST", "/api/v2/submissions", headers, body), &r);
        CHECK_STATUS(&r, 200);
}

static const json_t *items(void) { return json_object_get(r.json, "items"); }
static const json_t *item(size_t i) { return json_array_get(items(), i); }
static const char *text_of(const json_t *o, const char *key) {
        const char *text = json_string_value(json_object_get(o, key));

        return text ? text : "";
}
static int64_t number_of(const json_t *o, const char *key) {
        return json_integer_value(json_object_get(o, key));
}

/* Waits, at most 10 s, for one suspicion, and gives its id. */
static int64_t await_suspicion(void) {
        for (int i = 0; i < 500; i++) {
                ask(ORGANISER, "GET", "/api/v2/suspicions", NULL, 200);
                if (json_array_size(items()) == 1)
                        return number_of(item(0), "id");
                bed_sleep_ms(20);
        }
        fprintf(stderr, "nothing was suspected within 10 s\n");
        exit(1);
}

static int64_t share(void) {
        submit(ADA, "F{nearly}", "curl/8.0");
        submit(BOB, " f{NEARLY} ", "python-requests/2.31");
        return await_suspicion();
}

static void count(const char *query, size_t n) {
        char path[160];

        snprintf(path, sizeof(path), "/api/v2/suspicions%s", query);
        ask(ORGANISER, "GET", path, NULL, 200);
        CHECK(json_array_size(items()) == n);
}

TEST(the_same_wrong_answer_from_one_place_is_found) {
        const json_t *s;

        begin();
        share();
        s = item(0);
        CHECK_STR(text_of(s, "challenge"), "easy");
        CHECK(json_real_value(json_object_get(s, "certainty")) == 0.8);
        CHECK_STR(text_of(s, "risk"), "high");
        CHECK_STR(text_of(s, "verdict"), "pending");
        CHECK(json_array_size(json_object_get(s, "signals")) == 3);
        CHECK(number_of(json_object_get(s, "one"), "account_id") == site.ids[ADA]);
        CHECK_STR(text_of(json_object_get(s, "other"), "kind"), "user");
        CHECK(json_is_null(json_object_get(s, "reviewed_at")));
        CHECK(!strcasestr(r.body, "nearly") && !strstr(r.body, "127.0.0.1"));
        site_done(&site);
}

TEST(suspicions_are_filtered_and_paged) {
        char query[64];
        int64_t id;

        begin();
        id = share();
        count("?verdict=pending&risk=high&challenge=easy", 1);
        count("?risk=HIGH", 1);
        count("?risk=low", 0);
        count("?risk=medium", 0);
        count("?verdict=confirmed", 0);
        count("?challenge=web", 0);
        snprintf(query, sizeof(query), "?account=user:%lld", (long long)site.ids[BOB]);
        count(query, 1);
        snprintf(query, sizeof(query), "?account=user:%lld", (long long)site.ids[ADMIN]);
        count(query, 0);
        snprintf(query, sizeof(query), "?cursor=%lld", (long long)id);
        count(query, 0);
        count("?limit=1", 1);
        CHECK(json_is_null(json_object_get(r.json, "next")));
        ask(ORGANISER, "GET", "/api/v2/suspicions?verdict=guilty", NULL, 400);
        ask(ORGANISER, "GET", "/api/v2/suspicions?risk=none", NULL, 400);
        ask(ORGANISER, "GET", "/api/v2/suspicions?challenge=none", NULL, 400);
        ask(ORGANISER, "GET", "/api/v2/suspicions?account=ada", NULL, 400);
        site_done(&site);
}

TEST(only_organisers_watch) {
        char path[96];
        int64_t id;

        begin();
        id = share();
        for (enum who who = NOBODY; who <= BOB; who++) {
                int status = who == NOBODY ? 401 : 403;

                ask(who, "GET", "/api/v2/suspicions", NULL, status);
                snprintf(path, sizeof(path), "/api/v2/suspicions/%lld", (long long)id);
                ask(who, "GET", path, NULL, status);
                snprintf(path, sizeof(path), "/api/v2/suspicions/%lld/review", (long long)id);
                ask(who, "PUT", path, "{\"verdict\":\"innocent\"}", status);
                ask(who, "GET", "/api/v2/health/challenges", NULL, status);
                ask(who, "GET", "/api/v2/challenges/easy/health", NULL, status);
        }
        count("?verdict=pending", 1);
        site_done(&site);
}

static void review(int64_t id, const char *body, int status) {
        char path[96];

        snprintf(path, sizeof(path), "/api/v2/suspicions/%lld/review", (long long)id);
        ask(ORGANISER, "PUT", path, body, status);
}

TEST(verdicts_may_change_and_all_of_them_are_shown) {
        const json_t *history, *last, *evidence;
        char path[96];
        int64_t id;

        begin();
        id = share();
        review(id, "{\"verdict\":\"suspicious\",\"notes\":\"they sit \\\"together\\\"\"}", 200);
        CHECK_STR(reply_text(&r, "verdict"), "suspicious");
        CHECK_STR(reply_text(&r, "reviewed_by"), "organiser");
        review(id, "{\"verdict\":\"innocent\"}", 200);
        review(id, "{\"verdict\":\"pending\"}", 400);
        review(id, "{\"verdict\":\"guilty\"}", 400);
        review(id, "{\"notes\":\"x\"}", 400);
        review(id, "{\"verdict\":\"innocent\",\"notes\":\"\\u001b\"}", 400);
        review(id + 1, "{\"verdict\":\"innocent\"}", 404);
        ask(ORGANISER, "PUT", "/api/v2/suspicions/x/review", "{\"verdict\":\"innocent\"}", 404);
        ask(ORGANISER, "GET", "/api/v2/suspicions/x", NULL, 404);
        count("?verdict=innocent", 1);
        snprintf(path, sizeof(path), "/api/v2/suspicions/%lld", (long long)id + 1);
        ask(ORGANISER, "GET", path, NULL, 404);
        snprintf(path, sizeof(path), "/api/v2/suspicions/%lld", (long long)id);
        ask(ORGANISER, "GET", path, NULL, 200);
        history = json_object_get(r.json, "history");
        CHECK(json_array_size(history) == 2);
        last = json_array_get(history, 0);
        CHECK_STR(text_of(last, "verdict"), "innocent");
        CHECK_STR(text_of(last, "before"), "suspicious");
        CHECK_STR(text_of(last, "by"), "organiser");
        CHECK_STR(text_of(json_array_get(history, 1), "notes"), "they sit \"together\"");
        CHECK_STR(text_of(json_array_get(history, 1), "before"), "pending");
        evidence = json_object_get(r.json, "evidence");
        CHECK(json_array_size(evidence) == 3);
        CHECK_STR(text_of(json_array_get(evidence, 0), "signal"), "same_address");
        CHECK(number_of(json_array_get(evidence, 0), "one_submission") > 0);
        CHECK(!strcasestr(r.body, "nearly") && !strstr(r.body, "curl"));
        site_done(&site);
}

/* A suspicion of another tenant is as if it were not there. */
TEST(another_tenants_suspicions_are_not_seen) {
        struct tenant_create other = { .tenant = { .slug = "other", .name = "Other" },
                                       .policy = policy_default };
        struct user_create u = { .user = { .name = "judge", .role = ROLE_ORGANISER } };
        struct token_create t = { 0 };
        struct err err;
        char path[96];
        int64_t id;

        begin();
        id = share();
        tenant_create_command(&other);
        other.command.origin.kind = ACTOR_OPERATOR;
        CHECK_OK(engine_call(site.bed.engine, &other.command, &err));
        u.command.origin.tenant = t.command.origin.tenant = other.tenant.id;
        user_create_command(&u);
        CHECK_OK(engine_call(site.bed.engine, &u.command, &err));
        t.user = u.user.id;
        token_create_command(&t);
        CHECK_OK(engine_call(site.bed.engine, &t.command, &err));
        memcpy(site.tokens[ORGANISER], t.text, TOKEN_TEXT);
        count("", 0);
        snprintf(path, sizeof(path), "/api/v2/suspicions/%lld", (long long)id);
        ask(ORGANISER, "GET", path, NULL, 404);
        review(id, "{\"verdict\":\"confirmed\"}", 404);
        ask(ORGANISER, "GET", "/api/v2/health/challenges", NULL, 200);
        CHECK(json_array_size(items()) == 0);
        ask(ORGANISER, "GET", "/api/v2/challenges/easy/health", NULL, 404);
        site_done(&site);
}

/* --- health --- */

TEST(challenges_are_listed_as_they_fare) {
        begin();
        for (int i = 0; i < 10; i++)
                submit(ADA, "F{no}", "curl/8.0");
        ask(ORGANISER, "GET", "/api/v2/health/challenges", NULL, 200);
        CHECK(json_array_size(items()) == 3); /* web, plain, easy; not the hidden one */
        CHECK_STR(text_of(item(2), "challenge"), "easy");
        CHECK_STR(text_of(item(2), "state"), "UNDERPERFORMING");
        CHECK(number_of(item(2), "score") == 60 && number_of(item(2), "attempts") == 10);
        CHECK(number_of(json_object_get(item(2), "last_hour"), "attempts") == 10);
        ask(ORGANISER, "GET", "/api/v2/health/challenges?state=HEALTHY&limit=1", NULL, 200);
        CHECK(json_array_size(items()) == 1 && json_is_string(json_object_get(r.json, "next")));
        ask(ORGANISER, "GET", "/api/v2/health/challenges?state=underperforming", NULL, 200);
        CHECK(json_array_size(items()) == 1);
        ask(ORGANISER, "GET", "/api/v2/health/challenges?state=BROKEN", NULL, 200);
        CHECK(json_array_size(items()) == 0);
        ask(ORGANISER, "GET", "/api/v2/health/challenges?state=ill", NULL, 400);
        site_done(&site);
}

static size_t snapshots(void) { return json_array_size(json_object_get(r.json, "snapshots")); }

TEST(one_challenge_has_a_past) {
        const json_t *first;

        begin();
        bed_running(&site.bed, 0, site.bed.web);
        ask(ORGANISER, "GET", "/api/v2/challenges/web/health", NULL, 200);
        CHECK_STR(reply_text(&r, "state"), "HEALTHY");
        CHECK(number_of(json_object_get(r.json, "instances"), "started") == 1);
        CHECK(number_of(json_object_get(r.json, "last_hour"), "starts") == 1);
        for (int i = 0; i < 10; i++)
                submit(ADA, "F{no}", "curl/8.0");
        /* That is another state: it is told, and a snapshot made. */
        for (int i = 0; i < 500; i++) {
                ask(ORGANISER, "GET", "/api/v2/challenges/easy/health", NULL, 200);
                if (snapshots() > 0)
                        break;
                bed_sleep_ms(20);
        }
        CHECK_STR(reply_text(&r, "state"), "UNDERPERFORMING");
        first = json_array_get(json_object_get(r.json, "snapshots"), 0);
        CHECK_STR(text_of(first, "state"), "UNDERPERFORMING");
        CHECK(number_of(first, "score") == 60);
        ask(ORGANISER, "GET", "/api/v2/challenges/easy/health?limit=0", NULL, 400);
        ask(ORGANISER, "GET", "/api/v2/challenges/none/health", NULL, 404);
        ask(ADMIN, "GET", "/api/v2/events?action=challenge_checked", NULL, 200);
        CHECK(json_array_size(items()) == 1);
        ask(NOBODY, "GET", "/metrics", NULL, 200);
        CHECK(strstr(r.body, "berth_challenges{state=\"UNDERPERFORMING\"} 1"));
        site_done(&site);
}
