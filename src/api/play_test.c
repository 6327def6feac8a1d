/* The game over HTTP: flags, hints, the board, rules, awards, announcements. */
#include "api/testsite.h"

static struct site site;
static struct reply r;

#define EASY                                                                                    \
        "{\"name\":\"Easy\",\"slug\":\"easy\",\"category\":\"web\",\"description\":\"Hi "       \
        "@USERNAME@\","                                                                         \
        "\"value\":100,\"flags\":[\"F{easy}\"],\"hints\":[{\"content\":\"*one*\",\"cost\":30}," \
        "{\"content\":\"two\",\"cost\":80}]}"
#define HARD                                                                                       \
        "{\"name\":\"H\xc3\xa4rd\",\"slug\":\"hard\",\"type\":\"dynamic\",\"extra\":{\"initial\":" \
        "500,"                                                                                     \
        "\"decay\":10,\"minimum\":100},\"flags\":[\"F{hard}\"],\"requirements\":[\"easy\"]}"

static void begin(void) {
        site_init(&site, "", 10, false);
        bed_challenge_add(&site.bed, EASY);
        bed_challenge_add(&site.bed, HARD);
}

static void ask(enum who who, const char *method, const char *path, const char *body, int status) {
        site_ask(&site, &r, who, method, path, body);
        CHECK_STATUS(&r, status);
}

static void submit(enum who who, const char *challenge, const char *flag, int status,
                   const char *result) {
        char body[256];

        snprintf(body, sizeof(body), "{\"challenge\":\"%s\",\"flag\":\"%s\"}", challenge, flag);
        ask(who, "POST", "/api/v2/submissions", body, status);
        CHECK_STR(reply_text(&r, "result"), result);
}

static const json_t *item(size_t i) { return json_array_get(json_object_get(r.json, "items"), i); }

static int64_t number(const json_t *o, const char *key) {
        return json_integer_value(json_object_get(o, key));
}

static void rules(const char *body) { ask(ORGANISER, "PATCH", "/api/v2/game", body, 200); }

TEST(a_flag_is_judged) {
        begin();
        submit(ADA, "easy", "nope", 200, "incorrect");
        submit(ADA, "easy", " F{easy}\\n", 200, "correct");
        CHECK_STR(reply_text(&r, "points"), "100");
        CHECK_STR(reply_text(&r, "total"), "100");
        CHECK_STR(reply_text(&r, "blood"), "1");
        submit(ADA, "easy", "F{easy}", 200, "already_solved");
        ask(ADA, "POST", "/api/v2/submissions", "{\"challenge\":\"none\",\"flag\":\"x\"}", 404);
        ask(ADA, "POST", "/api/v2/submissions", "{\"challenge\":\"easy\"}", 400);
        CHECK(strstr(r.body, "flag: missing"));
        site_done(&site);
}

TEST(a_state_refuses_it_and_says_which) {
        begin();
        submit(ADA, "hard", "F{hard}", 403, "locked");
        rules("{\"starts_at\":\"2099-01-01T00:00:00Z\"}");
        submit(ADA, "easy", "F{easy}", 403, "not_started");
        ask(ADA, "GET", "/api/v2/challenges", NULL, 200);
        CHECK(!item(0));
        ask(ADA, "GET", "/api/v2/challenges/easy", NULL, 403);
        rules("{\"starts_at\":null,\"paused\":true}");
        submit(ADA, "easy", "F{easy}", 403, "paused");
        rules("{\"paused\":false,\"ends_at\":\"2020-01-01T00:00:00Z\"}");
        submit(ADA, "easy", "F{easy}", 403, "ended");
        rules("{\"ends_at\":null}");
        submit(ADA, "easy", "F{easy}", 200, "correct");
        ask(ORGANISER, "PATCH", "/api/v2/game", "{\"starts_at\":\"soon\"}", 400);
        ask(ORGANISER, "PATCH", "/api/v2/game", "{\"mode\":\"team\"}", 409);
        ask(ADA, "PATCH", "/api/v2/game", "{\"paused\":true}", 403);
        site_done(&site);
}

TEST(too_fast_is_refused_with_a_result_too) {
        site_init(&site, "", 10, true);
        bed_challenge_add(&site.bed, EASY);
        for (int i = 0; i < 10; i++)
                submit(ADA, "easy", "nope", 200, "incorrect");
        submit(ADA, "easy", "F{easy}", 429, "ratelimited");
        CHECK(atoi(reply_header(&r, "Retry-After")) > 0);
        submit(BOB, "easy", "F{easy}", 200, "correct");
        site_done(&site);
}

TEST(hints_are_bought_in_order_and_shown) {
        begin();
        ask(ADA, "GET", "/api/v2/challenges/easy", NULL, 200);
        CHECK_STR(reply_text(&r, "description"), "Hi user0");
        CHECK(!strstr(r.body, "*one*") && strstr(r.body, "\"unlocked\":false"));
        ask(ADA, "POST", "/api/v2/challenges/easy/hints/1", NULL, 402);
        submit(ADA, "easy", "F{easy}", 200, "correct");
        ask(ADA, "POST", "/api/v2/challenges/easy/hints/2", NULL, 403);
        ask(ADA, "POST", "/api/v2/challenges/easy/hints/1", NULL, 200);
        CHECK_STR(reply_text(&r, "text"), "*one*");
        CHECK(strstr(reply_text(&r, "html"), "<em>one</em>"));
        CHECK_STR(reply_text(&r, "total"), "70");
        ask(ADA, "POST", "/api/v2/challenges/easy/hints/1", NULL, 400);
        ask(ADA, "POST", "/api/v2/challenges/easy/hints/2", NULL, 402);
        ask(ADA, "POST", "/api/v2/challenges/easy/hints/9", NULL, 404);
        ask(ADA, "GET", "/api/v2/challenges/easy", NULL, 200);
        CHECK(strstr(r.body, "*one*") && !strstr(r.body, "two"));
        ask(BOB, "GET", "/api/v2/challenges/easy", NULL, 200);
        CHECK(!strstr(r.body, "*one*"));
        site_done(&site);
}

TEST(what_has_to_be_solved_first_is_not_listed) {
        begin();
        ask(ADA, "GET", "/api/v2/challenges", NULL, 200);
        CHECK(!strstr(r.body, "\"hard\""));
        ask(ADA, "GET", "/api/v2/challenges/hard", NULL, 403);
        submit(ADA, "easy", "F{easy}", 200, "correct");
        ask(ADA, "GET", "/api/v2/challenges", NULL, 200);
        CHECK(strstr(r.body, "\"hard\"") && strstr(r.body, "\"solved\":true"));
        ask(BOB, "GET", "/api/v2/challenges", NULL, 200);
        CHECK(!strstr(r.body, "\"hard\"") && !strstr(r.body, "\"solved\":true"));
        site_done(&site);
}

TEST(the_board_is_in_order_and_has_a_tag) {
        char headers[600];

        begin();
        submit(ADA, "easy", "F{easy}", 200, "correct");
        submit(BOB, "easy", "F{easy}", 200, "correct");
        submit(BOB, "hard", "F{hard}", 200, "correct");
        ask(ADA, "GET", "/api/v2/scoreboard", NULL, 200);
        CHECK(number(item(0), "account_id") == site.ids[BOB] && number(item(0), "score") == 600);
        CHECK(number(item(1), "rank") == 2 && number(item(1), "solves") == 1);
        CHECK_STR(reply_text(&r, "frozen_at"), "null");
        CHECK(strstr(r.body, "\"slug\":\"easy\",\"title\":\"Easy\",\"value\":100,\"solves\":2"));
        snprintf(headers, sizeof(headers), "If-None-Match: %s\r\n", reply_header(&r, "ETag"));
        site_receive(site_send(&site, BOB, "GET", "/api/v2/scoreboard", headers, NULL), &r);
        CHECK_STATUS(&r, 304);
        submit(ADA, "hard", "F{hard}", 200, "correct");
        site_receive(site_send(&site, BOB, "GET", "/api/v2/scoreboard", headers, NULL), &r);
        CHECK_STATUS(&r, 200);
        CHECK(number(item(0), "score") == 596 && number(item(1), "score") == 596);
        CHECK(number(item(0), "account_id") == site.ids[BOB]); /* earlier */
        ask(ADA, "GET", "/api/v2/scoreboard?limit=1", NULL, 200);
        CHECK(item(0) && !item(1));
        CHECK_STR(reply_text(&r, "next"), "1");
        ask(ADA, "GET", "/api/v2/scoreboard?limit=1&cursor=1&solved=1", NULL, 200);
        CHECK(number(item(0), "rank") == 2 && strstr(r.body, "\"solved\":[{"));
        CHECK_STR(reply_text(&r, "next"), "null");
        ask(ADA, "GET", "/api/v2/scoreboard/timeline?top=1", NULL, 200);
        CHECK(json_array_size(json_object_get(item(0), "steps")) == 2 && !item(1));
        site_done(&site);
}

TEST(a_frozen_board_is_frozen_for_players) {
        begin();
        submit(ADA, "easy", "F{easy}", 200, "correct");
        bed_sleep_ms(3);
        rules("{\"freeze_at\":\"2020-01-01T00:00:00Z\"}");
        ask(BOB, "GET", "/api/v2/scoreboard", NULL, 200);
        CHECK(!item(0)); /* it was empty then */
        CHECK_STR(reply_text(&r, "frozen_at"), "2020-01-01T00:00:00.000Z");
        submit(BOB, "easy", "F{easy}", 200, "correct");
        CHECK_STR(reply_text(&r, "blood"), "null");
        CHECK_STR(reply_text(&r, "total"), "100");
        ask(BOB, "GET", "/api/v2/challenges/easy", NULL, 200);
        CHECK(strstr(r.body, "\"solves\":0,\"solved\":true"));
        ask(BOB, "GET", "/api/v2/session", NULL, 200);
        CHECK_STR(reply_text(&r, "points"), "100"); /* one's own go on */
        ask(ORGANISER, "GET", "/api/v2/scoreboard", NULL, 200);
        CHECK(item(1));
        ask(BOB, "GET", "/api/v2/scoreboard/timeline", NULL, 200);
        CHECK(!item(0));
        rules("{\"freeze_at\":null}");
        ask(BOB, "GET", "/api/v2/scoreboard", NULL, 200);
        CHECK(item(1));
        site_done(&site);
}

TEST(a_public_board_is_for_everybody) {
        begin();
        ask(NOBODY, "GET", "/api/v2/scoreboard", NULL, 401);
        ask(NOBODY, "GET", "/api/v2/ctftime", NULL, 401);
        ask(NOBODY, "GET", "/api/v2/game", NULL, 200);
        CHECK_STR(reply_text(&r, "phase"), "open");
        submit(ADA, "easy", "F{easy}", 200, "correct");
        submit(ADA, "hard", "F{hard}", 200, "correct");
        rules("{\"public_board\":true}");
        ask(NOBODY, "GET", "/api/v2/scoreboard", NULL, 200);
        CHECK(number(item(0), "score") == 600);
        ask(NOBODY, "GET", "/api/v2/ctftime", NULL, 200);
        CHECK(strstr(r.body, "\"H\\u00e4rd\":{\"points\":500,\"time\":"));
        CHECK(strstr(r.body, "\"standings\":[{\"pos\":1,\"team\":\"Player "));
        CHECK(strstr(r.body, "\"tasks\":["));
        ask(NOBODY, "GET", "/api/v2/challenges", NULL, 401);
        site_done(&site);
}

TEST(organisers_see_what_was_wrong_and_judge_it) {
        char path[600];

        begin();
        submit(ADA, "easy", "almost", 200, "incorrect");
        ask(ADA, "GET", "/api/v2/submissions", NULL, 403);
        ask(ORGANISER, "GET", "/api/v2/submissions?challenge=easy&result=incorrect", NULL, 200);
        CHECK_STR(json_string_value(json_object_get(item(0), "text")), "almost");
        snprintf(path, sizeof(path), "/api/v2/submissions/%lld", (long long)number(item(0), "id"));
        ask(ORGANISER, "PATCH", path, "{\"result\":\"correct\"}", 204);
        ask(ADA, "GET", "/api/v2/session", NULL, 200);
        CHECK_STR(reply_text(&r, "points"), "100");
        ask(ORGANISER, "DELETE", path, NULL, 204);
        ask(ADA, "GET", "/api/v2/session", NULL, 200);
        CHECK_STR(reply_text(&r, "points"), "0");
        ask(ORGANISER, "DELETE", path, NULL, 404);
        site_done(&site);
}

TEST(points_are_given_and_taken_by_hand) {
        char path[600];

        begin();
        ask(ORGANISER, "POST", "/api/v2/awards",
            "{\"user\":\"user0\",\"value\":-20,\"reason\":\"for sharing\"}", 201);
        snprintf(path, sizeof(path), "/api/v2/awards/%s", reply_text(&r, "id"));
        ask(ADA, "GET", "/api/v2/session", NULL, 200);
        CHECK_STR(reply_text(&r, "points"), "-20");
        ask(ORGANISER, "GET", "/api/v2/awards", NULL, 200);
        CHECK(number(item(0), "value") == -20);
        ask(ADA, "DELETE", path, NULL, 403);
        ask(ORGANISER, "DELETE", path, NULL, 204);
        ask(ADA, "GET", "/api/v2/session", NULL, 200);
        CHECK_STR(reply_text(&r, "points"), "0");
        ask(ORGANISER, "POST", "/api/v2/awards",
            "{\"user\":\"user0\",\"value\":0,\"reason\":\"x\"}", 400);
        site_done(&site);
}

TEST(what_is_announced_is_read) {
        begin();
        ask(ORGANISER, "POST", "/api/v2/announcements",
            "{\"title\":\"Lunch\",\"text\":\"is *ready* <script>\"}", 201);
        ask(ADA, "POST", "/api/v2/announcements", "{\"title\":\"x\"}", 403);
        ask(ADA, "GET", "/api/v2/announcements", NULL, 200);
        CHECK_STR(json_string_value(json_object_get(item(0), "title")), "Lunch");
        CHECK(strstr(r.body, "<em>ready<") &&
              !strstr(r.body, "html\":\"<p>is <em>ready</em> <script"));
        site_done(&site);
}

TEST(a_reset_needs_its_word) {
        begin();
        submit(ADA, "easy", "F{easy}", 200, "correct");
        ask(ORGANISER, "POST", "/api/v2/game/reset", "{\"confirm\":true}", 403);
        ask(ADMIN, "POST", "/api/v2/game/reset", "{}", 400);
        ask(ADMIN, "POST", "/api/v2/game/reset", "{\"confirm\":true}", 200);
        ask(ADA, "GET", "/api/v2/session", NULL, 200);
        CHECK_STR(reply_text(&r, "points"), "0");
        site_done(&site);
}

TEST(brackets_divide_the_board) {
        char path[600];

        begin();
        rules("{\"brackets\":[\"Students\",\"Open\"]}");
        snprintf(path, sizeof(path), "/api/v2/users/%lld", (long long)site.ids[ADA]);
        ask(ORGANISER, "PATCH", path, "{\"bracket\":\"None\"}", 400);
        ask(ORGANISER, "PATCH", path, "{\"bracket\":\"Students\"}", 200);
        submit(BOB, "easy", "F{easy}", 200, "correct");
        submit(ADA, "easy", "F{easy}", 200, "correct");
        ask(ADA, "GET", "/api/v2/scoreboard?bracket=Students", NULL, 200);
        CHECK(number(item(0), "account_id") == site.ids[ADA] && number(item(0), "rank") == 1);
        CHECK(!item(1));
        site_done(&site);
}
