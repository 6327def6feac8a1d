/*
 * HTTP/1.1 server: libmicrohttpd in external epoll mode, one daemon per loop,
 * its epoll fd watched by the loop (its own epoll thread stalls).
 *
 * A request is given to the handler on its loop's thread once it is whole
 * (body included, at most `max_body_bytes`).  The handler answers at once
 * with http_reply(), or calls http_suspend() and lets any thread call
 * http_resume() later, which runs a function on the loop thread that answers.
 * A request and its arena live until its answer was sent or the peer is gone.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "os/loop.h"

struct http_server;
struct http_req;

enum http_method {
        HTTP_GET,
        HTTP_HEAD,
        HTTP_POST,
        HTTP_PUT,
        HTTP_PATCH,
        HTTP_DELETE,
        HTTP_OPTIONS,
        HTTP_OTHER
};
const char *http_method_name(enum http_method m);

typedef void http_handler(void *arg, struct http_req *req);

struct http_pair {
        const char *name, *value;
};

struct http_config {
        const char *listen;       /* "127.0.0.1:8080", "[::]:8080"; port 0 picks one */
        size_t max_body_bytes;    /* over it: 413 */
        size_t max_header_bytes;  /* per connection memory; over it: 431, or 414 for the URL */
        unsigned max_connections; /* over all loops */
        int idle_timeout_s;       /* slow headers, idle keep-alive */
        const char *tls_cert, *tls_key;     /* files; NULL: plain */
        const char *const *trusted_proxies; /* numeric addresses whose X-Forwarded-For counts;
                                               NULL-terminated or NULL */
        /* Of every answer that has none of the same name; ends with a NULL name.  May be NULL. */
        const struct http_pair *headers;
        http_handler *handler;
        /* Called on the loop's thread when REQ is over, whatever its end; may be NULL. */
        void (*on_done)(void *arg, struct http_req *req);
        void *arg; /* of both */
        /* Builds the body of an error that the server itself answers (400, 408, 413, 414, 431),
         * as application/problem+json.  REQ may lack a path and headers.  What libmicrohttpd
         * finds wrong in the grammar of headers and chunks it answers with a text of its own. */
        void (*error_body)(struct http_req *req, int status, struct buf *body);
};

/* LOOPS may run already or be started later.  Fails: INVALID a setting or TLS file, NOT_FOUND a
 * TLS file, CONFLICT the port is in use, UNAVAILABLE. */
_must_check_ int http_server_new(const struct http_config *config, struct loop **loops,
                                 size_t n_loops, struct http_server **ret, struct err *err);
unsigned http_server_port(const struct http_server *s);
/* No new connections; waits at most TIMEOUT_MS for the requests in flight, not for streams.
 * From no loop's thread. */
void http_server_quiesce(struct http_server *s, int64_t timeout_ms);
/* Ends what is still under way: a suspended request ends without an answer, a stream dies, both
 * with on_done().  No http_resume() may come after.  From the thread that starts and stops
 * the loops, best while they run. */
struct http_server *http_server_free(struct http_server *s);
DEFINE_CLEANUP(struct http_server *, http_server_free)

/* What was asked.  All text lives as long as the request.  HEAD is to be handled as GET: its
 * body is measured and not sent. */
enum http_method http_method(const struct http_req *req);
const char *http_path(const struct http_req *req); /* decoded, without the query */
const char *http_query(const struct http_req *req, const char *key);   /* NULL when absent */
const char *http_header(const struct http_req *req, const char *name); /* NULL when absent */
const char *http_body(const struct http_req *req, size_t *n);
const char *http_peer(const struct http_req *req); /* numeric address, proxies resolved */
/* Did it come by TLS, to this server or to a trusted proxy that says so (X-Forwarded-Proto)? */
bool http_secure(const struct http_req *req);
struct arena *http_arena(struct http_req *req);
struct loop *http_loop(struct http_req *req);
int64_t http_started_us(const struct http_req *req); /* clock_mono_us() at its arrival */
/* A pointer of the handler's own, NULL at first. */
void http_set_context(struct http_req *req, void *context);
void *http_context(const struct http_req *req);

/* Adds a header to the answer, at most a dozen.  NAME is a literal, VALUE is copied; a line break
 * in it asserts. */
void http_add_header(struct http_req *req, const char *name, const char *value);
/* Answers; BODY is copied.  Once per request, on its loop's thread. */
void http_reply(struct http_req *req, int status, const char *content_type, const void *body,
                size_t n);
/* Answers with the first N bytes of the file FD, which is closed when they are sent.  What is not
 * in memory yet is waited for. */
void http_reply_file(struct http_req *req, int status, const char *content_type, int fd, size_t n);
/* A body that many answers share: immutable, counts its references. */
struct http_blob {
        atomic_uint refs;
        size_t n;
        char data[];
};
struct http_blob *http_blob_new(const void *data, size_t n); /* copies; with one reference */
struct http_blob *http_blob_unref(struct http_blob *b);
/* Answers with B, which is not copied. */
void http_reply_blob(struct http_req *req, int status, const char *content_type,
                     struct http_blob *b);
/* The status that was answered; 0 before. */
int http_status(const struct http_req *req);

/* The request waits; nothing of it may be touched on the loop until FN(REQ, ARG) runs there. */
void http_suspend(struct http_req *req);
/* From any thread, once per http_suspend().  FN runs also when the peer is gone; it answers or
 * suspends again.  A peer that closed its sending side counts as gone and gets no answer. */
void http_resume(struct http_req *req, void (*fn)(struct http_req *req, void *arg), void *arg);
/* Did the peer go away?  From the loop's thread. */
bool http_gone(const struct http_req *req);

/*
 * Upgrades: the connection leaves HTTP and is somebody else's from then on, as a descriptor that
 * does not block.  FN runs once, on the loop's thread: after the answer 101 went out with the
 * headers that were added (Upgrade among them; Connection is the server's), or with FD -1 when the
 * peer had gone.  EARLY: what the peer sent behind its request, valid during the call.
 *
 * Where LINK is NULL the taker closes FD.  Under TLS FD is one end of a pair whose other end the
 * server carries to the peer: http_link_close(LINK), on the loop's thread, ends it and closes FD.
 * Every link must be closed before http_server_free().
 */
struct http_link;
typedef void http_taken(void *arg, int fd, struct http_link *link, const void *early, size_t n);
/* In place of http_reply(); false when this request cannot be upgraded (it is of HTTP/1.0), and
 * still is to be answered. */
_must_check_ bool http_upgrade(struct http_req *req, http_taken *fn, void *arg);
void http_link_close(struct http_link *link);

/*
 * Streams (logs, server-sent events): the answer's body is written piece by
 * piece, from any thread.  A stream counts its bytes that wait for a slow peer:
 * beyond MAX_PENDING_BYTES http_stream_write() returns false and the
 * stream ends; it returns false as well when the peer went away (known within 5 s).
 */
struct http_stream;
struct http_stream *http_stream_open(struct http_req *req, int status, const char *content_type,
                                     size_t max_pending_bytes);
bool http_stream_write(struct http_stream *s, const void *data, size_t n);
bool http_stream_alive(struct http_stream *s);
size_t http_stream_pending(struct http_stream *s); /* bytes that wait */
/* FN(ARG) runs on the request's loop each time that what waits has come down to LOW bytes or less
 * from more; it may write and close.  On the loop's thread, before the first write; then that
 * thread closes, too. */
void http_stream_on_low(struct http_stream *s, size_t low, void (*fn)(void *arg), void *arg);
void http_stream_close(struct http_stream *s); /* once; the caller's handle ends */
