/*
 * The router: from a method and a path to a row of routes.def.
 *
 * A template's `{name}` stands for one whole segment of 1 to ROUTE_PARAM - 1
 * bytes; there are at most ROUTE_PARAMS_MAX in a template.  Pure and thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "api/limit.h"
#include "model/account.h"
#include "net/http.h"

#define ROUTE_PARAM      72 /* a digest, and more */
#define ROUTE_PARAMS_MAX 2

enum permission {
#define PERMISSION(id, name, roles, what) PERMISSION_##id,
#include "api/permissions.def"
        _PERMISSION_N,
};
const char *permission_name(enum permission p);
/* May ROLE do what P allows?  HOST: in the first tenant. */
bool permission_has(enum permission p, enum role role, bool host);

enum route_param {
#define PARAM(id, name, type, what) PARAM_##id,
#include "api/params.def"
        _PARAM_N,
};

enum route_body {
        BODY_NONE,
        BODY_OBJECT,
        BODY_OPTIONAL, /* none is an empty object */
        BODY_ARRAY,
        BODY_FORM, /* an object, or what a page's form sends */
        BODY_RAW,  /* bytes of any type */
};

struct route {
        enum http_method method;
        const char *template;
        const char *handler; /* its name; also the operation's in OpenAPI */
        enum permission permission;
        enum route_body body;
        const char *schema;
        enum limit limit;
        uint64_t params; /* bits of enum route_param */
        const char *answers, *summary;
};

extern const struct route routes[];
extern const size_t n_routes;

struct match {
        const struct route *route; /* the template's first row when only the method is wrong */
        bool path, method;         /* what was right */
        char params[ROUTE_PARAMS_MAX][ROUTE_PARAM]; /* in their order; "" where there is none */
};
/* HEAD is taken as GET. */
void router_match(enum http_method method, const char *path, struct match *ret);

/* "GET, HEAD, POST, OPTIONS": what TEMPLATE answers. */
#define ROUTE_ALLOW 64
void router_allow(const char *template, char ret[ROUTE_ALLOW]);
