#include "cli/emulate/assets.h"

#include "test.h"

static struct arena arena;

static struct assets found(const char *html) {
        struct assets a;

        assets_find(html, strlen(html), "http://host:8080/", &arena, &a);
        return a;
}

/* HTML refers to exactly ONE, or to nothing for NULL. */
static void refers(const char *html, const char *one) {
        struct assets a = found(html);

        if (a.n != (one ? 1 : 0))
                fprintf(stderr, "%s: %zu, %s\n", html, a.n, a.n ? a.urls[0] : "");
        CHECK(a.n == (one ? 1 : 0));
        if (one)
                CHECK_STR(a.urls[0], one);
}

TEST(what_a_browser_loads) {
        refers("<script src=\"/js/app.js\"></script>", "http://host:8080/js/app.js");
        refers("<img alt='' src='images/banner.png'>", "http://host:8080/images/banner.png");
        refers("<IMG SRC=a.png>", "http://host:8080/a.png");
        refers("<link rel=\"stylesheet\" href=\"/css/x.css?v=2#top\"/>",
               "http://host:8080/css/x.css?v=2");
        refers("<link href = /favicon.ico rel = 'shortcut icon' >", "http://host:8080/favicon.ico");
        refers("<script async src=http://host:8080/x.js></script>", "http://host:8080/x.js");
        refers("<script src=//host:8080/y.js></script>", "http://host:8080/y.js");
}

TEST(what_it_does_not) {
        refers("<a href=\"/api/v2/openapi.json\">document</a>", NULL);
        refers("<link rel=canonical href=/here>", NULL);
        refers("<!-- <img src=/old.png> -->", NULL);
        refers("<script>var a = '<img src=/made.png>';</script>", NULL);
        refers("<script src=https://cdn.example/chart.js></script>", NULL);
        refers("<script src=http://host:8081/x.js></script>", NULL);
        refers("<img src=\"data:image/png;base64,AAAA\">", NULL);
        refers("<img src>", NULL);
        refers("text < 5 and <", NULL);
        refers("", NULL);
}

TEST(what_is_cut_short_ends_well) {
        static const char whole[] =
                "<link rel='icon' href=\"/a\"><script src='b'>x</script><!-- c -->";

        for (size_t n = 0; n < sizeof(whole); n++) {
                char *part = malloc(n + 1); /* so that a byte too far is seen */
                struct assets a;

                CHECK(part != NULL);
                memcpy(part, whole, n);
                part = realloc(part, n ? n : 1);
                assets_find(part, n, "http://host/", &arena, &a);
                CHECK(a.n <= 2);
                free(part);
        }
}

TEST(each_once_in_their_order_and_not_too_many) {
        struct assets a = found("<img src=b><img src=a><img src=/b>");
        _cleanup_arena_ struct arena text = { 0 };
        const char *html = "";

        CHECK(a.n == 2);
        CHECK_STR(a.urls[0], "http://host:8080/b");
        CHECK_STR(a.urls[1], "http://host:8080/a");
        for (int i = 0; i < 2 * ASSETS_MAX; i++)
                html = arena_printf(&text, "%s<img src=%d>", html, i);
        CHECK(found(html).n == ASSETS_MAX);
}
