#include "model/markdown.h"
#include "test.h"

static struct arena arena;

TEST(markdown_becomes_html) {
        CHECK_STR(markdown_html("Find *it* at `x`.", &arena),
                  "<p>Find <em>it</em> at <code>x</code>.</p>\n");
        CHECK_STR(markdown_html("", &arena), "");
}

/* CTFG's authors mix both. */
TEST(harmless_html_stays) {
        CHECK_STR(markdown_html("Find <b>4 \xc3\x97 2<sup>3</sup></b> *now*", &arena),
                  "<p>Find <b>4 \xc3\x97 2<sup>3</sup></b> <em>now</em></p>\n");
        CHECK_STR(markdown_html("<div onclick=x>\n\n*in*\n\n</div>", &arena),
                  "<div>\n<p><em>in</em></p>\n</div>\n");
        CHECK_STR(markdown_html("`<b>` and \\<b>", &arena),
                  "<p><code>&lt;b&gt;</code> and &lt;b&gt;</p>\n");
        CHECK_STR(markdown_html("```c\na < b\n```", &arena),
                  "<pre><code class=\"language-c\">a &lt; b\n</code></pre>\n");
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
