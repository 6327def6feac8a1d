#include "model/html_clean.h"

#include "test.h"

static const char *clean(const char *html) {
        static struct buf b;

        buf_clear(&b);
        html_clean(html, strlen(html), &b);
        return b.data;
}

#define STAYS(html)       CHECK_STR(clean(html), html)
#define GIVES(html, want) CHECK_STR(clean(html), want)

TEST(what_stays) {
        STAYS("");
        STAYS("plain &amp; simple &lt;b&gt;");
        STAYS("2<sup>3</sup> <b>15 books</b><br>");
        STAYS("<p>a</p>\n<pre><code class=\"language-c++\">x</code></pre>");
        STAYS("<ol start=\"3\"><li>x</li></ol><table><tr><td colspan=\"2\">y</td></tr></table>");
        STAYS("<a href=\"https://x.example/?a=1&amp;b=2\" title=\"t\">l</a>");
        STAYS("<a href=\"page/two.html#x\">l</a><a href=\"/p\">l</a><a href=\"#f\">l</a>");
        STAYS("<a href=\"mailto:a@b.example\">l</a>");
        STAYS("<img src=\"/files/x.png\" alt=\"an x\">");
        GIVES("<B CLASS=x>a</B>", "<b>a</b>");
        GIVES("<br/><hr />", "<br><hr>");
        GIVES("<a href=/x title='say \"it\"'>l</a>",
              "<a href=\"/x\" title=\"say &quot;it&quot;\">l</a>");
}

TEST(what_goes) {
        GIVES("a<script>alert(1)</script>b", "ab");
        GIVES("a<ScRiPt src=x>alert('</b>')</sCrIpT >b", "ab");
        GIVES("a<script>never ends", "a");
        GIVES("<style>p{}</style><svg><script>1</script></svg>x", "x");
        GIVES("<p onclick=\"x()\" style='color:red' id=a>t</p>", "<p>t</p>");
        GIVES("<form action=/x><input name=a>text</form>", "text");
        GIVES("a<!-- <b> -->b<!doctype x>c<?php x ?>d<![CDATA[e]]>f", "abcdf");
        GIVES("a<!-->b", "ab");
        GIVES("a<!-- never ends", "a");
        GIVES("<b-elem>x</b-elem>", "x");
        GIVES("<img alt=x><img src=x onerror=alert(1)>", "");
        GIVES("<ol start=\"1 onclick=x\"><li>x</ol>", "<ol><li>x</li></ol>");
}

TEST(links_that_could_run) {
        static const char *const bad[] = { "javascript:alert(1)",
                                           "JaVaScript:alert(1)",
                                           " javascript:alert(1)",
                                           "java\nscript:alert(1)",
                                           "javascript&#58;alert(1)",
                                           "javascript&colon;alert(1)",
                                           "&#106;avascript:alert(1)",
                                           "&#x6A;avascript:alert(1)",
                                           "\x01javascript:alert(1)",
                                           "data:text/html,x",
                                           "vbscript:x",
                                           "&Tab;javascript:x",
                                           "" };
        char html[128];

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                snprintf(html, sizeof(html), "<a href=\"%s\">x</a>", bad[i]);
                CHECK_STR(clean(html), "<a>x</a>");
                snprintf(html, sizeof(html), "<img src=\"%s\">", bad[i]);
                CHECK_STR(clean(html), "");
        }
}

TEST(nothing_stays_open) {
        GIVES("<b>a<i>b", "<b>a<i>b</i></b>");
        GIVES("<b>a<i>b</b>c</i>", "<b>a<i>b</i></b>c");
        GIVES("a</div></div>b", "ab");
        GIVES("<div></p>x</div>", "<div>x</div>");
        GIVES("<a href=\"/x", "<a href=\"/x\"></a>");
        GIVES("<a href=\"/x\"", "<a href=\"/x\"></a>");
        GIVES("<", "&lt;");
        GIVES("a < b > c", "a &lt; b &gt; c");
        GIVES("</", "");
        GIVES("<b", "<b></b>");
}

TEST(depth_is_bounded) {
        char deep[3 * 300 + 1] = "";

        for (int i = 0; i < 300; i++)
                memcpy(deep + 3 * i, "<b>", 3);
        CHECK(strlen(clean(deep)) == 100 * 7);
}

TEST(odd_attributes) {
        GIVES("<b =\"=>\" / = x>t</b>", "<b>t</b>");
        GIVES("<a title=1 title=2 TITLE=3>x</a>", "<a title=\"1\">x</a>");
        GIVES("<a title = 'x' / href = \"/y\">x</a>", "<a title=\"x\" href=\"/y\">x</a>");
        GIVES("<a title=\"<script>\">x</a>", "<a title=\"&lt;script&gt;\">x</a>");
        GIVES("<a title='&quot;>'>x</a>", "<a title=\"&quot;&gt;\">x</a>");
}
