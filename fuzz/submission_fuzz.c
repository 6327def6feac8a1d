/*
 * What players hand in: the first line is the text, judged by flags of every kind; what follows is
 * read as a form, as a name for the board, and as the headers of a browser.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "api/agent.h"
#include "api/body.h"
#include "api/credential.h"
#include "api/origin.h"
#include "api/query.h"
#include "base/arena.h"
#include "model/challenge.h"
#include "model/display_name.h"

static const char challenge[] = "{\"name\":\"F\",\"value\":1,\"flags\":[\"F{static}\",{\"type\":"
                                "\"static\",\"content\":\"f{any}\","
                                "\"data\":\"case_insensitive\"},{\"type\":\"regex\",\"content\":\"^"
                                "F\\\\{(a|a?)+\\\\}$\"}]}";

static struct challenge *load(void) {
        _cleanup_json_ json_t *o = NULL;
        struct challenge *c = NULL;
        struct err err;

        crypto_init();
        assert(json_parse(challenge, strlen(challenge), &o, &err) == 0);
        assert(challenge_parse(o, 1, 1, &c, &err) == 0);
        return c;
}

static void judge(const char *text) {
        static struct challenge *c;

        if (!c)
                c = load();
        (void)challenge_accepts(c, text);
}

static void read_name(const char *text) {
        char clean[DISPLAY_NAME_SIZE], again[DISPLAY_NAME_SIZE], key[DISPLAY_NAME_KEY];
        struct err err;

        if (display_name_clean(text, clean, &err) < 0)
                return;
        assert(display_name_clean(clean, again, &err) == 0 && strcmp(clean, again) == 0);
        display_name_key(clean, key);
        assert(*key);
}

static void read_headers(const char *text) {
        char agent[AGENT_SIZE];
        const char *token;
        size_t n;

        agent_text(text, agent);
        if (credential_cookie(text, "berth_session", &token, &n))
                assert(n > 0 && n < TOKEN_TEXT && token >= text &&
                       token + n <= text + strlen(text));
        if (credential_token(text, &token, &n))
                assert(n > 0 && n < TOKEN_TEXT);
        (void)origin_allowed(text, "ctf.example", true, NULL, false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_arena_ struct arena arena = { 0 };
        char *text = arena_grow(&arena, data, size, size + 1), *rest;
        _cleanup_json_ json_t *form = NULL;
        struct err err;

        text[size] = '\0';
        rest = strchr(text, '\n');
        if (body_parse("application/x-www-form-urlencoded", (const char *)data, size, BODY_FORM,
                       &form, &err) == 0)
                assert(json_is_object(form));
        if (rest)
                *rest++ = '\0';
        judge(text);
        read_name(rest ? rest : text);
        read_headers(rest ? rest : text);
        return 0;
}
