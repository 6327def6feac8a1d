#include "base/json.h"
#include "test.h"

static json_t *parsed(const char *text) {
        struct err err;
        json_t *j;

        CHECK_OK(json_parse(text, strlen(text), &j, &err));
        return j;
}

static void refused(const char *text, size_t n, const char *where) {
        json_t *j = NULL;
        struct err err;

        CHECK(json_parse(text, n, &j, &err) == -1);
        CHECK(err.kind == ERR_INVALID);
        CHECK(!j);
        if (!strstr(err.msg, where)) {
                fprintf(stderr, "\"%s\" does not say \"%s\"\n", err.msg, where);
                exit(1);
        }
}

TEST(commas_come_by_themselves) {
        _cleanup_buf_ struct buf b = { 0 };

        json_open(&b, '{');
        json_key(&b, "id");
        json_text(&b, "x");
        json_key(&b, "ports");
        json_open(&b, '[');
        json_int(&b, 1);
        json_int(&b, -2);
        json_open(&b, '[');
        json_close(&b, ']');
        json_open(&b, '{');
        json_close(&b, '}');
        json_bool(&b, true);
        json_bool(&b, false);
        json_none(&b);
        json_raw(&b, "{\"a\":1}");
        json_text(&b, NULL);
        json_close(&b, ']');
        json_key(&b, "last");
        json_time(&b, 0);
        json_close(&b, '}');
        CHECK_STR(b.data, "{\"id\":\"x\",\"ports\":[1,-2,[],{},true,false,null,{\"a\":1},null],"
                          "\"last\":null}");
}

TEST(a_value_after_other_text) {
        _cleanup_buf_ struct buf b = { 0 };

        buf_str(&b, "id: 5\ndata: ");
        json_open(&b, '{');
        json_close(&b, '}');
        buf_char(&b, '\n');
        json_int(&b, 1);
        CHECK_STR(b.data, "id: 5\ndata: {}\n1");
}

TEST(text_is_escaped) {
        _cleanup_buf_ struct buf b = { 0 };

        json_text(&b, "\"\\/\b\f\n\r\t\x01\x1f\x7f");
        CHECK_STR(b.data, "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"");
        buf_clear(&b);
        json_textn(&b, "a\0b", 3);
        CHECK_STR(b.data, "\"a\\u0000b\"");
        buf_clear(&b);
        json_open(&b, '{');
        json_key(&b, "a\"b");
        CHECK_STR(b.data, "{\"a\\\"b\":");
}

TEST(what_is_not_utf8_is_replaced) {
        _cleanup_buf_ struct buf b = { 0 };

        json_text(&b, "\xc3\xa4\xf0\x9f\x9a\xa2");
        CHECK_STR(b.data, "\"\xc3\xa4\xf0\x9f\x9a\xa2\"");
        buf_clear(&b);
        json_text(&b, "a\xff\xc3");
        CHECK_STR(b.data, "\"a\xef\xbf\xbd\xef\xbf\xbd\"");
        buf_clear(&b);
        json_textn(&b, "\xe2\x82\xac", 2); /* cut within a character */
        CHECK_STR(b.data, "\"\xef\xbf\xbd\xef\xbf\xbd\"");
}

TEST(any_bytes_come_out_as_json) {
        unsigned seed = 1;

        for (int round = 0; round < 2000; round++) {
                _cleanup_buf_ struct buf b = { 0 };
                _cleanup_json_ json_t *j = NULL;
                struct err err;
                char s[20];

                for (size_t i = 0; i < sizeof(s); i++) {
                        seed = seed * 1103515245 + 12345;
                        s[i] = (char)(seed >> 16);
                        if (s[i] == '\0') /* is written, but never read */
                                s[i] = 'x';
                }
                json_textn(&b, s, sizeof(s));
                CHECK_OK(json_parse(b.data, b.len, &j, &err));
        }
}

TEST(plain_text_comes_back) {
        _cleanup_buf_ struct buf b = { 0 };
        _cleanup_json_ json_t *j = NULL;
        char s[128];

        for (int i = 0; i < 127; i++)
                s[i] = (char)(i + 1);
        s[127] = '\0';
        json_text(&b, s);
        j = parsed(b.data);
        CHECK_STR(json_string_value(j), s);
}

TEST(times) {
        _cleanup_buf_ struct buf b = { 0 };

        json_time(&b, 1795201506123);
        CHECK_STR(b.data, "\"2026-11-20T19:05:06.123Z\"");
}

TEST(errors_say_where) {
        refused("{\"a\":1,\n \"b\":}", 15, "line 2, column 6");
        refused("", 0, "line 1, column 0");
        refused(NULL, 0, "line 1");
        refused("{} x", 4, "line 1, column 4");
        refused("{", 1, "line 1, column 1");
        refused("nul", 3, "line 1");
}

TEST(keys_come_once) { refused("{\"a\":1,\n\"a\":2}", 15, "duplicate"); }

TEST(no_nul_anywhere) {
        refused("{\"a\":\0 1}", 9, "line 1, column 6");
        refused("[\"a\0b\"]", 7, "line 1");
        refused("[\"\\u0000\"]", 10, "line 1");
        refused("[]\0", 3, "line 1");
}

TEST(no_broken_utf8) {
        refused("[\"\xff\"]", 5, "line 1");
        refused("[\"\xed\xa0\x80\"]", 7, "line 1");
}

TEST(depth_is_limited) {
        char text[2 * JSON_DEPTH_MAX + 3];

        for (size_t n = JSON_DEPTH_MAX; n <= JSON_DEPTH_MAX + 1; n++) {
                memset(text, '[', n);
                memset(text + n, ']', n);
                text[2 * n] = '\0';
                if (n <= JSON_DEPTH_MAX)
                        json_decref(parsed(text));
                else
                        refused(text, 2 * n, "line 1, column 65: nested deeper than 64");
        }
        refused("\n[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", 69,
                "line 2, column 65");
}

TEST(depth_counts_no_brackets_in_text) {
        _cleanup_buf_ struct buf b = { 0 };

        buf_str(&b, "[\"\\\"");
        for (int i = 0; i < 100; i++)
                buf_str(&b, "[{");
        buf_str(&b, "\"]");
        json_decref(parsed(b.data));
}

TEST(wide_is_not_deep) {
        _cleanup_buf_ struct buf b = { 0 };

        buf_char(&b, '[');
        for (int i = 0; i < 1000; i++)
                buf_str(&b, i ? ",{}" : "{}");
        buf_char(&b, ']');
        json_decref(parsed(b.data));
}

TEST(members) {
        _cleanup_json_ json_t *o = parsed("{\"t\":\"x\",\"i\":-5,\"n\":null}");
        const char *t;
        struct err err;
        int64_t i;

        CHECK_OK(json_get_text(o, "t", "d", &t, &err));
        CHECK_STR(t, "x");
        CHECK_OK(json_get_text(o, "missing", "d", &t, &err));
        CHECK_STR(t, "d");
        CHECK_OK(json_get_text(o, "n", NULL, &t, &err));
        CHECK(!t);
        CHECK_OK(json_get_int(o, "i", 7, &i, &err));
        CHECK(i == -5);
        CHECK_OK(json_get_int(o, "n", 7, &i, &err));
        CHECK(i == 7);
}

TEST(members_are_found_without_parsing) {
        static const char text[] = "{\"a\":1,\"q\":\"x\\\"},\",\"last\":-5}garbage";
        const char *value;
        size_t n;

        value = json_member(text, "a", &n);
        CHECK(value && n == 1 && *value == '1');
        value = json_member(text, "q", &n);
        CHECK(value && n == 7 && memcmp(value, "\"x\\\"},\"", n) == 0);
        value = json_member(text, "last", &n);
        CHECK(value && n == 2 && memcmp(value, "-5", n) == 0);
        CHECK(!json_member(text, "garbage", &n) && !json_member("{}", "a", &n));
        CHECK(!json_member("", "a", &n) && !json_member("{\"cut", "cut", &n));
}

TEST(members_of_a_wrong_type) {
        _cleanup_json_ json_t *o = parsed("{\"t\":\"5\",\"i\":5,\"r\":5.0}");
        const char *t = "same";
        struct err err;
        int64_t i = 1;

        CHECK(json_get_text(o, "i", NULL, &t, &err) == -1);
        CHECK(err.kind == ERR_INVALID && strstr(err.msg, "\"i\""));
        CHECK(json_get_int(o, "t", 0, &i, &err) == -1);
        CHECK(err.kind == ERR_INVALID && strstr(err.msg, "\"t\""));
        CHECK(json_get_int(o, "r", 0, &i, &err) == -1);
        CHECK(strcmp(t, "same") == 0 && i == 1);
}

TEST(members_of_what_is_no_object) {
        _cleanup_json_ json_t *o = parsed("[1]");
        struct err err;
        int64_t i;

        CHECK(json_get_int(o, "a", 0, &i, &err) == -1);
        CHECK(err.kind == ERR_INVALID);
        CHECK(json_get_int(NULL, "a", 0, &i, &err) == -1);
}
