#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/router.h"
#include "base/attr.h"

#define P(id) (1u << PARAM_##id)
const struct route routes[] = {
#define ROUTE(m, t, h, p, b, s, l, ps, a, w) \
        { .method = HTTP_##m,                \
          .template = t,                     \
          .handler = #h,                     \
          .permission = PERMISSION_##p,      \
          .body = BODY_##b,                  \
          .schema = s,                       \
          .limit = LIMIT_##l,                \
          .params = ps,                      \
          .answers = a,                      \
          .summary = w },
#include "api/routes.def"
};
const size_t n_routes = ARRAY_SIZE(routes);

enum {
        PLAYER = 1 << ROLE_PLAYER,
        ORGANISER = 1 << ROLE_ORGANISER,
        ADMIN = 1 << ROLE_ADMIN,
        HOST = 8
};

static const struct {
        const char *name;
        unsigned roles;
} permissions[] = {
#define PERMISSION(id, n, r, w) { n, r },
#include "api/permissions.def"
};

const char *permission_name(enum permission p) { return permissions[p].name; }

bool permission_has(enum permission p, enum role role, bool host) {
        unsigned roles = permissions[p].roles;

        return roles & 1u << role && (host || !(roles & HOST));
}

/* Does PATH fit TEMPLATE?  Then PARAM is what stands for its `{name}`, "" without one.  Every
 * request walks the table with this: it stops at the first byte that differs. */
static bool fits(const char *template, const char *path, char param[ROUTE_PARAM]) {
        size_t n;

        for (; *template && *template == *path; template ++, path++)
                ;
        if (*template != '{') {
                param[0] = '\0';
                return !*template && !*path;
        }
        n = strcspn(path, "/");
        if (n == 0 || n >= ROUTE_PARAM || strcmp(strchr(template, '}') + 1, path + n) != 0)
                return false;
        memcpy(param, path, n);
        param[n] = '\0';
        return true;
}

void router_match(enum http_method method, const char *path, struct match *ret) {
        if (method == HTTP_HEAD)
                method = HTTP_GET;
        *ret = (struct match){ 0 };
        for (const struct route *r = routes; r < routes + n_routes; r++) {
                if (!fits(r->template, path, ret->param))
                        continue;
                if (!ret->path)
                        ret->route = r;
                ret->path = true;
                if (r->method == method) {
                        ret->method = true;
                        ret->route = r;
                        return;
                }
        }
}

static const char *method_text(enum http_method m) {
        switch (m) {
        case HTTP_GET:
                return "GET, HEAD";
        case HTTP_POST:
                return "POST";
        case HTTP_PUT:
                return "PUT";
        case HTTP_PATCH:
                return "PATCH";
        case HTTP_DELETE:
                return "DELETE";
        case HTTP_HEAD:
        case HTTP_OPTIONS:
        case HTTP_OTHER:
                break;
        }
        abort(); /* a route's method is one of the above */
}

void router_allow(const char *template, char ret[ROUTE_ALLOW]) {
        size_t n = 0;

        for (const struct route *r = routes; r < routes + n_routes; r++) {
                if (strcmp(r->template, template) != 0)
                        continue;
                n += (size_t)snprintf(ret + n, ROUTE_ALLOW - n, "%s, ", method_text(r->method));
                assert(n < ROUTE_ALLOW);
        }
        snprintf(ret + n, ROUTE_ALLOW - n, "OPTIONS");
}
