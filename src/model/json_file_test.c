#include "model/json_file.h"
#include "test.h"

static json_t *parse(const char *text, struct marks *marks) {
        struct mark at = { 0 };
        json_t *v = NULL;
        struct err err;

        if (json_file_parse(text, strlen(text), marks, &v, &at, &err) < 0) {
                fprintf(stderr, "%d:%d: %s\n", at.line, at.column, err.msg);
                exit(1);
        }
        return v;
}

static void check_refused(const char *text, size_t n, int line, int column, const char *reason) {
        _cleanup_marks_ struct marks marks = { 0 };
        struct mark at = { 0 };
        json_t *v = NULL;
        struct err err = { .kind = ERR_INTERNAL };

        CHECK(json_file_parse(text, n, &marks, &v, &at, &err) == -1 && !v);
        CHECK(err.kind == ERR_INVALID);
        if (!strstr(err.msg, reason))
                CHECK_STR(err.msg, reason);
        if (at.line != line || at.column != column)
                fprintf(stderr, "%d:%d, not %d:%d: %s\n", at.line, at.column, line, column,
                        err.msg);
        CHECK(at.line == line && at.column == column);
}

#define REFUSED(text, ...) check_refused(text, sizeof(text) - 1, __VA_ARGS__)

TEST(values) {
        _cleanup_marks_ struct marks marks = { 0 };
        _cleanup_json_ json_t *v = parse("\xef\xbb\xbf [1, -2.5e3, \"a\\u00e9\\\"\", true, false,"
                                         " null, {}, [], {\"a\": {\"b\": [7]}}] ",
                                         &marks);
        _cleanup_free_ char *text = json_dumps(v, JSON_COMPACT);

        CHECK_STR(text, "[1,-2500.0,\"a\xc3\xa9\\\"\",true,false,null,{},[],{\"a\":{\"b\":[7]}}]");
}

TEST(places) {
        _cleanup_marks_ struct marks m = { 0 };
        _cleanup_json_ json_t *v = parse("[\n  {\"id\": 1,\n   \"hints\": [{\"cost\":\t5}]},\n"
                                         "  {\"text\": \"two\nlines\", \"id\": 2}\n]",
                                         &m);

        CHECK(marks_find(&m, "[0]").line == 2 && marks_find(&m, "[0]").column == 3);
        CHECK(marks_find(&m, "[0].id").line == 2 && marks_find(&m, "[0].id").column == 10);
        CHECK(marks_find(&m, "[0].hints[0].cost").line == 3);
        CHECK(marks_find(&m, "[0].hints[0].cost").column == 23);
        CHECK(marks_find(&m, "[1].id").line == 5 && marks_find(&m, "[1].id").column == 15);
        CHECK(marks_find(&m, "[1].flag").line == 4);
        CHECK_STR(json_string_value(json_object_get(json_array_get(v, 1), "text")), "two\nlines");
}

TEST(line_breaks_and_tabs_in_texts) {
        _cleanup_marks_ struct marks m = { 0 };
        _cleanup_json_ json_t *v = parse("{\"a\tb\": \"1\r\n2\\n3\\\\\"}", &m);

        CHECK_STR(json_string_value(json_object_get(v, "a\tb")), "1\r\n2\n3\\");
}

TEST(refusals_have_their_place) {
        REFUSED("", 1, 1, "ends where a value is due");
        REFUSED("  \n ", 2, 2, "ends where a value is due");
        REFUSED("[1,\n 2", 2, 3, "ends where a comma or ] is due");
        REFUSED("[1,\n 2,]", 2, 4, "']' stands where a value is due");
        REFUSED("{\"a\": 1,\n}", 2, 1, "'}' stands where a name in quotes is due");
        REFUSED("{\"a\" 1}", 1, 6, "'1' stands where a colon is due");
        REFUSED("[1 2]", 1, 4, "'2' stands where a comma or ] is due");
        REFUSED("{\"a\": 1 \"b\": 2}", 1, 9, "'\"' stands where a comma or } is due");
        REFUSED("[1] x", 1, 5, "'x' stands where the end is due");
        REFUSED("[\xff]", 1, 2, "not valid JSON");
        REFUSED("[\"a\xff\"]", 1, 2, "not valid JSON");
        REFUSED("[\n  nil]", 2, 3, "not valid JSON: invalid token near 'nil'");
        REFUSED("[01]", 1, 2, "not valid JSON");
        REFUSED("[\"a\\x\"]", 1, 2, "invalid escape");
        REFUSED("[\"a\\\n\"]", 1, 2, "invalid escape");
        REFUSED("[\"\\u0000\"]", 1, 2, "not valid JSON");
        REFUSED("[\"\0\"]", 1, 2, "not valid JSON");
        REFUSED("[\"\x01\"]", 1, 2, "control character");
        REFUSED("[\0]", 1, 2, "not valid JSON");
        REFUSED("[\"open\n", 2, 1, "ends where the end of a text is due");
        REFUSED("{\"a\": 1,\n \"a\": 2}", 2, 2, "a: is there twice");
}

TEST(depth) {
        char text[201];

        memset(text, '[', 200);
        text[200] = '\0';
        check_refused(text, 200, 1, 34, "nested deeper than 32 levels");
}
