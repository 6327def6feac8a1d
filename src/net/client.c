#include "net/client.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define CONNECT_TIMEOUT_MS 10000

/* An answer on its way in. */
struct answer {
        client_sink *sink;
        void *arg;
        CURL *curl;
        int *status;
        struct buf body;
        size_t max;
        bool too_large, stopped;
};

static void curlp(CURL **c) { curl_easy_cleanup(*c); }
static void slistp(struct curl_slist **l) { curl_slist_free_all(*l); }
static void answer_done(struct answer *a) { buf_done(&a->body); }

static void init(void) {
        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
                abort();
}

static int retry_after_of(CURL *c) {
        curl_off_t seconds = 0;

        curl_easy_getinfo(c, CURLINFO_RETRY_AFTER, &seconds);
        return seconds > 0 && seconds < INT32_MAX ? (int)seconds : 0;
}

static int status_of(CURL *c) {
        long got = 0;

        curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &got);
        return (int)got;
}

static size_t on_data(char *data, size_t size, size_t n, void *arg) {
        struct answer *a = arg;

        n *= size;
        if (a->sink) {
                *a->status = status_of(a->curl);
                a->stopped = !a->sink(a->arg, data, n);
                return a->stopped ? 0 : n;
        }
        a->too_large = n > a->max - a->body.len;
        if (a->too_large)
                return 0;
        buf_add(&a->body, data, n);
        return n;
}

static int add_header(struct curl_slist **list, const char *text, struct err *err) {
        struct curl_slist *more;

        if (strpbrk(text, "\r\n"))
                return err_set(err, ERR_INVALID, "a header has a line break in it");
        more = curl_slist_append(*list, text);
        if (!more)
                abort();
        *list = more;
        return 0;
}

static int add_named(struct curl_slist **list, const char *name, const char *value,
                     struct err *err) {
        _cleanup_buf_ struct buf text = { 0 };

        if (!value)
                return 0;
        buf_str(&text, name);
        buf_str(&text, value);
        return add_header(list, text.data, err);
}

static int add_headers(struct curl_slist **list, const struct client_request *r, struct err *err) {
        /* curl would wait a second for the answer to its Expect. */
        if (add_header(list, "Expect:", err) < 0 ||
            add_named(list, "Authorization: Bearer ", r->token, err) < 0 ||
            add_named(list, "Content-Type: ", r->content_type, err) < 0)
                return -1;
        return 0;
}

static void set_up(CURL *c, const struct client_request *r, struct curl_slist *headers,
                   struct answer *a) {
        curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(c, CURLOPT_URL, r->url);
        curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
        curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)r->timeout_ms);
        curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_data);
        curl_easy_setopt(c, CURLOPT_WRITEDATA, a);
        curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, r->method);
        if (strcmp(r->method, "HEAD") == 0)
                curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
        if (!r->body && strcmp(r->method, "POST") != 0)
                return;
        curl_easy_setopt(c, CURLOPT_POSTFIELDS, r->body ? r->body : "");
        curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(r->body ? r->n : 0));
}

static int fail(CURLcode code, const struct client_request *r, const char *why, struct err *err) {
        enum err_kind kind = ERR_UNAVAILABLE;

        if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
                kind = ERR_INVALID;
        else if (code == CURLE_OPERATION_TIMEDOUT)
                kind = ERR_TIMEOUT;
        return err_set(err, kind, "%s %s: %s", r->method, r->url,
                       *why ? why : curl_easy_strerror(code));
}

int client_do(const struct client_request *request, client_sink *sink, void *arg, int *status,
              struct buf *body, struct err *err) {
        static pthread_once_t once = PTHREAD_ONCE_INIT;
        _cleanup_(answer_done) struct answer a = {
                .sink = sink, .arg = arg, .status = status, .max = request->max_bytes
        };
        _cleanup_(slistp) struct curl_slist *headers = NULL;
        _cleanup_(curlp) CURL *c = NULL;
        char why[CURL_ERROR_SIZE] = "";
        CURLcode code;

        pthread_once(&once, init);
        a.curl = c = curl_easy_init();
        if (!c)
                abort();
        if (add_headers(&headers, request, err) < 0)
                return -1;
        set_up(c, request, headers, &a);
        curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why);
        code = curl_easy_perform(c);
        if (a.too_large)
                return err_set(err, ERR_TOO_LARGE, "%s %s: the answer has more than %zu bytes",
                               request->method, request->url, request->max_bytes);
        if (code != CURLE_OK && !a.stopped)
                return fail(code, request, why, err);
        *status = status_of(c);
        if (request->retry_after_s)
                *request->retry_after_s = retry_after_of(c);
        if (!sink)
                buf_add(body, a.body.data, a.body.len);
        return 0;
}
