/*
 * Visitors: HTTP clients on a loop, thousands at once, on libcurl.
 *
 * Each is as a browser of its own: it keeps its cookies and its connection, which no other visitor
 * uses, and makes one visit at a time.  All belongs to the loop's thread but the calls that
 * say otherwise.
 */
#pragma once

#include <sys/socket.h>

#include "base/buf.h"
#include "base/err.h"
#include "os/loop.h"

/* What the visitors of one loop share. */
struct visitors;
struct visitor;

struct visitors_config {
        const char *user_agent;
        /* "HOST:PORT:ADDRESS", so that a name is not looked up; NULL: none. */
        const char *resolve;
};

/* From any thread; the texts are copied.  Certificates are those that OpenSSL trusts by default
 * (SSL_CERT_FILE and SSL_CERT_DIR say others), read once.  Fails: UNAVAILABLE. */
_must_check_ int visitors_new(struct loop *loop, const struct visitors_config *config,
                              struct visitors **ret, struct err *err);
/* When the last visitor was closed. */
struct visitors *visitors_free(struct visitors *v);

struct visit {
        const char *method, *url;
        const char *const *headers; /* "Name: value", NULL-terminated; NULL: none */
        const char *content_type;   /* of the body */
        const void *body;           /* copied; NULL: none */
        size_t n;
        int64_t timeout_ms;
        size_t max_bytes;  /* of the answer */
        bool connect_only; /* nothing is asked: the status is 0, and trouble NULL when it worked */
};

struct visit_answer {
        int status;          /* 0: no answer came */
        const char *trouble; /* why not; the same words for the same reason */
        const char *text;    /* the body, NUL-terminated */
        size_t n;
        int retry_after_s;          /* 0: it has no such header */
        int64_t began_us, ended_us; /* clock_mono_us() */
};
/* Runs once for each visit, never inside visitor_go().  What it points to is gone after it. */
typedef void visit_done(void *arg, const struct visit_answer *answer);

struct visitor *visitor_new(struct visitors *shared);
/* One that is not on a visit goes on one. */
void visitor_go(struct visitor *v, const struct visit *visit, visit_done *done, void *arg);
bool visitor_is_away(const struct visitor *v);
/* Ends it, and its visit without an answer.  NULL is fine. */
void visitor_close(struct visitor *v);
