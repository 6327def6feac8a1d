#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "runtime/docker_http.h"

#define SOCKET_DEFAULT "/var/run/docker.sock"
#define CONNECT_MS     5000
#define IDLE_MAX       16 /* connections kept for the next calls */
#define POLL_MS        250

struct docker_http {
        struct arena arena; /* the texts below */
        const char *socket; /* NULL over TCP */
        const char *base;   /* "http://docker" or "https://host:port" */
        const char *host, *ca, *cert, *key;
        pthread_mutex_t lock; /* of the next two */
        CURL *idle[IDLE_MAX];
        size_t n_idle;
};

/* One transfer. */
struct transfer {
        CURL *curl;
        struct buf *answer;
        const struct docker_taker *taker; /* NULL: all goes into the answer */
        bool stopped, too_much;
        char problem[CURL_ERROR_SIZE];
};

/* Opening. */

static int set_tcp(struct docker_http *h, const char *rest, struct err *err) {
        char *where = arena_printf(&h->arena, "%s", rest), *query = strchr(where, '?');
        char *colon = strrchr(where, ':');
        int64_t port = 2376;
        const char *dir;

        if (query)
                *query++ = '\0';
        if (query && strncmp(query, "cert=", 5) != 0)
                return err_set(err, ERR_INVALID, "unknown option \"%s\"", query);
        if (colon && !strchr(colon, ']')) {
                if (str_to_int(colon + 1, 1, 65535, &port, err) < 0)
                        return err_wrap(err, "port");
                *colon = '\0';
        }
        if (!where[0] || strchr(where, '/') || strchr(where, '@'))
                return err_set(err, ERR_INVALID, "\"%s\" is no host", where);
        h->host = where;
        dir = query ? query + 5 : NULL;
        h->base = arena_printf(&h->arena, "%s://%s:%d", dir ? "https" : "http", where, (int)port);
        if (!dir)
                return 0;
        h->ca = arena_printf(&h->arena, "%s/ca.pem", dir);
        h->cert = arena_printf(&h->arena, "%s/cert.pem", dir);
        h->key = arena_printf(&h->arena, "%s/key.pem", dir);
        return 0;
}

static int set_address(struct docker_http *h, const char *rest, struct err *err) {
        if (rest[0] != '\0' && strncmp(rest, "//", 2) != 0)
                return err_set(err, ERR_INVALID,
                               "after \"docker:\" comes // and a socket or a host");
        if (rest[0] != '\0' && rest[2] != '/')
                return set_tcp(h, rest + 2, err);
        h->socket = rest[0] ? arena_printf(&h->arena, "%s", rest + 2) : SOCKET_DEFAULT;
        h->base = "http://docker";
        if (strlen(h->socket) > 107)
                return err_set(err, ERR_INVALID, "the socket's path is longer than 107 bytes");
        return 0;
}

static void init_curl(void) {
        if (curl_global_init(CURL_GLOBAL_ALL) != 0)
                abort();
}

int docker_http_new(const char *rest, struct docker_http **ret, struct err *err) {
        static pthread_once_t once = PTHREAD_ONCE_INIT;
        struct docker_http *h = calloc(1, sizeof(*h));

        pthread_once(&once, init_curl);
        if (!h)
                abort();
        pthread_mutex_init(&h->lock, NULL);
        if (set_address(h, rest, err) < 0) {
                docker_http_free(h);
                return -1;
        }
        *ret = h;
        return 0;
}

struct docker_http *docker_http_free(struct docker_http *h) {
        if (!h)
                return NULL;
        for (size_t i = 0; i < h->n_idle; i++)
                curl_easy_cleanup(h->idle[i]);
        pthread_mutex_destroy(&h->lock);
        arena_done(&h->arena);
        free(h);
        return NULL;
}

const char *docker_http_host(const struct docker_http *h) { return h->host; }

/* Handles: each keeps its connection. */

static CURL *take_handle(struct docker_http *h) {
        CURL *curl = NULL;

        pthread_mutex_lock(&h->lock);
        if (h->n_idle)
                curl = h->idle[--h->n_idle];
        pthread_mutex_unlock(&h->lock);
        if (!curl && !(curl = curl_easy_init()))
                abort();
        return curl;
}

static void give_handle(struct docker_http *h, CURL *curl) {
        curl_easy_reset(curl); /* forgets the options, keeps the connection */
        pthread_mutex_lock(&h->lock);
        if (h->n_idle < IDLE_MAX) {
                h->idle[h->n_idle++] = curl;
                curl = NULL;
        }
        pthread_mutex_unlock(&h->lock);
        if (curl)
                curl_easy_cleanup(curl);
}

/* One transfer. */

static size_t on_data(char *data, size_t size, size_t n, void *arg) {
        struct transfer *t = arg;
        long status = 0;

        n *= size;
        curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
        if (t->taker && status < 400) {
                t->stopped = !t->taker->take(t->taker->arg, data, n);
                return t->stopped ? 0 : n;
        }
        if (t->answer->len + n > (t->taker ? DOCKER_ERROR_MAX : DOCKER_ANSWER_MAX)) {
                t->too_much = true;
                return 0;
        }
        buf_add(t->answer, data, n);
        return n;
}

static struct curl_slist *set_body(CURL *curl, const struct docker_request *r) {
        struct curl_slist *headers = NULL;
        char type[128];

        if (strcmp(r->method, "GET") == 0)
                return NULL;
        snprintf(type, sizeof(type), "Content-Type: %s", r->type ? r->type : "application/json");
        headers = curl_slist_append(headers, type);
        headers = curl_slist_append(headers, "Expect:");
        if (!headers)
                abort();
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, r->method);
        if (strcmp(r->method, "DELETE") != 0) {
                curl_easy_setopt(curl, CURLOPT_POSTFIELDS, r->body ? r->body : "");
                curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_bytes);
        }
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        return headers;
}

static void set_peer(const struct docker_http *h, CURL *curl) {
        if (h->socket)
                curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, h->socket);
        curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
        if (!h->ca)
                return;
        curl_easy_setopt(curl, CURLOPT_CAINFO, h->ca);
        curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
        curl_easy_setopt(curl, CURLOPT_SSLCERT, h->cert);
        curl_easy_setopt(curl, CURLOPT_SSLKEY, h->key);
        curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
}

static void set_options(const struct docker_http *h, struct transfer *t,
                        const struct docker_request *r, const char *url) {
        CURL *curl = t->curl;

        curl_easy_setopt(curl, CURLOPT_URL, url);
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)r->timeout_ms);
        curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, t->problem);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
        set_peer(h, curl);
}

static enum err_kind kind_of(CURLcode code) {
        switch ((int)code) {
        case CURLE_OPERATION_TIMEDOUT:
                return ERR_TIMEOUT;
        case CURLE_WRITE_ERROR: /* we did not want more of it */
        case CURLE_WEIRD_SERVER_REPLY:
        case CURLE_UNSUPPORTED_PROTOCOL: /* an answer that is not HTTP/1 */
        case CURLE_BAD_CONTENT_ENCODING:
        case CURLE_PARTIAL_FILE:
                return ERR_GARBLED;
        default:
                return ERR_UNAVAILABLE;
        }
}

static int finish(const struct docker_http *h, struct transfer *t, CURLcode code, int *status,
                  struct err *err) {
        long got = 0;

        if (t->too_much)
                return err_set(err, ERR_GARBLED, "the engine's answer is longer than it may be");
        if (code != CURLE_OK && !t->stopped)
                return err_set(err, kind_of(code), "engine at %s: %s",
                               h->socket ? h->socket : h->base,
                               t->problem[0] ? t->problem : curl_easy_strerror(code));
        curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &got);
        *status = (int)got;
        return 0;
}

int docker_http_call(struct docker_http *h, const struct docker_request *request, int *status,
                     struct buf *answer, struct err *err) {
        struct transfer t = { .curl = take_handle(h), .answer = answer };
        _cleanup_arena_ struct arena arena = { 0 };
        struct curl_slist *headers;
        int result;

        set_options(h, &t, request, arena_printf(&arena, "%s%s", h->base, request->path));
        headers = set_body(t.curl, request);
        result = finish(h, &t, curl_easy_perform(t.curl), status, err);
        give_handle(h, t.curl);
        curl_slist_free_all(headers);
        return result;
}

static CURLcode run_stream(CURLM *multi, struct transfer *t) {
        const bool *cancel = t->taker->cancel;
        int running = 1, left;
        CURLMsg *msg;

        while (running) {
                if (curl_multi_perform(multi, &running) != CURLM_OK)
                        return CURLE_OUT_OF_MEMORY;
                if (cancel && __atomic_load_n(cancel, __ATOMIC_RELAXED)) {
                        t->stopped = true;
                        return CURLE_OK;
                }
                if (running && curl_multi_poll(multi, NULL, 0, POLL_MS, NULL) != CURLM_OK)
                        return CURLE_OUT_OF_MEMORY;
        }
        msg = curl_multi_info_read(multi, &left);
        return msg ? msg->data.result : CURLE_OK;
}

int docker_http_stream(struct docker_http *h, const struct docker_request *request,
                       const struct docker_taker *taker, int *status, struct buf *answer,
                       struct err *err) {
        struct transfer t = { .curl = curl_easy_init(), .answer = answer, .taker = taker };
        _cleanup_arena_ struct arena arena = { 0 };
        CURLM *multi = curl_multi_init();
        struct curl_slist *headers;
        int result;

        if (!t.curl || !multi)
                abort();
        set_options(h, &t, request, arena_printf(&arena, "%s%s", h->base, request->path));
        headers = set_body(t.curl, request);
        curl_multi_add_handle(multi, t.curl);
        result = finish(h, &t, run_stream(multi, &t), status, err);
        curl_multi_remove_handle(multi, t.curl);
        curl_easy_cleanup(t.curl);
        curl_multi_cleanup(multi);
        curl_slist_free_all(headers);
        return result;
}
