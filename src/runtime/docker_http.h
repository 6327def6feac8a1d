/*
 * HTTP to a Docker Engine: over its Unix socket, or over TCP with TLS and a
 * client certificate, by libcurl.
 *
 * Keeps a few connections alive and hands one to each call; calls may come
 * from any thread.  What comes back is bounded: DOCKER_ANSWER_MAX for a whole
 * answer, DOCKER_ERROR_MAX for the text of a refusal.  A status of 400 and
 * above is not a failure here: the caller knows what it means.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define DOCKER_ANSWER_MAX ((size_t)16 << 20) /* a list of some 8,000 containers */
#define DOCKER_ERROR_MAX  ((size_t)64 << 10)

struct docker_http;

struct docker_request {
        const char *method, *path;
        const char *type; /* of the body; NULL: JSON */
        const char *body; /* may be NULL */
        size_t body_bytes;
        int timeout_ms; /* of all of it; 0: none, for streams */
};

/* REST is the URL after "docker:": "", "///run/docker.sock", "//host:2376?cert=DIR".
 * Fails: INVALID. */
_must_check_ int docker_http_new(const char *rest, struct docker_http **ret, struct err *err);
struct docker_http *docker_http_free(struct docker_http *h);
DEFINE_CLEANUP(struct docker_http *, docker_http_free)
/* The engine's host name; NULL where it is reached by a Unix socket. */
const char *docker_http_host(const struct docker_http *h);

/* Fails: UNAVAILABLE nobody answers, TIMEOUT, GARBLED no HTTP or too much of it. */
_must_check_ int docker_http_call(struct docker_http *h, const struct docker_request *request,
                                  int *status, struct buf *answer, struct err *err);

/* Who takes an answer as it comes. */
struct docker_taker {
        bool (*take)(void *arg, const char *data, size_t n); /* false: no more */
        void *arg;
        const bool *cancel; /* may be NULL */
};

/* Gives what comes to TAKER, piece by piece, until the end, or until it wants no more, or *CANCEL
 * becomes true (seen within 250 ms): both are a success.  The text of a refusal (a status of 400
 * and above) goes into ANSWER instead. */
_must_check_ int docker_http_stream(struct docker_http *h, const struct docker_request *request,
                                    const struct docker_taker *taker, int *status,
                                    struct buf *answer, struct err *err);
