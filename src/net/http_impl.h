/*
 * The inside of the HTTP server, private to net/http*.c.
 *
 *     http.c         a request: what was asked, and its answer
 *     http_answer.c  answers as libmicrohttpd's responses
 *     http_server.c  listeners, one libmicrohttpd daemon per loop, start and end
 *     http_conn.c    connections: deadlines, refusals, lingering close
 *     http_stream.c  answers written piece by piece
 *     http_upgrade.c connections that leave HTTP
 *
 * All of an http_loop belongs to its loop's thread but the queue of wakes,
 * which has a lock: any thread puts a wake in, the first one into an empty
 * queue posts to the loop, and the loop runs all of them and then the daemon
 * once.  So a commit that answers 256 requests costs one wakeup.
 */
#pragma once

#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

#include "net/http.h"
#include "net/http_parse.h"

#define HTTP_KEPT_SLOTS   64
#define HTTP_HEADERS_MAX  12
#define HTTP_FREE_MAX     256                 /* requests that a loop keeps for reuse */
#define HTTP_KEEP_BYTES   (size_t)(16 * 1024) /* the largest buffer that one keeps */
#define HTTP_LINGER_MAX   64                  /* sockets that a loop lingers on at once */
#define HTTP_LINGER_MS    5000
#define HTTP_LINGER_BYTES (size_t)(32 * 1024 * 1024)
#define HTTP_SWEEP_MS     1000
#define HTTP_SWEEP_TURNS  4 /* sweeps until every connection was asked whether its peer is gone */
#define HTTP_BODY_BYTES_S 4096 /* a slower body than this meets its deadline */
#define HTTP_ERROR_TYPE   "application/problem+json"

/* Something for the loop's thread to do, put by any thread. */
struct http_wake {
        struct http_wake *next;
        void (*fn)(struct http_wake *wake);
};

struct http_conn {
        struct http_conn *next, **link; /* in its loop's list */
        struct http_loop *loop;
        struct http_req *req; /* from its request line to its end */
        int fd;
        int refusal;         /* the status to close with, where libmicrohttpd cannot answer */
        bool served;         /* a request reached us on it */
        bool cut;            /* answered before the whole body came */
        bool taken;          /* it has left HTTP */
        int64_t opened_ms;   /* uv_now() */
        int64_t deadline_ms; /* for what the peer still has to send; 0: nothing */
        struct in6_addr addr;
        char peer[HTTP_ADDR_TEXT];
        struct buf answer; /* a refusal on the wire */
};

enum http_stage {
        HTTP_NEW,     /* its headers are not all there */
        HTTP_BODY,    /* nor its body */
        HTTP_HANDLED, /* given to the handler */
        HTTP_WAITING, /* suspended */
        HTTP_RESUMED, /* still suspended to libmicrohttpd, while its function runs */
        HTTP_REFUSED, /* answered by the server itself */
};

struct http_req {
        struct http_req *next, **link; /* in the loop's free or waiting list */
        struct http_loop *loop;
        struct http_conn *conn;
        struct MHD_Connection *mhd; /* NULL where none was parsed */
        enum http_stage stage;
        enum http_method method;
        int status;
        bool counted; /* in flight */
        bool seen;    /* the handler or error_body() knows it */
        bool old;     /* of HTTP/1.0: a body of unknown length ends with its connection */
        struct buf target;
        char *path, *query; /* in TARGET */
        struct buf body, answer;
        struct http_pair headers[HTTP_HEADERS_MAX]; /* of the answer; values in ARENA */
        unsigned n_headers;
        struct arena arena, *scratch; /* the one, and a way to it from a const request */
        void *context;
        int64_t started_us;
        struct http_kept *kept; /* what it was answered with; NULL: none of those */
        struct http_stream *stream;
        struct http_handover *handover; /* to whom its connection goes; NULL: to nobody */
        struct http_wake wake;
        void (*resumed)(struct http_req *req, void *arg);
        void *resumed_arg;
};

struct http_loop {
        struct http_server *server;
        struct loop *loop;
        struct MHD_Daemon *mhd;
        int listener; /* -1 once libmicrohttpd has it */
        uv_poll_t poll;
        struct loop_timer again, sweep;
        unsigned sweeps;
        unsigned handles;              /* open libuv handles */
        struct http_attach *attaching; /* not yet run on the loop */
        bool quiescing, idle, closing;
        unsigned in_flight;
        struct http_req *free;
        unsigned n_free;
        struct http_req *waiting;                /* suspended */
        struct http_kept *kept[HTTP_KEPT_SLOTS]; /* by length */
        unsigned n_kept;
        struct http_conn *conns;
        struct http_stream *streams;
        unsigned n_links; /* connections that left and are still carried, under TLS */
        struct http_linger *lingering;
        unsigned n_lingering;

        pthread_mutex_t lock; /* for what follows */
        struct http_wake *wakes, **wakes_end;
};

struct http_server {
        struct http_config config;
        struct in6_addr *trusted;
        size_t n_trusted;
        unsigned port;
        size_t max_target_bytes, max_header_bytes;

        pthread_mutex_t lock; /* for what follows */
        pthread_cond_t changed;
        size_t idle;     /* loops that were without a request in flight since quiescing */
        size_t detached; /* loops that let go */

        size_t n_loops;
        struct http_loop loops[];
};

/* http.c */
struct http_req *http_req_new(struct http_loop *hl, struct http_conn *conn);
void http_req_free(struct http_req *req);
enum MHD_Result http_on_access(void *arg, struct MHD_Connection *mhd, const char *url,
                               const char *method, const char *version, const char *data, size_t *n,
                               void **context);
void *http_on_target(void *arg, const char *target, struct MHD_Connection *mhd);
void http_on_completed(void *arg, struct MHD_Connection *mhd, void **context,
                       enum MHD_RequestTerminationCode how);
/* Builds the body of the error STATUS into the request's answer. */
void http_error_body(struct http_req *req, int status);
/* Is it time to answer, once? */
bool http_is_open(const struct http_req *req);
/* No longer waited for at the end. */
void http_uncount(struct http_req *req);
/* Its handler's part is over. */
void http_finish(struct http_req *req);
/* Lets a suspended request go on, on its loop. */
void http_continue(struct http_req *req);

/* http_answer.c */
/* Gives RESPONSE to the peer with the headers that were added, and drops it. */
void http_respond(struct http_req *req, int status, const char *content_type,
                  struct MHD_Response *response);
/* The same with BODY, which is copied. */
void http_answer(struct http_req *req, int status, const char *content_type, const void *body,
                 size_t n);
/* REQ is over. */
void http_answer_done(struct http_req *req);
void http_answers_free(struct http_loop *hl);

/* http_upgrade.c */
/* REQ is over: the peer of a connection that was to leave may have gone before. */
void http_upgrade_done(struct http_req *req);

/* http_server.c */
void http_wake(struct http_loop *hl, struct http_wake *wake);
void http_run(struct http_loop *hl);
/* The last request in flight of a loop that is quiescing is over. */
void http_idle(struct http_loop *hl);
/* A handle of HL was closed. */
void http_handle_closed(struct http_loop *hl);

/* http_conn.c */
struct http_conn *http_conn_of(struct MHD_Connection *mhd);
void http_on_connection(void *arg, struct MHD_Connection *mhd, void **context,
                        enum MHD_ConnectionNotificationCode what);
/* The peer has until MS from now to send what comes next; 0: it has not to. */
void http_conn_expect(struct http_conn *conn, int64_t ms);
void http_conn_sweep(struct http_loop *hl);
void http_linger_end(struct http_loop *hl);

/* http_stream.c */
void http_stream_gone(struct http_stream *s);
void http_stream_sweep(struct http_loop *hl);
