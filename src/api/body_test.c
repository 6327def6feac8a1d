#include "api/body.h"
#include "test.h"

static json_t *parse(const char *text) {
        json_t *o = NULL;
        struct err err;

        CHECK_OK(body_parse("application/json", text, strlen(text), BODY_OBJECT, &o, &err));
        return o;
}

static struct err refuse(const char *type, const char *text, enum route_body kind) {
        json_t *o = NULL;
        struct err err;

        CHECK(body_parse(type, text, strlen(text), kind, &o, &err) < 0);
        CHECK(!o);
        return err;
}

TEST(the_content_type_must_be_json) {
        _cleanup_json_ json_t *o = NULL;
        struct err err;

        CHECK(refuse(NULL, "{}", BODY_OBJECT).kind == ERR_MEDIA_TYPE);
        CHECK(refuse("text/plain", "{}", BODY_OBJECT).kind == ERR_MEDIA_TYPE);
        CHECK(refuse("application/jsonx", "{}", BODY_OBJECT).kind == ERR_MEDIA_TYPE);
        CHECK(refuse("application/x-www-form-urlencoded", "a=b", BODY_OPTIONAL).kind ==
              ERR_MEDIA_TYPE);
        CHECK_OK(body_parse("Application/JSON ; charset=utf-8", "{}", 2, BODY_OBJECT, &o, &err));
}

TEST(malformed_json_is_placed) {
        struct err err = refuse("application/json", "{\"a\":\n  oops}", BODY_OBJECT);

        CHECK(err.kind == ERR_INVALID);
        CHECK(strstr(err.msg, "line 2"));
}

TEST(the_top_must_be_what_the_route_wants) {
        CHECK(strstr(refuse("application/json", "[]", BODY_OBJECT).msg, "object"));
        CHECK(strstr(refuse("application/json", "{}", BODY_ARRAY).msg, "array"));
        CHECK(strstr(refuse("application/json", "", BODY_OBJECT).msg, "empty"));
        CHECK(strstr(refuse("application/json", "3", BODY_OPTIONAL).msg, "object"));
}

TEST(an_optional_body_may_be_missing) {
        _cleanup_json_ json_t *o = NULL;
        struct err err;

        CHECK_OK(body_parse(NULL, "", 0, BODY_OPTIONAL, &o, &err));
        CHECK(json_is_object(o) && json_object_size(o) == 0);
}

TEST(a_missing_or_ill_typed_field_is_named) {
        _cleanup_json_ json_t *o = parse("{\"n\": 1, \"s\": \"x\", \"z\": null, \"e\": \"\"}");
        const char *s;
        struct err err;
        int64_t n;

        CHECK(body_text(o, "gone", 10, &s, &err) < 0 && strstr(err.msg, "gone"));
        CHECK(body_text(o, "z", 10, &s, &err) < 0 && strstr(err.msg, "z: missing"));
        CHECK(body_text(o, "n", 10, &s, &err) < 0 && strstr(err.msg, "n"));
        CHECK(body_text(o, "e", 10, &s, &err) < 0 && strstr(err.msg, "e: empty"));
        CHECK(body_text(o, "s", 0, &s, &err) < 0 && strstr(err.msg, "longer"));
        CHECK(body_int(o, "s", 0, 9, &n, &err) < 0 && strstr(err.msg, "s"));
        CHECK(body_int(o, "n", 2, 9, &n, &err) < 0 && strstr(err.msg, "2 to 9"));
        CHECK(body_int(o, "gone", 0, 9, &n, &err) < 0 && strstr(err.msg, "gone: missing"));
        CHECK_OK(body_text(o, "s", 1, &s, &err));
        CHECK_STR(s, "x");
        CHECK_OK(body_int_or(o, "z", 2, 9, -1, &n, &err));
        CHECK(n == -1);
}

TEST(names_are_for_people) {
        _cleanup_json_ json_t *o =
                parse("{\"good\": \"Zoë\", \"tab\": \"a\\tb\", \"end\": \"a \","
                      "\"long\": \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                      "xxxxxxxxxxxxxxxx\"}");
        char name[NAME_MAX_BYTES];
        struct err err;

        CHECK_OK(body_name(o, "good", name, &err));
        CHECK_STR(name, "Zoë");
        CHECK(body_name(o, "tab", name, &err) < 0);
        CHECK(body_name(o, "end", name, &err) < 0);
        CHECK(body_name(o, "long", name, &err) < 0);
}

TEST(a_policy_keeps_what_is_not_said) {
        _cleanup_json_ json_t *o = parse("{\"base_seconds\": 60, \"max_extensions\": 1}");
        _cleanup_json_ json_t *bad = parse("{\"base_seconds\": 60, \"max_lifetime_seconds\": 59}");
        struct policy p = policy_default;
        struct err err;

        CHECK_OK(body_policy(o, &p, &err));
        CHECK(p.base_ms == 60000 && p.max_extensions == 1);
        CHECK(p.increment_ms == policy_default.increment_ms);
        CHECK(body_policy(bad, &p, &err) < 0);
        CHECK(p.base_ms == 60000);
}
