/* What the HTTP server parses itself: the same bytes as a target, a query, an
 * X-Forwarded-For and a listen address. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "net/http_parse.h"

static void try_target(const char *text, struct arena *arena) {
        char *copy = arena_printf(arena, "%s", text), *path, *query;
        struct err err;

        if (http_parse_target(copy, &path, &query, &err) < 0)
                return;
        assert(path[0] == '/' || strcmp(path, "*") == 0);
        assert(strlen(path) <= strlen(text) && !strchr(path, '\\'));
        assert(!strstr(path, "/../"));
        for (const char *p = path; *p; p++)
                assert((unsigned char)*p >= 0x20 && *p != 0x7f);
        if (query)
                assert(strlen(query) < strlen(text));
}

static void try_query(const char *text, struct arena *arena) {
        const char *value = http_parse_query(text, "a", arena);

        assert(!value || strlen(value) <= strlen(text));
        http_parse_query(text, "", arena);
}

static void try_addresses(const char *text) {
        char shown[HTTP_ADDR_TEXT], again[HTTP_ADDR_TEXT];
        struct in6_addr trusted[2], peer;
        struct sockaddr_storage addr;
        struct err err;
        socklen_t len;
        int r;

        r = http_parse_addr("127.0.0.1", &trusted[0], &err) |
            http_parse_addr("10.0.0.1", &trusted[1], &err);
        assert(r == 0);
        peer = trusted[0];
        http_parse_forwarded(text, trusted, 2, &peer);
        http_parse_addr_text(&peer, shown);
        r = http_parse_addr(shown, &peer, &err);
        assert(r == 0);
        http_parse_addr_text(&peer, again);
        assert(strcmp(shown, again) == 0);
        if (http_parse_listen(text, &addr, &len, &err) == 0)
                assert(len == sizeof(struct sockaddr_in) || len == sizeof(struct sockaddr_in6));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_arena_ struct arena arena = { 0 };
        const char *text = arena_printf(&arena, "%.*s", (int)size, (const char *)data);

        try_target(text, &arena);
        try_query(text, &arena);
        try_addresses(text);
        return 0;
}
