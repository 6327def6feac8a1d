#include "net/http_parse.h"
#include "test.h"

#include <arpa/inet.h>

static const char *path_of(const char *target, struct arena *arena, char **query) {
        char *copy = arena_printf(arena, "%s", target), *path;
        struct err err;

        return http_parse_target(copy, &path, query, &err) < 0 ? NULL : path;
}

TEST(targets) {
        static const struct {
                const char *target, *path, *query;
        } cases[] = {
                { "/", "/", NULL },
                { "/a/b?c=d", "/a/b", "c=d" },
                { "/a%2Fb%20c", "/a/b c", NULL },
                { "/%252e%252e/", "/%2e%2e/", NULL }, /* once, not twice */
                { "/a..b/...", "/a..b/...", NULL },
                { "/?", "/", "" },
                { "/a?b?c", "/a", "b?c" },
                { "/%C3%A9", "/\xc3\xa9", NULL },
                { "*", "*", NULL },
                { "http://host:80/x?y", "/x", "y" },
                { "HTTPS://host", "/", NULL },
                { "http://host?q=1", "/", "q=1" },
        };
        static const char *const bad[] = { "",     "a",    "?a",       "/%",      "/%4",
                                           "/%g0", "/%00", "/a/..",    "/../a",   "/%2e./",
                                           "/..",  "**",   "/a\\b",    "/%5c",    "/a\tb",
                                           "/%7f", "/\n",  "//a/../b", "ftp://x/" };
        _cleanup_arena_ struct arena arena = { 0 };
        char *query;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const char *path = path_of(cases[i].target, &arena, &query);

                CHECK(path);
                CHECK_STR(path, cases[i].path);
                CHECK(!query == !cases[i].query);
                if (query)
                        CHECK_STR(query, cases[i].query);
        }
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                CHECK(!path_of(bad[i], &arena, &query));
}

TEST(queries) {
        static const char query[] = "a=1&b=&c&a=2&%64=x+y%2bz&e=%zz%00%&=none&f==&g=1=2";
        _cleanup_arena_ struct arena arena = { 0 };

        CHECK_STR(http_parse_query(query, "a", &arena), "1");
        CHECK_STR(http_parse_query(query, "b", &arena), "");
        CHECK_STR(http_parse_query(query, "c", &arena), "");
        CHECK_STR(http_parse_query(query, "d", &arena), "x y+z");
        CHECK_STR(http_parse_query(query, "e", &arena), "%zz%00%");
        CHECK_STR(http_parse_query(query, "f", &arena), "=");
        CHECK_STR(http_parse_query(query, "g", &arena), "1=2");
        CHECK_STR(http_parse_query(query, "", &arena), "none");
        CHECK(!http_parse_query(query, "aa", &arena) && !http_parse_query(query, "x", &arena));
        CHECK(!http_parse_query(NULL, "a", &arena) && !http_parse_query("", "a", &arena));
        CHECK(!http_parse_query("&&", "a", &arena) && !http_parse_query("ab=1", "a", &arena));
}

TEST(addresses) {
        char text[HTTP_ADDR_TEXT];
        struct in6_addr addr;
        struct err err;

        CHECK_OK(http_parse_addr("192.0.2.7", &addr, &err));
        http_parse_addr_text(&addr, text);
        CHECK_STR(text, "192.0.2.7");
        CHECK_OK(http_parse_addr("2001:DB8::1", &addr, &err));
        http_parse_addr_text(&addr, text);
        CHECK_STR(text, "2001:db8::1");
        CHECK(http_parse_addr("host", &addr, &err) < 0 && err.kind == ERR_INVALID);
        CHECK(http_parse_addr("10.0.0.0/8", &addr, &err) < 0);
}

static const char *forwarded(const char *peer, const char *value) {
        static char text[HTTP_ADDR_TEXT];
        struct in6_addr trusted[2], addr;
        struct err err;

        CHECK_OK(http_parse_addr("10.0.0.1", &trusted[0], &err));
        CHECK_OK(http_parse_addr("fd00::1", &trusted[1], &err));
        CHECK_OK(http_parse_addr(peer, &addr, &err));
        http_parse_forwarded(value, trusted, 2, &addr);
        http_parse_addr_text(&addr, text);
        return text;
}

TEST(right_most_untrusted) {
        CHECK_STR(forwarded("9.9.9.9", "1.1.1.1"), "9.9.9.9");
        CHECK_STR(forwarded("10.0.0.1", "1.1.1.1"), "1.1.1.1");
        CHECK_STR(forwarded("10.0.0.1", "6.6.6.6, 1.1.1.1"), "1.1.1.1");
        CHECK_STR(forwarded("10.0.0.1", "6.6.6.6, 1.1.1.1 ,fd00::1"), "1.1.1.1");
        CHECK_STR(forwarded("10.0.0.1", "10.0.0.1"), "10.0.0.1");
        CHECK_STR(forwarded("10.0.0.1", ""), "10.0.0.1");
        CHECK_STR(forwarded("10.0.0.1", "1.1.1.1, unknown"), "10.0.0.1");
        CHECK_STR(forwarded("10.0.0.1", "1.1.1.1:4711"), "1.1.1.1");
        CHECK_STR(forwarded("10.0.0.1", "[2001:db8::2]:80"), "2001:db8::2");
        CHECK_STR(forwarded("fd00::1", "2001:db8::2"), "2001:db8::2");
        CHECK_STR(forwarded("10.0.0.1", ",,,"), "10.0.0.1");
}

TEST(listen_addresses) {
        static const char *const bad[] = {
                "",           "8080",    ":8080",       "127.0.0.1",      "127.0.0.1:",
                "::1:80",     "[::1]",   "[::1:80",     "[127.0.0.1]:80", "1.2.3.4:65536",
                "1.2.3.4:-1", "host:80", "1.2.3.4: 80", "[]:80"
        };
        struct sockaddr_storage addr;
        struct sockaddr_in6 in6;
        struct sockaddr_in in;
        struct err err;
        socklen_t len;

        CHECK_OK(http_parse_listen("127.0.0.1:8080", &addr, &len, &err));
        memcpy(&in, &addr, sizeof(in));
        CHECK(len == sizeof(in) && in.sin_family == AF_INET && ntohs(in.sin_port) == 8080);
        CHECK(in.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
        CHECK_OK(http_parse_listen("[::1]:0", &addr, &len, &err));
        memcpy(&in6, &addr, sizeof(in6));
        CHECK(len == sizeof(in6) && in6.sin6_family == AF_INET6 && in6.sin6_port == 0);
        CHECK(IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr));
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                CHECK(http_parse_listen(bad[i], &addr, &len, &err) < 0 && err.kind == ERR_INVALID);
}
