#include "api/router.h"
#include "test.h"

static struct match match(enum http_method m, const char *path) {
        struct match r;

        router_match(m, path, &r);
        return r;
}

TEST(a_parameter_is_one_whole_segment) {
        struct match m = match(HTTP_GET, "/api/v2/instances/abc");

        CHECK(m.path && m.method);
        CHECK_STR(m.route->template, "/api/v2/instances/{id}");
        CHECK_STR(m.params[0], "abc");
        CHECK_STR(match(HTTP_POST, "/api/v2/instances/abc/extend").params[0], "abc");
        CHECK(!match(HTTP_GET, "/api/v2/instances/").path);
        CHECK(!match(HTTP_GET, "/api/v2/instances/a/b").path);
        CHECK(!match(HTTP_GET, "/api/v2/instances/abc/").path);
        CHECK(!match(HTTP_GET, "/api/v2/instancesx").path);
        CHECK(!match(HTTP_GET, "/api/v2").path);
        CHECK(!match(HTTP_GET, "").path);
}

TEST(a_parameter_has_a_longest_length) {
        char path[256];

        snprintf(path, sizeof(path), "/api/v2/instances/%0*d", ROUTE_PARAM - 1, 7);
        CHECK(match(HTTP_GET, path).path);
        snprintf(path, sizeof(path), "/api/v2/instances/%0*d", ROUTE_PARAM, 7);
        CHECK(!match(HTTP_GET, path).path);
}

/* TEMPLATE with an x for each of its parameters. */
static void fill(const char *template, char *ret) {
        for (; *template; template ++) {
                if (*template == '{')
                        template = strchr(template, '}');
                *ret++ = *template == '}' ? 'x' : *template;
        }
        *ret = '\0';
}

TEST(every_row_is_found_by_its_own_path) {
        for (const struct route *r = routes; r < routes + n_routes; r++) {
                char path[128];
                struct match m;

                fill(r->template, path);
                m = match(r->method, path);
                CHECK(m.path && m.method && m.route == r);
        }
}

TEST(head_is_answered_as_get) {
        CHECK(match(HTTP_HEAD, "/healthz").method);
        CHECK(!match(HTTP_HEAD, "/api/v1/container/start").method);
}

TEST(a_wrong_method_names_the_right_ones) {
        struct match m = match(HTTP_PUT, "/api/v2/instances/abc");
        char allow[ROUTE_ALLOW];

        CHECK(m.path && !m.method);
        router_allow(m.route->template, allow);
        CHECK_STR(allow, "GET, HEAD, DELETE, OPTIONS");
        router_allow("/api/v1/container/extend", allow);
        CHECK_STR(allow, "POST, OPTIONS");
        CHECK(!match(HTTP_OTHER, "/healthz").method);
}

TEST(no_allow_header_is_too_long) {
        char allow[ROUTE_ALLOW];

        for (const struct route *r = routes; r < routes + n_routes; r++)
                router_allow(r->template, allow);
}

TEST(roles_have_their_permissions) {
        CHECK(permission_has(PERMISSION_PLAY, ROLE_PLAYER, false));
        CHECK(!permission_has(PERMISSION_INSTANCES, ROLE_PLAYER, true));
        CHECK(permission_has(PERMISSION_INSTANCES, ROLE_ORGANISER, false));
        CHECK(!permission_has(PERMISSION_EVENTS, ROLE_ORGANISER, true));
        CHECK(permission_has(PERMISSION_EVENTS, ROLE_ADMIN, false));
        CHECK(!permission_has(PERMISSION_TENANTS, ROLE_ADMIN, false));
        CHECK(permission_has(PERMISSION_TENANTS, ROLE_ADMIN, true));
        CHECK(!permission_has(PERMISSION_TENANTS, ROLE_ORGANISER, true));
}
