#include "model/markdown.h"
#include "test.h"

static struct arena arena;

TEST(markdown_becomes_html) {
        CHECK_STR(markdown_html("Find *it* at `x`.", &arena),
                  "<p>Find <em>it</em> at <code>x</code>.</p>\n");
        CHECK_STR(markdown_html("", &arena), "");
}

TEST(nothing_of_an_authors_can_run) {
        CHECK(!strstr(markdown_html("<script>alert(1)</script>", &arena), "<script"));
        CHECK(!strstr(markdown_html("a <img src=x onerror=alert(1)> b", &arena), "<img"));
        CHECK(!strstr(markdown_html("[x](javascript:alert(1))", &arena), "javascript"));
        CHECK(!strstr(markdown_html("![x](data:text/html;base64,AAAA)", &arena), "data:text"));
        CHECK_STR(markdown_html("a\xff"
                                "b",
                                &arena),
                  "<p>a\xef\xbf\xbd"
                  "b</p>\n");
}
