#include "net/visitor.h"

#include <assert.h>
#include <curl/curl.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define CONNECT_TIMEOUT_MS 30000L

struct visitors {
        struct loop *loop;
        char *user_agent;
        struct curl_slist *resolve;
        X509_STORE *trusted;
};

struct visitor {
        struct visitors *shared;
        CURLM *multi;
        CURL *curl;
        struct loop_timer timer;
        struct curl_slist *headers;
        struct buf body; /* of the answer */
        size_t max_bytes;
        bool away, too_large, connect_only;
        int64_t began_us;
        visit_done *done;
        void *arg;
};

/* A socket of curl's, watched by the loop. */
struct socket {
        uv_poll_t poll;
        struct visitor *visitor; /* NULL: it is being closed */
        curl_socket_t fd;
};

/* --- what comes of a visit --- */

static const char *trouble_of(const struct visitor *v, CURLcode code) {
        if (v->too_large)
                return "the answer is too large";
        switch ((int)code) {
        case CURLE_OK:
                return NULL;
        case CURLE_COULDNT_CONNECT:
                return "cannot connect";
        case CURLE_OPERATION_TIMEDOUT:
                return "no answer in time";
        case CURLE_GOT_NOTHING:
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR:
        case CURLE_PARTIAL_FILE:
                return "the connection broke";
        default:
                return curl_easy_strerror(code);
        }
}

static void fill_answer(struct visitor *v, struct visit_answer *a) {
        curl_off_t retry = 0;
        long status = 0;

        curl_easy_getinfo(v->curl, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(v->curl, CURLINFO_RETRY_AFTER, &retry);
        a->status = (int)status;
        a->retry_after_s = retry > 0 && retry < INT32_MAX ? (int)retry : 0;
}

static void finish(struct visitor *v, CURLcode code) {
        struct visit_answer a = { .trouble = trouble_of(v, code),
                                  .text = v->body.data ? v->body.data : "",
                                  .n = v->body.len,
                                  .began_us = v->began_us,
                                  .ended_us = clock_mono_us() };
        struct buf body;

        if (!a.trouble && !v->connect_only)
                fill_answer(v, &a);
        curl_multi_remove_handle(v->multi, v->curl);
        v->away = false;
        /* The next visit may begin before this answer is forgotten. */
        body = v->body;
        v->body = (struct buf){ 0 };
        v->done(v->arg, &a);
        buf_done(&body);
}

/* Curl has something to say.  The visitor may be gone after this. */
static void look(struct visitor *v) {
        CURLMsg *msg;
        int left;

        /* There is one visit, so at most one message that matters. */
        while ((msg = curl_multi_info_read(v->multi, &left))) {
                if (msg->msg == CURLMSG_DONE) {
                        finish(v, msg->data.result);
                        return;
                }
        }
}

/* --- curl on the loop --- */

static void on_ready(uv_poll_t *poll, int status, int events) {
        struct socket *s = container_of(poll, struct socket, poll);
        struct visitor *v = s->visitor;
        int flags = 0, running;

        if (status < 0)
                flags = CURL_CSELECT_ERR;
        if (events & UV_READABLE)
                flags |= CURL_CSELECT_IN;
        if (events & UV_WRITABLE)
                flags |= CURL_CSELECT_OUT;
        curl_multi_socket_action(v->multi, s->fd, flags, &running);
        look(v);
}

static void on_poll_closed(uv_handle_t *handle) {
        free(container_of((uv_poll_t *)handle, struct socket, poll));
}

static void drop(struct socket *s) {
        s->visitor = NULL;
        uv_poll_stop(&s->poll);
        uv_close((uv_handle_t *)&s->poll, on_poll_closed);
}

static struct socket *socket_new(struct visitor *v, curl_socket_t fd) {
        struct socket *s = calloc(1, sizeof(*s));

        if (!s)
                abort();
        s->visitor = v;
        s->fd = fd;
        if (uv_poll_init_socket(loop_uv(v->shared->loop), &s->poll, fd) < 0)
                abort(); /* no memory, or the descriptor is none */
        curl_multi_assign(v->multi, fd, s);
        return s;
}

static int on_socket(CURL *curl _unused_, curl_socket_t fd, int what, void *arg, void *of_socket) {
        struct socket *s = of_socket;
        struct visitor *v = arg;
        int events = 0;

        if (what == CURL_POLL_REMOVE) {
                if (s)
                        drop(s);
                curl_multi_assign(v->multi, fd, NULL);
                return 0;
        }
        if (!s)
                s = socket_new(v, fd);
        if (what & CURL_POLL_IN)
                events |= UV_READABLE;
        if (what & CURL_POLL_OUT)
                events |= UV_WRITABLE;
        return uv_poll_start(&s->poll, events, on_ready) < 0 ? -1 : 0;
}

static int on_timer_wanted(CURLM *multi _unused_, long timeout_ms, void *arg) {
        struct visitor *v = arg;

        if (timeout_ms < 0)
                loop_timer_stop(&v->timer);
        else
                loop_timer_set(&v->timer, timeout_ms);
        return 0;
}

static void on_timer(void *arg) {
        struct visitor *v = arg;
        int running;

        curl_multi_socket_action(v->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        look(v);
}

/* --- visits --- */

static size_t on_data(char *data, size_t size, size_t n, void *arg) {
        struct visitor *v = arg;

        n *= size;
        v->too_large = n > v->max_bytes - v->body.len;
        if (v->too_large)
                return 0;
        buf_add(&v->body, data, n);
        return n;
}

static CURLcode on_tls(CURL *curl _unused_, void *ctx, void *arg) {
        struct visitors *shared = arg;

        SSL_CTX_set1_cert_store(ctx, shared->trusted);
        return CURLE_OK;
}

static void add_header(struct visitor *v, const char *text) {
        struct curl_slist *more = curl_slist_append(v->headers, text);

        if (!more)
                abort();
        v->headers = more;
}

static void set_headers(struct visitor *v, const struct visit *visit) {
        _cleanup_buf_ struct buf type = { 0 };

        curl_slist_free_all(v->headers);
        v->headers = NULL;
        add_header(v, "Expect:"); /* whose answer would be waited for */
        if (visit->content_type) {
                buf_printf(&type, "Content-Type: %s", visit->content_type);
                add_header(v, type.data);
        }
        for (const char *const *h = visit->headers; h && *h; h++)
                add_header(v, *h);
        curl_easy_setopt(v->curl, CURLOPT_HTTPHEADER, v->headers);
}

static void set_method(struct visitor *v, const struct visit *visit) {
        if (visit->body || strcmp(visit->method, "POST") == 0) {
                curl_easy_setopt(v->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)visit->n);
                curl_easy_setopt(v->curl, CURLOPT_COPYPOSTFIELDS, visit->body ? visit->body : "");
        } else {
                curl_easy_setopt(v->curl, CURLOPT_HTTPGET, 1L);
        }
        curl_easy_setopt(v->curl, CURLOPT_CUSTOMREQUEST, visit->method);
}

/* What differs from one visit to the next. */
static void set_visit(struct visitor *v, const struct visit *visit) {
        curl_easy_setopt(v->curl, CURLOPT_TIMEOUT_MS, (long)visit->timeout_ms);
        curl_easy_setopt(v->curl, CURLOPT_URL, visit->url);
        curl_easy_setopt(v->curl, CURLOPT_CONNECT_ONLY, visit->connect_only ? 1L : 0L);
        set_headers(v, visit);
        set_method(v, visit);
}

void visitor_go(struct visitor *v, const struct visit *visit, visit_done *done, void *arg) {
        assert(loop_is_mine(v->shared->loop) && !v->away);
        set_visit(v, visit);
        v->away = true;
        v->too_large = false;
        v->connect_only = visit->connect_only;
        v->max_bytes = visit->max_bytes;
        v->done = done;
        v->arg = arg;
        v->began_us = clock_mono_us();
        buf_clear(&v->body);
        /* It sets the timer, so that the first step is taken by the loop. */
        if (curl_multi_add_handle(v->multi, v->curl) != CURLM_OK)
                abort();
}

bool visitor_is_away(const struct visitor *v) { return v->away; }

/* --- life --- */

static void init_curl(void) {
        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
                abort();
}

int visitors_new(struct loop *loop, const struct visitors_config *config, struct visitors **ret,
                 struct err *err) {
        static pthread_once_t once = PTHREAD_ONCE_INIT;
        struct visitors *v = calloc(1, sizeof(*v));

        if (!v || !(v->user_agent = strdup(config->user_agent)) || !(v->trusted = X509_STORE_new()))
                abort();
        pthread_once(&once, init_curl);
        v->loop = loop;
        if (config->resolve && !(v->resolve = curl_slist_append(NULL, config->resolve)))
                abort();
        if (X509_STORE_set_default_paths(v->trusted) != 1) {
                visitors_free(v);
                return err_set(err, ERR_UNAVAILABLE, "the trusted certificates cannot be read");
        }
        *ret = v;
        return 0;
}

struct visitors *visitors_free(struct visitors *v) {
        if (!v)
                return NULL;
        X509_STORE_free(v->trusted);
        curl_slist_free_all(v->resolve);
        free(v->user_agent);
        free(v);
        return NULL;
}

/* What is the same for all visits. */
static void set_up(struct visitor *v) {
        CURL *c = v->curl;

        curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
        curl_easy_setopt(c, CURLOPT_COOKIEFILE, ""); /* cookies are kept */
        curl_easy_setopt(c, CURLOPT_PROXY, "");
        curl_easy_setopt(c, CURLOPT_USERAGENT, v->shared->user_agent);
        curl_easy_setopt(c, CURLOPT_RESOLVE, v->shared->resolve);
        curl_easy_setopt(c, CURLOPT_CAINFO, NULL); /* on_tls() says whom to trust */
        curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
        curl_easy_setopt(c, CURLOPT_SSL_CTX_FUNCTION, on_tls);
        curl_easy_setopt(c, CURLOPT_SSL_CTX_DATA, v->shared);
        curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
        curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_data);
        curl_easy_setopt(c, CURLOPT_WRITEDATA, v);
        curl_multi_setopt(v->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
        curl_multi_setopt(v->multi, CURLMOPT_SOCKETDATA, v);
        curl_multi_setopt(v->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
        curl_multi_setopt(v->multi, CURLMOPT_TIMERDATA, v);
}

struct visitor *visitor_new(struct visitors *shared) {
        struct visitor *v = calloc(1, sizeof(*v));

        if (!v || !(v->multi = curl_multi_init()) || !(v->curl = curl_easy_init()))
                abort();
        v->shared = shared;
        loop_timer_init(&v->timer, shared->loop, on_timer, v);
        set_up(v);
        return v;
}

static void on_closed(void *arg) {
        struct visitor *v = arg;

        buf_done(&v->body);
        free(v);
}

void visitor_close(struct visitor *v) {
        if (!v)
                return;
        assert(loop_is_mine(v->shared->loop));
        if (v->away)
                curl_multi_remove_handle(v->multi, v->curl);
        curl_easy_cleanup(v->curl);
        curl_multi_cleanup(v->multi); /* says good-bye to its sockets */
        curl_slist_free_all(v->headers);
        loop_timer_close(&v->timer, on_closed);
}
