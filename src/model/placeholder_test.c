#include "base/json.h"
#include "model/markdown.h"
#include "model/placeholder.h"
#include "test.h"

static const char *const clusters[] = { "p0.example", "p1.example", "p2.example" };
static const struct placeholder_setting setting = { "some-secret-key", "control.example", clusters,
                                                    3 };

static struct user player(int64_t id, const char *name, const char *display) {
        struct user u = { .id = id };

        snprintf(u.name, sizeof(u.name), "%s", name);
        snprintf(u.display, sizeof(u.display), "%s", display);
        return u;
}

TEST(all_six) {
        _cleanup_arena_ struct arena a = { 0 };
        struct user u = player(7, "player7", "Ada");

        CHECK_STR(placeholder_expand("@USERNAME@/@USERID@/@DISPLAYNAME@/@CONTROL_CLUSTER@/"
                                     "@PLAYER_CLUSTER@",
                                     &setting, &u, PLACEHOLDER_TEXT, &a),
                  "player7/7/Ada/control.example/p1.example");
        /* "Ada" 41 64 61, its CRC-32 (zlib.crc32(b"Ada") in Python), XOR "some-se" */
        CHECK_STR(
                placeholder_expand("@OBFUSCATED_DISPLAYNAME@", &setting, &u, PLACEHOLDER_TEXT, &a),
                "320B0CD010B2ED");
}

TEST(unset) {
        _cleanup_arena_ struct arena a = { 0 };
        struct user u = player(3, "player3", "");
        const char *back;
        struct err err;

        CHECK_STR(placeholder_expand("Hi @DISPLAYNAME@!", &setting, &u, PLACEHOLDER_HTML, &a),
                  "Hi [unset]!");
        CHECK_OK(placeholder_unmask(
                placeholder_expand("@OBFUSCATED_DISPLAYNAME@", &setting, &u, PLACEHOLDER_TEXT, &a),
                setting.mask_key, &a, &back, &err));
        CHECK_STR(back, "[unset]");
}

TEST(what_is_none) {
        _cleanup_arena_ struct arena a = { 0 };
        struct user u = player(1, "@USERID@", "x");
        const char *text = "mail me @ home @USERNAME @username@ @@";

        CHECK(placeholder_expand(text, &setting, &u, PLACEHOLDER_TEXT, &a) == text);
        /* An @ before one, and two that would share theirs. */
        CHECK_STR(placeholder_expand("@@USERID@USERID@", &setting, &u, PLACEHOLDER_TEXT, &a),
                  "@1USERID@");
        /* A value is not looked at again. */
        CHECK_STR(placeholder_expand("@USERNAME@", &setting, &u, PLACEHOLDER_TEXT, &a), "@USERID@");
}

TEST(escaped) {
        _cleanup_arena_ struct arena a = { 0 };
        struct user u = player(1, "x", "<b>\"O'Hara\" & \\son\x01");
        json_t *o;
        struct err err;
        const char *text;

        CHECK_STR(placeholder_expand("<i>@DISPLAYNAME@</i>", &setting, &u, PLACEHOLDER_HTML, &a),
                  "<i>&lt;b&gt;&quot;O&#39;Hara&quot; &amp; \\son\x01</i>");
        text = placeholder_expand("{\"hello\":[\"@DISPLAYNAME@\"]}", &setting, &u, PLACEHOLDER_JSON,
                                  &a);
        CHECK_OK(json_parse(text, strlen(text), &o, &err));
        CHECK_STR(json_string_value(json_array_get(json_object_get(o, "hello"), 0)), u.display);
        json_decref(o);
}

/* Markdown is made into HTML before anybody's name comes in. */
TEST(survive_markdown) {
        _cleanup_arena_ struct arena a = { 0 };
        struct user u = player(2, "p", "*Ada*");
        const char *html = markdown_html("[@DISPLAYNAME@](http://@PLAYER_CLUSTER@/?u=@USERID@) "
                                         "_@OBFUSCATED_DISPLAYNAME@_ `@CONTROL_CLUSTER@`",
                                         &a);

        html = placeholder_expand(html, &setting, &u, PLACEHOLDER_HTML, &a);
        CHECK(strstr(html, "<a href=\"http://p2.example/?u=2\">*Ada*</a> <em>"));
        CHECK(strstr(html, "<code>control.example</code>"));
}

TEST(cluster_is_the_id_modulo) {
        _cleanup_arena_ struct arena a = { 0 };
        static const struct placeholder_setting none = { "k", "", NULL, 0 };
        struct user u = player(0, "p", "");

        for (u.id = 1; u.id < 10; u.id++)
                CHECK_STR(
                        placeholder_expand("@PLAYER_CLUSTER@", &setting, &u, PLACEHOLDER_TEXT, &a),
                        clusters[u.id % 3]);
        CHECK_STR(placeholder_expand("[@PLAYER_CLUSTER@@CONTROL_CLUSTER@]", &none, &u,
                                     PLACEHOLDER_TEXT, &a),
                  "[]");
}

TEST(mask_and_back) {
        static const char *const texts[] = { "",
                                             "a",
                                             "Ada",
                                             "K\xc3\xb6nigin der Nacht",
                                             "\xf0\x9f\xa6\x8a",
                                             "0123456789012345678901234567890" };
        static const char *const keys[] = { "k", "some-secret-key", "\xff\xfe\xfd" };
        _cleanup_arena_ struct arena a = { 0 };
        struct err err;
        const char *back = NULL;

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
                        const char *hex = placeholder_mask(texts[i], keys[k], &a);

                        CHECK(strlen(hex) == 2 * strlen(texts[i]) + 8);
                        CHECK(strspn(hex, "0123456789ABCDEF") == strlen(hex));
                        CHECK_OK(placeholder_unmask(hex, keys[k], &a, &back, &err));
                        CHECK_STR(back, texts[i]);
                        CHECK(placeholder_unmask(hex, "another", &a, &back, &err) < 0);
                }
        }
        CHECK(placeholder_unmask("ABC", "k", &a, &back, &err) < 0 && err.kind == ERR_INVALID);
        CHECK(placeholder_unmask("ABCD", "k", &a, &back, &err) < 0);
        CHECK(placeholder_unmask("", "k", &a, &back, &err) < 0);
}
