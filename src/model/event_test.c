#include "model/event.h"

#include "base/json.h"
#include "base/str.h"
#include "test.h"

__attribute__((constructor)) static void init(void) { crypto_init(); }

static const uint8_t previous[SHA256_SIZE] = { 1, 2, 3 };

static struct event sample(void) {
        struct event e = { .seq = 12,
                           .at_ms = 1700000000000,
                           .tenant = 1,
                           .action = ACTION_EXTENDED,
                           .actor_kind = ACTOR_USER,
                           .actor = 7,
                           .account = { ACCOUNT_TEAM, 3 },
                           .challenge = 4,
                           .lease = "01hf7yat00zzzzzzzzzz",
                           .request_id = "req-1",
                           .detail = "{\"extensions\":2}" };

        event_seal(&e, previous);
        return e;
}

TEST(names_are_read_as_they_are_written) {
        for (int a = 0; a < _ACTION_N; a++)
                CHECK(action_parse(action_name((enum action)a)) == a);
        CHECK(action_parse("exploded") == -1);
        CHECK_STR(actor_kind_name(ACTOR_OPERATOR), "operator");
}

TEST(members_are_found) {
        struct event e = { .detail = "" };
        const char *value;
        size_t n;

        event_text(&e, "name", "a \"quoted\\\" name, points: {1}");
        event_int(&e, "points", -50);
        event_text(&e, "last", "");
        value = event_member(&e, "name", &n);
        CHECK(value && n == strlen("\"a \\\"quoted\\\\\\\" name, points: {1}\""));
        CHECK(value[0] == '"' && value[n - 1] == '"');
        CHECK(event_number(&e, "points", 7) == -50);
        CHECK(event_member(&e, "last", &n) && n == 2);
        CHECK(!event_member(&e, "point", &n) && !event_member(&e, "quoted", &n));
        CHECK(event_number(&e, "name", 7) == 7 && event_number(&e, "none", 7) == 7);
        str_copy(e.detail, sizeof(e.detail), "{\"cut\":\"of");
        CHECK(event_member(&e, "cut", &n) && n == 3 && !event_member(&e, "x", &n));
        str_copy(e.detail, sizeof(e.detail), "{");
        CHECK(!event_member(&e, "x", &n));
}

TEST(sealing_is_repeatable) {
        struct event a = sample(), b = sample();

        CHECK(memcmp(a.hash, b.hash, sizeof(a.hash)) == 0);
        event_seal(&b, previous); /* the old hash is not part of the text */
        CHECK(memcmp(a.hash, b.hash, sizeof(a.hash)) == 0);
}

static void check_other_hash(struct event changed) {
        struct event e = sample();

        event_seal(&changed, previous);
        CHECK(memcmp(e.hash, changed.hash, sizeof(e.hash)) != 0);
}

#define CHECK_FIELD(change)                \
        do {                               \
                struct event e = sample(); \
                change;                    \
                check_other_hash(e);       \
        } while (0)

TEST(every_field_is_under_the_seal) {
        CHECK_FIELD(e.seq++);
        CHECK_FIELD(e.at_ms++);
        CHECK_FIELD(e.tenant++);
        CHECK_FIELD(e.action = ACTION_CREATED);
        CHECK_FIELD(e.actor_kind = ACTOR_OPERATOR);
        CHECK_FIELD(e.actor++);
        CHECK_FIELD(e.account.kind = ACCOUNT_USER);
        CHECK_FIELD(e.account.id++);
        CHECK_FIELD(e.challenge++);
        CHECK_FIELD(e.lease[0] = '1');
        CHECK_FIELD(e.request_id[0] = 'R');
        CHECK_FIELD(e.detail[15] = ' ');
}

TEST(bytes_cannot_move_between_fields) {
        struct event a = sample(), b = sample();

        snprintf(a.lease, sizeof(a.lease), "ab");
        snprintf(a.request_id, sizeof(a.request_id), "c");
        snprintf(b.lease, sizeof(b.lease), "a");
        snprintf(b.request_id, sizeof(b.request_id), "bc");
        event_seal(&a, previous);
        event_seal(&b, previous);
        CHECK(memcmp(a.hash, b.hash, sizeof(a.hash)) != 0);
}

TEST(the_order_is_under_the_seal) {
        struct event a = sample(), b = sample(), c = sample();
        uint8_t head[SHA256_SIZE];

        b.challenge = 5;
        event_seal(&b, a.hash);
        event_seal(&c, b.hash);
        memcpy(head, c.hash, sizeof(head));
        event_seal(&b, previous); /* the other way round */
        event_seal(&a, b.hash);
        event_seal(&c, a.hash);
        CHECK(memcmp(head, c.hash, sizeof(head)) != 0);
}

/* The canonical text is a promise to those who verify an export with tools of their own. */
TEST(the_text_is_netstrings) {
        struct event e = { .seq = 1, .at_ms = 2, .detail = "{}" };
        static const uint8_t zero[SHA256_SIZE];
        static const char text[] =
                "64:0000000000000000000000000000000000000000000000000000000000000000,"
                "1:1,1:2,1:0,7:created,6:system,1:0,4:user,1:0,1:0,0:,0:,2:{},";
        uint8_t expected[SHA256_SIZE];

        event_seal(&e, zero);
        sha256(text, sizeof(text) - 1, expected);
        CHECK(memcmp(e.hash, expected, sizeof(expected)) == 0);
}

TEST(a_detail_is_built_member_by_member) {
        struct event e = { 0 };

        event_int(&e, "extensions", 2);
        CHECK_STR(e.detail, "{\"extensions\":2}");
        event_text(&e, "text", "a \"b\"\n");
        CHECK_STR(e.detail, "{\"extensions\":2,\"text\":\"a \\\"b\\\"\\n\"}");
        snprintf(e.detail, sizeof(e.detail), "{}");
        event_int(&e, "n", -1);
        CHECK_STR(e.detail, "{\"n\":-1}");
}

static size_t members(const struct event *e) {
        _cleanup_json_ json_t *o = NULL;
        struct err err;

        CHECK_OK(json_parse(e->detail, strlen(e->detail), &o, &err));
        CHECK(json_is_object(o));
        return json_object_size(o);
}

TEST(what_does_not_fit_is_left_out_whole) {
        struct event e = { 0 };
        char big[2 * EVENT_DETAIL_MAX] = "";

        memset(big, '"', sizeof(big) - 1);
        event_text(&e, "first", "here");
        event_text(&e, "big", big);
        CHECK_STR(e.detail, "{\"first\":\"here\"}");
        event_int(&e, "last", 1); /* what still fits does */
        CHECK_STR(e.detail, "{\"first\":\"here\",\"last\":1}");
}

TEST(a_full_detail_is_valid_json) {
        for (size_t n = EVENT_DETAIL_MAX - 40; n < EVENT_DETAIL_MAX + 10; n++) {
                struct event e = { 0 };
                char value[EVENT_DETAIL_MAX + 16] = "";
                size_t len;

                memset(value, 'x', n);
                event_int(&e, "a", 1);
                event_text(&e, "b", value);
                event_int(&e, "c", 3);
                len = strlen(e.detail);
                CHECK(len < sizeof(e.detail));
                CHECK(members(&e) == 2 || members(&e) == 3);
                /* {"a":1,"b":"..."} is what N adds to: the last that fits fills the room. */
                CHECK((strstr(e.detail, "\"b\"") != NULL) == (n + 14 < EVENT_DETAIL_MAX));
        }
}

TEST(bad_utf8_becomes_valid_json) {
        struct event e = { 0 };

        event_text(&e, "name\xff", "\xc3\x28\x01");
        CHECK(members(&e) == 1);
}

TEST(a_checkpoint_is_checked_against_its_key) {
        uint8_t public[SIGN_PUBLIC], secret[SIGN_SECRET], other[SIGN_PUBLIC], theirs[SIGN_SECRET];
        struct checkpoint c = { .seq = 1000, .at_ms = 1700000000000 }, bad;

        sign_keys(public, secret);
        sign_keys(other, theirs);
        memset(c.hash, 7, sizeof(c.hash));
        checkpoint_sign(&c, secret);
        CHECK(checkpoint_valid(&c, public));
        CHECK(!checkpoint_valid(&c, other));

        bad = c;
        bad.seq++;
        CHECK(!checkpoint_valid(&bad, public));
        bad = c;
        bad.at_ms++;
        CHECK(!checkpoint_valid(&bad, public));
        bad = c;
        bad.hash[31] ^= 1;
        CHECK(!checkpoint_valid(&bad, public));
        bad = c;
        checkpoint_sign(&bad, theirs); /* a forger's own key */
        CHECK(!checkpoint_valid(&bad, public));
        memcpy(bad.public_key, public, sizeof(public));
        CHECK(!checkpoint_valid(&bad, public));
}
