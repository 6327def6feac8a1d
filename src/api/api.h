/*
 * The HTTP interface: routes, the guard before them, and the adapters for
 * clients of other systems.  Handlers run on loop threads: reads are answered
 * from the read model, writes become commands.
 */
#pragma once

#include "api/source.h"
#include "core/engine.h"
#include "model/placeholder.h"
#include "net/http.h"
#include "os/depot.h"

struct api;

struct api_config {
        struct engine *engine;
        struct loop **loops; /* those of the HTTP server */
        size_t n_loops;
        const char *tenant;    /* slug of who has no credentials means; "": the first */
        const char *pages;     /* a folder of pages; "": none */
        const char *pages_csp; /* their Content-Security-Policy */
        bool limits;           /* rate limits on; off for load tests */
        struct placeholder_setting placeholders;
        unsigned max_followers;       /* log streams at once */
        struct depot *depot;          /* the files to download; borrowed, as the next */
        struct source_status *source; /* NULL: nobody reads one */
        const char *const
                *origins;     /* of the pages that may act and watch; empty or NULL: the own */
        bool origin_required; /* programs, which send none, may not */
        unsigned max_watchers, user_watchers; /* at once, in all and of one user */
};

_must_check_ int api_new(const struct api_config *config, struct api **ret, struct err *err);
/* Every stream and waiter is ended first (the server still runs). */
void api_quiesce(struct api *a);
struct api *api_free(struct api *a); /* after the server */
DEFINE_CLEANUP(struct api *, api_free)

/* For struct http_config: headers, handler and error_body. */
extern const struct http_pair api_headers[];
void api_handle(void *api, struct http_req *req);
void api_error_body(struct http_req *req, int status, struct buf *body);
/* For struct http_config, too: metrics and the access log. */
void api_done(void *api, struct http_req *req);
/* For struct engine_config: wakes those who wait for a lease.  From the commit thread. */
void api_notice(void *api, const struct notice *notices, size_t n);
