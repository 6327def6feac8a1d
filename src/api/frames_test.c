#include "api/frames.h"

#include "base/json.h"
#include "test.h"

/* A row of ACTION with the usual fields. */
static struct event row(enum action action) {
        return (struct event){ .seq = 42,
                               .at_ms = 1764158400123,
                               .tenant = 1,
                               .action = action,
                               .actor = 7,
                               .account = { ACCOUNT_TEAM, 9 },
                               .detail = "{}" };
}

static void check(const struct event *e, const char *want) {
        _cleanup_buf_ struct buf text = { 0 };
        struct frame f;

        CHECK(frame_of(e, &f, &text));
        CHECK(f.seq == 42 && f.at_ms == e->at_ms);
        CHECK_STR(text.data, want);
}

TEST(a_solve_has_what_the_row_has) {
        struct event e = row(ACTION_SOLVED);

        e.challenge = 3;
        event_text(&e, "name", "a \"quoted\"\nname \xc3\xa9");
        event_text(&e, "challenge", "web-1");
        event_text(&e, "title", "Web 1");
        event_int(&e, "points", 110);
        event_int(&e, "total", 210);
        event_int(&e, "value", 100);
        event_int(&e, "solves", 1);
        event_int(&e, "blood", 1);
        event_int(&e, "prestige", 50);
        event_int(&e, "user", 7);
        check(&e, "{\"seq\":42,\"type\":\"solve\",\"ts\":1764158400123,\"account_id\":9,"
                  "\"account_kind\":\"team\",\"name\":\"a \\\"quoted\\\"\\nname \xc3\xa9\","
                  "\"challenge\":\"web-1\",\"title\":\"Web 1\",\"points\":110,\"total\":210,"
                  "\"value\":100,\"solves\":1,\"blood\":1,\"prestige\":50,\"challenge_id\":3}");
}

TEST(a_solve_judged_anew_says_when_it_was) {
        _cleanup_buf_ struct buf text = { 0 };
        struct event e = row(ACTION_SOLVED);
        struct frame f;

        event_int(&e, "at_ms", 1764158400000);
        event_int(&e, "at_seq", 17);
        CHECK(frame_of(&e, &f, &text));
        CHECK(f.ref == 17 && f.at_ms == e.at_ms);
        CHECK(strstr(text.data, "\"ts\":1764158400123,"));
        CHECK(strstr(text.data, "\"solved_at\":\"2025-11-26T12:00:00.000Z\"}"));
}

TEST(hints_awards_names_and_announcements) {
        struct event e = row(ACTION_HINT_UNLOCKED);

        e.challenge = 3;
        event_text(&e, "name", "x");
        event_text(&e, "challenge", "web-1");
        event_int(&e, "hint", 2);
        event_int(&e, "points", -30);
        event_int(&e, "total", 70);
        check(&e, "{\"seq\":42,\"type\":\"hint\",\"ts\":1764158400123,\"account_id\":9,"
                  "\"account_kind\":\"team\",\"name\":\"x\",\"challenge\":\"web-1\",\"hint\":2,"
                  "\"points\":-30,\"total\":70,\"challenge_id\":3}");
        e = row(ACTION_AWARDED);
        event_text(&e, "name", "x");
        event_int(&e, "points", 5);
        event_int(&e, "award", 77);
        event_text(&e, "reason", "fair play");
        check(&e, "{\"seq\":42,\"type\":\"award\",\"ts\":1764158400123,\"account_id\":9,"
                  "\"account_kind\":\"team\",\"name\":\"x\",\"award\":77,\"reason\":\"fair play\","
                  "\"points\":5}");
        e = row(ACTION_NAME_CHANGED);
        event_text(&e, "name", "new");
        event_text(&e, "before", "old");
        check(&e, "{\"seq\":42,\"type\":\"name\",\"ts\":1764158400123,\"account_id\":9,"
                  "\"account_kind\":\"team\",\"name\":\"new\",\"before\":\"old\"}");
        e = row(ACTION_ANNOUNCED);
        event_int(&e, "announcement", 4);
        event_text(&e, "title", "Lunch");
        check(&e, "{\"seq\":42,\"type\":\"announcement\",\"ts\":1764158400123,\"announcement\":4,"
                  "\"title\":\"Lunch\"}");
}

TEST(system_frames) {
        struct event e = row(ACTION_GAME_RESET);

        check(&e, "{\"seq\":42,\"type\":\"system\",\"ts\":1764158400123,\"event\":\"reset\","
                  "\"logout\":true}");
        e = row(ACTION_GAME_CHANGED);
        event_int(&e, "starts_ms", 5);
        event_int(&e, "paused", 1);
        event_int(&e, "suspicion_threshold", 80); /* for organisers */
        check(&e, "{\"seq\":42,\"type\":\"system\",\"ts\":1764158400123,\"event\":\"rules\","
                  "\"starts_ms\":5,\"paused\":1}");
        e = row(ACTION_CHALLENGE_CHANGED);
        e.challenge = 3;
        event_text(&e, "slug", "secret");
        check(&e, "{\"seq\":42,\"type\":\"system\",\"ts\":1764158400123,\"event\":\"rescored\"}");
        e = row(ACTION_USER_CHANGED);
        event_text(&e, "standing", "banned");
        check(&e, "{\"seq\":42,\"type\":\"system\",\"ts\":1764158400123,\"event\":\"rescored\"}");
}

TEST(what_is_nobodys_business_has_no_frame) {
        static const enum action none[] = { ACTION_CREATED,      ACTION_SUBMITTED,
                                            ACTION_SIGNED_IN,    ACTION_JUDGED,
                                            ACTION_DENIED,       ACTION_USER_CHANGED,
                                            ACTION_TOKEN_REVOKED };
        _cleanup_buf_ struct buf text = { 0 };
        struct frame f;

        for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
                struct event e = row(none[i]);

                CHECK(!frame_of(&e, &f, &text) && text.len == 0);
        }
}

/* Whatever the row holds, its frame is JSON, and the same each time. */
TEST(every_action_gives_json_or_nothing) {
        for (enum action a = 0; a < _ACTION_N; a++) {
                _cleanup_buf_ struct buf one = { 0 }, two = { 0 };
                _cleanup_json_ json_t *o = NULL;
                struct event e = row(a);
                struct frame f;
                struct err err;

                for (const char *c = "\x01\"\\\x7f\xff\xc3\xa9}{,"; *c; c++) {
                        char key[] = "name", value[] = { *c, 'x', *c, '\0' };

                        event_text(&e, key, value);
                        event_text(&e, "title", value);
                }
                event_text(&e, "standing", "visible");
                if (!frame_of(&e, &f, &one))
                        continue;
                CHECK(frame_of(&e, &f, &two));
                CHECK_STR(one.data, two.data);
                CHECK_OK(json_parse(one.data, one.len, &o, &err) < 0 ? -1 : 0);
                CHECK(json_integer_value(json_object_get(o, "seq")) == 42);
        }
}

TEST(who_sees_what_when) {
        struct game_rules open = { 0 }, frozen = { .freeze_ms = 1000 };
        struct frame before = { .at_ms = 999, .type = FRAME_SOLVE };
        struct frame after = { .at_ms = 1000, .type = FRAME_HINT };
        struct frame name = { .at_ms = 1000, .type = FRAME_NAME };
        struct frame hidden = { .at_ms = 1, .type = FRAME_NAME, .hidden = true };

        CHECK(frame_shown(&before, false, &frozen, 2000));
        CHECK(!frame_shown(&after, false, &frozen, 2000));
        CHECK(frame_shown(&after, true, &frozen, 2000));
        CHECK(frame_shown(&after, false, &frozen, 999)); /* it is not frozen yet */
        CHECK(frame_shown(&after, false, &open, 2000));
        CHECK(frame_shown(&name, false, &frozen, 2000));
        CHECK(!frame_shown(&hidden, false, &open, 2000));
        CHECK(frame_shown(&hidden, true, &open, 2000));
}

static void check_ctfg(struct event *e, const char *name, const char *want) {
        _cleanup_buf_ struct buf text = { 0 }, b = { 0 };
        struct frame f;

        CHECK(frame_of(e, &f, &text));
        CHECK(frame_ctfg(&f, text.data, name, 15, &b) == (want != NULL));
        CHECK_STR(b.len ? b.data : "", want ? want : "");
}

TEST(the_form_of_another_systems_clients) {
        struct event e = row(ACTION_SOLVED);

        e.challenge = 3;
        event_text(&e, "name", "old \"name\"");
        event_text(&e, "title", "Web 1");
        event_int(&e, "points", 100);
        check_ctfg(&e, NULL,
                   "{\"id\":42,\"type\":\"score\",\"displayname\":\"old \\\"name\\\"\","
                   "\"ts\":1764158400123,\"challenge_id\":15,\"challenge\":\"Web 1\","
                   "\"points\":100}");
        check_ctfg(&e, "new",
                   "{\"id\":42,\"type\":\"score\",\"displayname\":\"new\",\"ts\":1764158400123,"
                   "\"challenge_id\":15,\"challenge\":\"Web 1\",\"points\":100}");
        e.action = ACTION_HINT_UNLOCKED;
        event_int(&e, "hint", 1);
        check_ctfg(&e, "new",
                   "{\"id\":42,\"type\":\"hint\",\"displayname\":\"new\",\"ts\":1764158400123,"
                   "\"challenge_id\":15,\"challenge\":\"Web 1\",\"points\":100,\"hint_id\":1}");
        e = row(ACTION_AWARDED);
        check_ctfg(&e, NULL,
                   "{\"id\":42,\"type\":\"score\",\"displayname\":\"?\",\"ts\":1764158400123,"
                   "\"challenge_id\":null,\"challenge\":\"Unknown Challenge\",\"points\":0}");
        e = row(ACTION_GAME_RESET);
        check_ctfg(&e, NULL,
                   "{\"type\":\"system\",\"event\":\"reset\",\"logout\":true,"
                   "\"ts\":1764158400123}");
        e = row(ACTION_NAME_CHANGED);
        check_ctfg(&e, NULL, NULL);
        e = row(ACTION_CHALLENGE_CHANGED);
        check_ctfg(&e, NULL, NULL);
}
