/*
 * Answers: from a body and headers to a response of libmicrohttpd's.
 *
 * A response has its length and its headers for good, and making one costs three
 * allocations a header.  So those of the usual shape (short, with at most one
 * header that is not the same in every answer) are kept with a buffer of their
 * own, and used again for the next answer of the same length and type.
 */
#include "net/http_impl.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_BYTES (size_t)4096 /* the longest body that is kept */
#define KEPT_MAX   128          /* of a loop */

struct http_kept {
        struct http_kept *next;
        struct MHD_Response *response;
        char *type;
        const char *name; /* of its own header; NULL: none */
        char *value;
        size_t n;
        char body[];
};

static void put_common(const struct http_req *req, struct MHD_Response *response) {
        const struct http_pair *h = req->loop->server->config.headers;

        for (; h && h->name; h++)
                if (!MHD_get_response_header(response, h->name))
                        MHD_add_response_header(response, h->name, h->value);
}

void http_respond(struct http_req *req, int status, const char *content_type,
                  struct MHD_Response *response) {
        enum MHD_Result r;

        if (!response)
                abort(); /* out of memory */
        if (content_type)
                MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
        for (unsigned i = 0; i < req->n_headers; i++)
                MHD_add_response_header(response, req->headers[i].name, req->headers[i].value);
        put_common(req, response);
        if (req->loop->quiescing)
                MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
        req->status = status;
        r = MHD_queue_response(req->mhd, (unsigned)status, response);
        assert(r == MHD_YES);
        MHD_destroy_response(response);
}

/* --- those that are shared --- */

struct http_blob *http_blob_new(const void *data, size_t n) {
        struct http_blob *b = malloc(sizeof(*b) + n);

        if (!b)
                abort();
        atomic_init(&b->refs, 1);
        b->n = n;
        if (n)
                memcpy(b->data, data, n);
        return b;
}

struct http_blob *http_blob_unref(struct http_blob *b) {
        if (b && atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) == 1)
                free(b);
        return NULL;
}

static void drop_blob(void *blob) { http_blob_unref(blob); }

void http_reply_blob(struct http_req *req, int status, const char *content_type,
                     struct http_blob *b) {
        assert(http_is_open(req));
        atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
        http_respond(req, status, content_type,
                     MHD_create_response_from_buffer_with_free_callback_cls(b->n, b->data,
                                                                            drop_blob, b));
}

/* --- those that are kept --- */

static struct http_kept *kept_new(struct http_req *req, const char *type, size_t n) {
        struct http_kept *k = calloc(1, sizeof(*k) + n + 1);

        if (!k || !(k->type = strdup(type)))
                abort();
        k->n = n;
        k->response = MHD_create_response_from_buffer(n, k->body, MHD_RESPMEM_PERSISTENT);
        if (!k->response)
                abort();
        MHD_add_response_header(k->response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
        put_common(req, k->response);
        return k;
}

static void kept_free(struct http_kept *k) {
        MHD_destroy_response(k->response);
        free(k->type);
        free(k->value);
        free(k);
}

static struct http_kept *take(struct http_req *req, const char *type, size_t n) {
        struct http_loop *hl = req->loop;
        struct http_kept **link = &hl->kept[n % HTTP_KEPT_SLOTS], *k;

        while (*link && ((*link)->n != n || strcmp((*link)->type, type) != 0))
                link = &(*link)->next;
        k = *link;
        if (!k)
                return kept_new(req, type, n);
        *link = k->next;
        hl->n_kept--;
        return k;
}

/* Gives K the one header that REQ adds, in place of the one that it has. */
static void set_own_header(struct http_kept *k, const struct http_req *req) {
        const struct http_pair *h = req->n_headers ? &req->headers[0] : NULL;

        if (k->name)
                MHD_del_response_header(k->response, k->name, k->value);
        free(k->value);
        k->name = NULL;
        k->value = NULL;
        if (!h)
                return;
        k->name = h->name;
        k->value = strdup(h->value);
        if (!k->value)
                abort();
        MHD_add_response_header(k->response, k->name, k->value);
}

static bool is_common(const struct http_req *req, const char *name) {
        const struct http_pair *h = req->loop->server->config.headers;

        for (; h && h->name; h++)
                if (strcmp(h->name, name) == 0)
                        return true;
        return false;
}

static bool fits(const struct http_req *req, const char *type, size_t n) {
        if (!type || n > KEPT_BYTES || req->n_headers > 1 || req->loop->quiescing)
                return false;
        return req->n_headers == 0 || !is_common(req, req->headers[0].name);
}

void http_answer(struct http_req *req, int status, const char *type, const void *body, size_t n) {
        struct http_kept *k;
        enum MHD_Result r;

        if (!fits(req, type, n)) {
                buf_add(&req->answer, body, n);
                http_respond(req, status, type,
                             MHD_create_response_from_buffer(n, req->answer.data,
                                                             MHD_RESPMEM_PERSISTENT));
                return;
        }
        k = take(req, type, n);
        if (n)
                memcpy(k->body, body, n);
        set_own_header(k, req);
        req->kept = k;
        req->status = status;
        r = MHD_queue_response(req->mhd, (unsigned)status, k->response);
        assert(r == MHD_YES);
}

/* libmicrohttpd drops its reference when it has called us for the end of the request, before it
 * goes on with anything else of this loop. */
void http_answer_done(struct http_req *req) {
        struct http_loop *hl = req->loop;
        struct http_kept *k = req->kept;

        req->kept = NULL;
        if (!k)
                return;
        if (hl->n_kept == KEPT_MAX || hl->closing) {
                kept_free(k);
                return;
        }
        k->next = hl->kept[k->n % HTTP_KEPT_SLOTS];
        hl->kept[k->n % HTTP_KEPT_SLOTS] = k;
        hl->n_kept++;
}

void http_answers_free(struct http_loop *hl) {
        for (size_t i = 0; i < HTTP_KEPT_SLOTS; i++) {
                struct http_kept *k, *next;

                for (k = hl->kept[i]; k; k = next) {
                        next = k->next;
                        kept_free(k);
                }
                hl->kept[i] = NULL;
        }
}
