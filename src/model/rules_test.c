#include "base/attr.h"
#include "model/rules.h"
#include "test.h"

TEST(names) {
        CHECK(rules_name("web-101", SLUG_MAX));
        CHECK(rules_name("a", SLUG_MAX));
        CHECK(!rules_name("", SLUG_MAX));
        CHECK(!rules_name("-a", SLUG_MAX));
        CHECK(!rules_name("a-", SLUG_MAX));
        CHECK(!rules_name("Web", SLUG_MAX));
        CHECK(!rules_name("a_b", SLUG_MAX));
        CHECK(!rules_name("a/b", SLUG_MAX));
        CHECK(rules_name("abcd", 4));
        CHECK(!rules_name("abcde", 4));
}

TEST(image_references) {
        static const char *const good[] = {
                "a",
                "berth/web",
                "berth/web:latest",
                "berth/web:1.2_3-rc",
                "debian:12",
                "a__b/c-----d/e.f_g",
                "registry.example.org/team/web:v1",
                "registry.example.org:5000/web",
                "localhost/web",
                "Registry.Example.Org/web",
                "web@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                "web:1@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        };
        static const char *const bad[] = {
                "",
                ":",
                "web:",
                "web:-1",
                "web:a/b",
                "Web",
                "berth//web",
                "/web",
                "web/",
                "a..b",
                "a._b",
                "a___b",
                "-a",
                "a-",
                "web latest",
                "web@sha256:0123",
                "web@sha1:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                "registry.example.org:/web",
                "registry.example.org:port/web",
                "registry.example.org/",
                ".",
                "../web",
                "web;rm",
        };
        char over[IMAGE_MAX + 2] = "";

        for (size_t i = 0; i < ARRAY_SIZE(good); i++)
                if (!rules_image(good[i]))
                        CHECK_STR(good[i], "good");
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                if (rules_image(bad[i]))
                        CHECK_STR(bad[i], "bad");
        memset(over, 'a', IMAGE_MAX);
        CHECK(rules_image(over));
        over[IMAGE_MAX] = 'a';
        CHECK(!rules_image(over));
}

TEST(variables) {
        CHECK(rules_env_key("PATH"));
        CHECK(rules_env_key("_a1"));
        CHECK(!rules_env_key(""));
        CHECK(!rules_env_key("1A"));
        CHECK(!rules_env_key("A=B"));
        CHECK(!rules_env_key("A-B"));
}

TEST(paths_of_files) {
        CHECK(rules_file_path("/flag.txt"));
        CHECK(rules_file_path("/flag/..flag"));
        CHECK(!rules_file_path("flag.txt"));
        CHECK(!rules_file_path("/"));
        CHECK(!rules_file_path("/flag/"));
        CHECK(!rules_file_path("/a//b"));
        CHECK(!rules_file_path("/a/../b"));
        CHECK(!rules_file_path("/a/.."));
        CHECK(!rules_file_path("/./a"));
        CHECK(!rules_file_path("/a b"));
        CHECK(!rules_file_path("/a\nb"));
}

TEST(paths_of_urls) {
        CHECK(rules_url_path("/"));
        CHECK(rules_url_path("/a?b=c%20d"));
        CHECK(!rules_url_path("a"));
        CHECK(!rules_url_path("/a b"));
        CHECK(!rules_url_path("/a\r\nHost: b"));
}

TEST(lines) {
        CHECK(rules_line("caf\xc3\xa9 & co"));
        CHECK(!rules_line("a\nb"));
        CHECK(!rules_line("a\x1b[31m"));
        CHECK(!rules_line("a\x7f"));
}

TEST(relative_paths) {
        static const char *const good[] = { "a", "dist/app.zip", "a b.txt", "..a", "\xc3\xa4.txt" };
        static const char *const bad[] = { "", "/a", "a/", "a//b", "..", "a/../b", "./a", "a\nb" };

        for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
                CHECK(rules_relative_path(good[i]));
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                CHECK(!rules_relative_path(bad[i]));
}

TEST(digests) {
        CHECK(rules_digest("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
        CHECK(!rules_digest("E3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
        CHECK(!rules_digest("e3b0"));
        CHECK(!rules_digest(""));
}
