#include "model/csv.h"

#include <string.h>

#include "test.h"

/* "LINE:field|field" for each record, "LINE!reason" for what is none, in lines. */
static void check_n(const char *text, size_t n, const char *want) {
        _cleanup_arena_ struct arena arena = { 0 };
        const char *got = "";
        struct csv_record r;
        struct csv c;
        struct err err;
        bool more = true;

        csv_init(&c, text, n);
        while (more) {
                if (csv_next(&c, &arena, &r, &more, &err) < 0) {
                        got = arena_printf(&arena, "%s%d!%s\n", got, r.line, err.msg);
                        continue;
                }
                for (size_t i = 0; more && i < r.n; i++)
                        got = i ? arena_printf(&arena, "%s|%s", got, r.fields[i]) :
                                  arena_printf(&arena, "%s%d:%s", got, r.line, r.fields[i]);
                if (more)
                        got = arena_printf(&arena, "%s\n", got);
        }
        CHECK_STR(got, want);
}

static void check(const char *text, const char *want) { check_n(text, strlen(text), want); }

TEST(plain) {
        check("", "");
        check("a,b\nc,d\n", "1:a|b\n2:c|d\n");
        check("a,b\nc,d", "1:a|b\n2:c|d\n");
        check("a,b\r\nc,d\r\n", "1:a|b\n2:c|d\n");
        check("a\rb", "1:a\n2:b\n");
        check("a,,\n,\n", "1:a||\n2:|\n");
        check("\xef\xbb\xbfone,two", "1:one|two\n");
}

TEST(blanks) {
        check("\n\n  a ,\tb c \t\n \t \r\n\nd\n\n", "3:a|b c\n6:d\n");
        check("  \" a \" , b", "1: a |b\n");
}

TEST(quotes) {
        check("\"a,b\",\"c\"\"d\",\"\"\n", "1:a,b|c\"d|\n");
        check("\"two\nlines\",x\nnext\n", "1:two\nlines|x\n3:next\n");
        check("\"two\r\nlines\",x\r\nnext\n", "1:two\r\nlines|x\n3:next\n");
        check("\"\"\"\"\n", "1:\"\n");
}

TEST(what_is_wrong_has_its_line_and_the_rest_is_read) {
        check("a\n\"b\" c,d\ne\n", "1:a\n2!something stands between a quoted field and its comma\n"
                                   "3:e\n");
        check("a\nb\"c\nd\n", "1:a\n2!a quote stands within a field that is not quoted\n3:d\n");
        check("a\n\"b\nc,d\n", "1:a\n2!a quoted field has no end\n3:c|d\n");
        check("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17\nx\n", "1!more than 16 fields\n2:x\n");
        check_n("a\0b\nc", 5, "1!a field has a NUL character\n2:c\n");
        check_n("\"a\0\"\nc", 6, "1!a field has a NUL character\n2:c\n");
}
