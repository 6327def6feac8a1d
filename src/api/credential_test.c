#include "api/credential.h"
#include "test.h"

static const char *token(const char *value) {
        static char text[TOKEN_TEXT];
        const char *at;
        size_t n;

        if (!credential_token(value, &at, &n))
                return "none";
        snprintf(text, sizeof(text), "%.*s", (int)n, at);
        return text;
}

TEST(a_bearer_token_is_read) {
        CHECK_STR(token("Bearer brt_abc-DEF_1"), "brt_abc-DEF_1");
        CHECK_STR(token("bearer brt_abc"), "brt_abc");
        CHECK_STR(token("Bearer   brt_abc"), "brt_abc");
        CHECK_STR(token("Token brt_abc"), "brt_abc");
}

TEST(anything_else_is_none) {
        char longest[128];

        CHECK_STR(token(NULL), "none");
        CHECK_STR(token(""), "none");
        CHECK_STR(token("brt_alone"), "brt_alone");
        CHECK_STR(token("alone"), "none");
        CHECK_STR(token("Bearer"), "none");
        CHECK_STR(token("Bearer "), "none");
        CHECK_STR(token("Bearerbrt_abc"), "none");
        CHECK_STR(token("Basic YTpi"), "none");
        CHECK_STR(token("Bearer brt_abc def"), "none");
        CHECK_STR(token("Bearer brt_abc,"), "none");
        snprintf(longest, sizeof(longest), "Bearer %0*d", TOKEN_TEXT - 1, 1);
        CHECK(strlen(token(longest)) == TOKEN_TEXT - 1);
        snprintf(longest, sizeof(longest), "Bearer %0*d", TOKEN_TEXT, 1);
        CHECK_STR(token(longest), "none");
}

TEST(a_request_id_is_sane_or_not_taken) {
        char longest[80];

        CHECK(credential_request_id("abc-1.2_X"));
        CHECK(!credential_request_id(NULL));
        CHECK(!credential_request_id(""));
        CHECK(!credential_request_id("a b"));
        CHECK(!credential_request_id("a\"b"));
        CHECK(!credential_request_id("\xc3\xa9"));
        snprintf(longest, sizeof(longest), "%0*d", REQUEST_ID_SIZE - 1, 1);
        CHECK(credential_request_id(longest));
        snprintf(longest, sizeof(longest), "%0*d", REQUEST_ID_SIZE, 1);
        CHECK(!credential_request_id(longest));
}

TEST(an_etag_is_found_in_a_list) {
        CHECK(credential_etag("\"abc\"", "\"abc\""));
        CHECK(credential_etag("\"x\", W/\"abc\" , \"y\"", "\"abc\""));
        CHECK(credential_etag("*", "\"abc\""));
        CHECK(!credential_etag(NULL, "\"abc\""));
        CHECK(!credential_etag("", "\"abc\""));
        CHECK(!credential_etag("\"abcd\"", "\"abc\""));
        CHECK(!credential_etag("\"abc\"x", "\"abc\""));
        CHECK(!credential_etag("abc", "\"abc\""));
}
