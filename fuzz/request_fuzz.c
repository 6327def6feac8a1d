/* A request as the interface reads it: lines of method, path, Authorization, X-Request-ID,
 * If-None-Match, peer, and a value for every kind of query parameter. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "api/credential.h"
#include "api/limit.h"
#include "api/query.h"
#include "api/router.h"
#include "base/arena.h"

enum { METHOD, PATH, AUTHORIZATION, REQUEST_ID, ETAG, PEER, VALUE, LINES };

static void split(char *text, const char *lines[LINES]) {
        for (int i = 0; i < LINES; i++)
                lines[i] = text ? strsep(&text, "\n") : "";
}

static void route(const char *method, const char *path) {
        char allow[ROUTE_ALLOW];
        struct match m;

        router_match((enum http_method)((unsigned char)*method % (HTTP_OTHER + 1)), path, &m);
        assert(!m.method || m.path);
        assert(!m.path || m.route);
        if (!m.path)
                return;
        for (size_t i = 0; i < ROUTE_PARAMS_MAX; i++)
                assert(strlen(m.params[i]) < ROUTE_PARAM && !strchr(m.params[i], '/'));
        router_allow(m.route->template, allow);
}

static void read_value(const char *value) {
        struct account account;
        struct err err;
        int64_t v;
        bool on;

        if (query_int("k", value, -5, 1000, 0, &v, &err) == 0)
                assert(v >= -5 && v <= 1000);
        if (query_time("k", value, &v, &err) == 0)
                assert(v >= 0);
        if (query_account("k", value, &account, &err) == 0)
                assert(account.id > 0);
        if (query_id(value, &v))
                assert(v > 0);
        (void)!query_bool("k", value, &on, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_arena_ struct arena arena = { 0 };
        const char *lines[LINES], *token;
        size_t n;

        split(arena_printf(&arena, "%.*s", (int)size, (const char *)data), lines);
        route(lines[METHOD], lines[PATH]);
        if (credential_token(lines[AUTHORIZATION], &token, &n))
                assert(n > 0 && n < TOKEN_TEXT);
        if (credential_request_id(lines[REQUEST_ID]))
                assert(!strpbrk(lines[REQUEST_ID], "\r\n \""));
        (void)credential_etag(lines[ETAG], "\"abc\"");
        (void)limit_key_address(lines[PEER]);
        read_value(lines[VALUE]);
        return 0;
}
