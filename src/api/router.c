#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/router.h"
#include "base/attr.h"

#define P(id) (UINT64_C(1) << PARAM_##id)
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

/* --- the tree --- */

#define NODES_MAX 512

/* A segment of the templates, below those before it. */
struct node {
        const char *text; /* n bytes */
        size_t n;
        struct node *next, *children, *param; /* param: what stands for a `{name}` */
        const struct route *first, *rows[HTTP_OTHER + 1];
};

static struct node nodes[NODES_MAX]; /* the first is the root */
static size_t n_nodes;
static pthread_once_t planted = PTHREAD_ONCE_INIT;

static struct node *add_node(const char *text, size_t n) {
        assert(n_nodes < NODES_MAX);
        nodes[n_nodes] = (struct node){ .text = text, .n = n };
        return &nodes[n_nodes++];
}

static bool is_segment(const struct node *node, const char *text, size_t n) {
        return node->n == n && memcmp(node->text, text, n) == 0;
}

/* The child of AT for the segment TEXT of a template. */
static struct node *child_of(struct node *at, const char *text, size_t n) {
        struct node *child = at->children;

        if (*text == '{') {
                if (!at->param)
                        at->param = add_node(text, n);
                return at->param;
        }
        while (child && !is_segment(child, text, n))
                child = child->next;
        if (child)
                return child;
        child = add_node(text, n);
        child->next = at->children;
        at->children = child;
        return child;
}

static void plant(void) {
        add_node("", 0);
        for (const struct route *r = routes; r < routes + n_routes; r++) {
                struct node *at = &nodes[0];
                size_t n;

                for (const char *text = r->template; *text; text += n) {
                        text++; /* the slash */
                        n = strcspn(text, "/");
                        at = child_of(at, text, n);
                }
                if (!at->first)
                        at->first = r;
                assert(!at->rows[r->method]);
                at->rows[r->method] = r;
        }
}

/* The node below AT that PATH leads to, NULL when there is none.  Its parameters go into RET, from
 * number PARAM on.  A segment that is written out goes before one that is a parameter. */
static const struct node *walk(const struct node *at, const char *path, size_t param,
                               struct match *ret) {
        const struct node *found;
        const char *end;
        size_t n;

        if (!*path)
                return at->first ? at : NULL;
        if (*path != '/')
                return NULL;
        end = strchrnul(++path, '/');
        n = (size_t)(end - path);
        for (const struct node *child = at->children; child; child = child->next)
                if (is_segment(child, path, n) && (found = walk(child, end, param, ret)))
                        return found;
        if (!at->param || n == 0 || n >= ROUTE_PARAM)
                return NULL;
        assert(param < ROUTE_PARAMS_MAX);
        memcpy(ret->params[param], path, n);
        ret->params[param][n] = '\0';
        return walk(at->param, end, param + 1, ret);
}

void router_match(enum http_method method, const char *path, struct match *ret) {
        const struct node *found;

        pthread_once(&planted, plant);
        *ret = (struct match){ 0 };
        found = *path ? walk(&nodes[0], path, 0, ret) : NULL;
        if (!found)
                return;
        if (method == HTTP_HEAD)
                method = HTTP_GET;
        ret->path = true;
        ret->method = found->rows[method] != NULL;
        ret->route = ret->method ? found->rows[method] : found->first;
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
