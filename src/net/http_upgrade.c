/*
 * Connections that leave HTTP.
 *
 * libmicrohttpd would keep its connection and 8 KiB of memory as long as the other protocol lasts.
 * So the taker gets a descriptor of its own for the same socket, and libmicrohttpd is told that it
 * is done with the one that it has.  Under TLS it has the session's keys, and has to stay.
 */
#include "net/http_impl.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>

/* In the request's arena. */
struct http_handover {
        http_taken *fn;
        void *arg;
};

struct http_link {
        struct http_loop *loop;
        struct MHD_UpgradeResponseHandle *handle;
};

static struct http_link *link_new(struct http_loop *hl, struct MHD_UpgradeResponseHandle *handle) {
        struct http_link *link = malloc(sizeof(*link));

        if (!link)
                abort();
        *link = (struct http_link){ hl, handle };
        hl->n_links++;
        return link;
}

/* libmicrohttpd moves its connections about when it runs next. */
static void let_go(struct http_loop *hl, struct MHD_UpgradeResponseHandle *handle) {
        MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
        loop_timer_set(&hl->again, 0);
}

void http_link_close(struct http_link *link) {
        struct http_loop *hl = link->loop;

        assert(loop_is_mine(hl->loop));
        hl->n_links--;
        let_go(hl, link->handle);
        free(link);
}

static void on_upgraded(void *arg, struct MHD_Connection *mhd _unused_, void *context,
                        const char *early, size_t n, MHD_socket fd,
                        struct MHD_UpgradeResponseHandle *handle) {
        struct http_handover *h = arg;
        struct http_req *req = context;
        struct http_loop *hl = req->loop;

        req->handover = NULL;
        req->conn->taken = true;
        http_uncount(req);
        if (hl->server->config.tls_cert) {
                h->fn(h->arg, fd, link_new(hl, handle), early, n);
        } else {
                h->fn(h->arg, fcntl(fd, F_DUPFD_CLOEXEC, 0), NULL, early, n);
                let_go(hl, handle);
        }
        http_finish(req);
}

void http_upgrade_done(struct http_req *req) {
        struct http_handover *h = req->handover;

        req->handover = NULL;
        h->fn(h->arg, -1, NULL, NULL, 0);
}

bool http_upgrade(struct http_req *req, http_taken *fn, void *arg) {
        struct http_handover *h = arena_new(&req->arena, struct http_handover);
        struct MHD_Response *response = MHD_create_response_for_upgrade(on_upgraded, h);
        enum MHD_Result r;

        assert(http_is_open(req));
        if (!response)
                abort(); /* out of memory */
        *h = (struct http_handover){ fn, arg };
        for (unsigned i = 0; i < req->n_headers; i++)
                MHD_add_response_header(response, req->headers[i].name, req->headers[i].value);
        r = MHD_queue_response(req->mhd, MHD_HTTP_SWITCHING_PROTOCOLS, response);
        MHD_destroy_response(response);
        if (r != MHD_YES)
                return false;
        req->status = MHD_HTTP_SWITCHING_PROTOCOLS;
        req->handover = h;
        return true;
}
