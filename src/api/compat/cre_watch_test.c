/* The routes by which CRE's organisers watch: its paths, its texts, its members. */
#include "api/testsite.h"

static struct site site;
static struct reply r;

#define EASY "{\"name\":\"Easy\",\"slug\":\"easy\",\"value\":101,\"flags\":[\"F{easy}\"]}"

static int64_t easy;

static void begin(bool limits) {
        site_init(&site, "", 10, limits);
        easy = bed_challenge_add(&site.bed, EASY);
}

static void ask(enum who who, const char *method, const char *path, const char *body, int status) {
        char whole[160];

        snprintf(whole, sizeof(whole), "/api/v1/phase2/%s", path);
        site_ask(&site, &r, who, method, whole, body);
        CHECK_STATUS(&r, status);
}

static void submit(enum who who, const char *challenge, const char *flag) {
        char body[128];

        snprintf(body, sizeof(body), "{\"challenge\":\"%s\",\"flag\":\"%s\"}", challenge, flag);
        site_ask(&site, &r, who, "POST", "/api/v2/submissions", body);
        CHECK_STATUS(&r, 200);
}

static const json_t *data(void) { return json_object_get(r.json, "data"); }
static const json_t *datum(size_t i) { return json_array_get(data(), i); }
static int64_t number_of(const json_t *o, const char *key) {
        return json_integer_value(json_object_get(o, key));
}
static const char *text_of(const json_t *o, const char *key) {
        const char *text = json_string_value(json_object_get(o, key));

        return text ? text : "";
}
static int64_t counted(void) { return number_of(json_object_get(r.json, "meta"), "count"); }

TEST(first_bloods_are_worth_half_as_much_again) {
        begin(false);
        bed_challenge_add(&site.bed,
                          "{\"name\":\"Free\",\"slug\":\"free\",\"value\":0,\"flags\":[\"F{f}\"]}");
        ask(ORGANISER, "GET", "first_blood_leaderboard", NULL, 200);
        CHECK(counted() == 0 && json_array_size(data()) == 0);
        submit(BOB, "easy", "F{easy}");
        submit(ADA, "easy", "F{easy}");
        submit(ADA, "free", "F{f}");
        ask(ORGANISER, "GET", "first_blood_leaderboard", NULL, 200);
        CHECK_STR(reply_text(&r, "success"), "true");
        CHECK(counted() == 2);
        CHECK(number_of(datum(0), "rank") == 1 && number_of(datum(0), "total_prestige") == 151);
        CHECK(number_of(datum(0), "user_id") == site.ids[BOB]);
        CHECK(number_of(datum(1), "total_prestige") == 150); /* nothing counts as 100 */
        CHECK(number_of(datum(1), "first_bloods") == 1);
        ask(ORGANISER, "GET", "first_blood_leaderboard?limit=1", NULL, 200);
        CHECK(counted() == 1);
        ask(ORGANISER, "GET", "first_blood_leaderboard?limit=5000", NULL, 200);
        ask(ORGANISER, "GET", "first_blood_leaderboard?limit=none", NULL, 400);
        ask(ADA, "GET", "first_blood_leaderboard", NULL, 403);
        CHECK_STR(reply_text(&r, "message"),
                  "First blood leaderboard is admin-only during competition");
        ask(NOBODY, "GET", "first_blood_leaderboard", NULL, 401);
        site_done(&site);
}

/* A first blood that is taken back goes to the next. */
TEST(a_banned_account_was_never_first) {
        char path[64];

        begin(false);
        submit(BOB, "easy", "F{easy}");
        submit(ADA, "easy", "F{easy}");
        snprintf(path, sizeof(path), "/api/v2/users/%lld", (long long)site.ids[BOB]);
        site_ask(&site, &r, ADMIN, "PATCH", path, "{\"standing\":\"banned\"}");
        CHECK_STATUS(&r, 200);
        ask(ORGANISER, "GET", "first_blood_leaderboard", NULL, 200);
        CHECK(counted() == 1 && number_of(datum(0), "user_id") == site.ids[ADA]);
        site_done(&site);
}

TEST(health_as_it_was_known) {
        char path[64];

        begin(false);
        for (int i = 0; i < 10; i++)
                submit(ADA, "easy", "F{no}");
        ask(ORGANISER, "GET", "challenge_health", NULL, 200);
        CHECK(counted() == 3);
        ask(ORGANISER, "GET", "challenge_health?status=underperforming", NULL, 200);
        CHECK(counted() == 1 && number_of(datum(0), "challenge_id") == easy);
        CHECK(number_of(datum(0), "health_score") == 60 && number_of(datum(0), "attempts") == 10);
        CHECK_STR(text_of(datum(0), "status"), "UNDERPERFORMING");
        CHECK_STR(text_of(json_object_get(r.json, "meta"), "filter"), "underperforming");
        snprintf(path, sizeof(path), "challenge_health/%lld?limit=5", (long long)easy);
        for (int i = 0; i < 500; i++) {
                ask(ORGANISER, "GET", path, NULL, 200);
                if (json_array_size(json_object_get(data(), "history")) > 0)
                        break;
                bed_sleep_ms(20);
        }
        CHECK(number_of(json_object_get(data(), "current"), "health_score") == 60);
        CHECK_STR(text_of(json_array_get(json_object_get(data(), "history"), 0), "status"),
                  "UNDERPERFORMING");
        ask(ORGANISER, "GET", "challenge_health/9999", NULL, 404);
        CHECK_STR(reply_text(&r, "message"), "No health data found for this challenge");
        ask(ORGANISER, "GET", "challenge_health?status=ill", NULL, 400);
        ask(ADA, "GET", "challenge_health", NULL, 403);
        site_done(&site);
}

TEST(suspicions_and_their_review) {
        char path[96];
        int64_t id;

        begin(false);
        submit(ADA, "easy", "F{nearly}");
        submit(BOB, "easy", "F{nearly}");
        for (int i = 0; i < 500; i++) {
                ask(ORGANISER, "GET", "suspicious_activity?status=pending&risk_level=HIGH", NULL,
                    200);
                if (counted() == 1)
                        break;
                bed_sleep_ms(20);
        }
        CHECK(counted() == 1 && number_of(datum(0), "user_id_1") == site.ids[ADA]);
        CHECK(json_real_value(json_object_get(datum(0), "confidence_score")) == 0.8);
        CHECK_STR(text_of(datum(0), "detection_type"), "same_ip");
        CHECK_STR(text_of(datum(0), "risk_level"), "HIGH");
        CHECK(json_is_null(json_object_get(datum(0), "admin_verdict")));
        CHECK(strstr(r.body, "duplicate_wrong") && !strstr(r.body, "nearly"));
        id = number_of(datum(0), "id");
        snprintf(path, sizeof(path), "suspicious_activity/%lld/review", (long long)id);
        ask(ORGANISER, "PUT", path, "{\"verdict\":\"guilty\"}", 400);
        CHECK_STR(reply_text(&r, "message"),
                  "Invalid verdict. Must be one of: ['innocent', 'suspicious', 'confirmed']");
        ask(ADA, "PUT", path, "{\"verdict\":\"innocent\"}", 403);
        ask(ORGANISER, "PUT", path, "{\"verdict\":\"confirmed\",\"notes\":\"seen\"}", 200);
        CHECK_STR(reply_text(&r, "message"), "Verdict recorded in immutable audit trail");
        CHECK(number_of(json_object_get(r.json, "audit"), "reviewed_by") == site.ids[ORGANISER]);
        CHECK(number_of(json_object_get(r.json, "audit"), "audit_entry_id") > 0);
        ask(ORGANISER, "PUT", "suspicious_activity/9999/review", "{\"verdict\":\"innocent\"}", 404);
        CHECK_STR(reply_text(&r, "message"), "Suspicion not found");
        ask(ORGANISER, "GET", "suspicious_activity?status=confirmed", NULL, 200);
        CHECK(counted() == 1);
        CHECK_STR(text_of(datum(0), "admin_verdict"), "confirmed");
        ask(ORGANISER, "GET", "suspicious_activity?status=pending", NULL, 200);
        CHECK(counted() == 0);
        ask(ORGANISER, "GET", "suspicious_activity?risk_level=SOME", NULL, 400);
        site_done(&site);
}

TEST(the_status_is_not_for_everybody) {
        begin(false);
        ask(ORGANISER, "GET", "status", NULL, 200);
        CHECK(json_is_true(json_object_get(data(), "enabled")));
        ask(ADA, "GET", "status", NULL, 403);
        ask(NOBODY, "GET", "status", NULL, 401);
        site_done(&site);
}

TEST(reviews_come_at_most_twenty_a_minute) {
        begin(true);
        for (int i = 0; i < 20; i++)
                ask(ORGANISER, "PUT", "suspicious_activity/1/review", "{\"verdict\":\"innocent\"}",
                    404);
        ask(ORGANISER, "PUT", "suspicious_activity/1/review", "{\"verdict\":\"innocent\"}", 429);
        CHECK(atoi(reply_header(&r, "Retry-After")) > 0);
        ask(ORGANISER, "GET", "suspicious_activity", NULL, 200); /* which has a limit of its own */
        site_done(&site);
}
