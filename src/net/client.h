/* HTTP client for the command line: blocking, on libcurl, bounded. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct client_request {
        const char *method, *url;
        const char *token;        /* Bearer; NULL: none */
        const char *content_type; /* of the body */
        const void *body;
        size_t n;
        int timeout_ms;
        size_t max_bytes;   /* of the answer */
        int *retry_after_s; /* NULL, or where the answer's Retry-After goes; 0: it has none */
};

/* Called for each piece when given: for streams.  *status is known by then.  Returns false to stop.
 */
typedef bool client_sink(void *arg, const char *data, size_t n);

/* Any HTTP status is a success here.  BODY is appended to (unless SINK is given).
 * Fails: UNAVAILABLE no connection, TIMEOUT, TOO_LARGE, INVALID a bad URL. */
_must_check_ int client_do(const struct client_request *request, client_sink *sink, void *arg,
                           int *status, struct buf *body, struct err *err);
