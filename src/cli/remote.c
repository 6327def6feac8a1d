#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "cli/remote.h"
#include "net/client.h"

#define ANSWER_MAX  ((size_t)16 * 1024 * 1024)
#define ENDLESS_MS  (24 * 3600 * 1000)
#define PROBLEM_MAX ((size_t)64 * 1024)
#define PATIENCE_S  120 /* with a limit on requests */

static const char *from(const char *option, const char *variable, const char *def) {
        const char *v = option ? option : getenv(variable);

        return v && *v ? v : def;
}

static void url_of(const struct call *call, const char *path, struct buf *ret) {
        const char *base = from(call->options[OPTION_URL], "BERTH_URL", "http://127.0.0.1:8080");
        size_t n = strlen(base);

        while (n > 0 && base[n - 1] == '/')
                n--;
        buf_add(ret, base, n);
        buf_str(ret, path);
}

/* ERR out of a problem document; of the bare status when it is none. */
static int problem(int status, const char *text, size_t n, struct err *err) {
        _cleanup_json_ json_t *json = NULL;
        const char *code = "", *title = "", *detail = "";
        enum err_kind kind = status >= 500 ? ERR_UNAVAILABLE : ERR_INVALID;
        struct err ignored;

        if (json_parse(text, n, &json, &ignored) < 0 || !json_is_object(json) ||
            json_get_text(json, "code", "", &code, &ignored) < 0 ||
            json_get_text(json, "title", "", &title, &ignored) < 0 ||
            json_get_text(json, "detail", "", &detail, &ignored) < 0 || !*code)
                return err_set(err, status == 404 ? ERR_NOT_FOUND : kind,
                               "the server answered HTTP %d; is it Berth?", status);
        for (int k = 0; k < _ERR_N; k++) {
                if (strcmp(code, err_code((enum err_kind)k)) == 0)
                        kind = (enum err_kind)k;
        }
        return err_set(err, kind, "%s", *detail ? detail : title);
}

/* One try.  *wait_s: when to try again; 0: not. */
static int try_once(struct client_request request, int *wait_s, json_t **ret, struct err *err) {
        _cleanup_buf_ struct buf answer = { 0 };
        int status;

        *wait_s = 0;
        request.retry_after_s = wait_s;
        buf_reserve(&answer, 1);
        if (client_do(&request, NULL, NULL, &status, &answer, err) < 0)
                return -1;
        if (status != 429)
                *wait_s = 0;
        else if (*wait_s == 0)
                *wait_s = 1;
        if (status >= 400)
                return problem(status, answer.data, answer.len, err);
        if (answer.len == 0) {
                *ret = json_object();
                return 0;
        }
        if (json_parse(answer.data, answer.len, ret, err) == 0)
                return 0;
        err->kind = ERR_GARBLED;
        return err_wrap(err, "the server's answer is no JSON");
}

/* The same until it is not told to wait, for at most PATIENCE_S in all. */
static int exchange(const struct call *call, const char *path, struct client_request *request,
                    int patience_s, json_t **ret, struct err *err) {
        _cleanup_buf_ struct buf url = { 0 };
        int wait_s = 0, waited_s = 0;

        url_of(call, path, &url);
        request->url = url.data;
        request->token = from(call->options[OPTION_TOKEN], "BERTH_TOKEN", NULL);
        request->timeout_ms = REMOTE_TIMEOUT_MS;
        request->max_bytes = ANSWER_MAX;
        while (try_once(*request, &wait_s, ret, err) < 0) {
                if (wait_s == 0 || waited_s + wait_s > patience_s)
                        return -1;
                sleep((unsigned)wait_s);
                waited_s += wait_s;
        }
        return 0;
}

static int exchange_json(const struct call *call, const char *method, const char *path,
                         const json_t *body, int patience_s, json_t **ret, struct err *err) {
        _cleanup_free_ char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
        struct client_request request = { .method = method,
                                          .content_type = text ? "application/json" : NULL,
                                          .body = text,
                                          .n = text ? strlen(text) : 0 };

        return exchange(call, path, &request, patience_s, ret, err);
}

int remote_call(const struct call *call, const char *method, const char *path, const json_t *body,
                json_t **ret, struct err *err) {
        return exchange_json(call, method, path, body, 0, ret, err);
}

int remote_insist(const struct call *call, const char *method, const char *path, const json_t *body,
                  json_t **ret, struct err *err) {
        return exchange_json(call, method, path, body, PATIENCE_S, ret, err);
}

int remote_send(const struct call *call, const char *method, const char *path, const void *data,
                size_t n, json_t **ret, struct err *err) {
        struct client_request request = { .method = method,
                                          .content_type = data ? "application/octet-stream" : NULL,
                                          .body = data,
                                          .n = n };

        return exchange(call, path, &request, PATIENCE_S, ret, err);
}

int remote_list(const struct call *call, const char *path, size_t max, json_t **ret,
                struct err *err) {
        _cleanup_json_ json_t *all = json_array();
        _cleanup_buf_ struct buf at = { 0 };

        buf_str(&at, path);
        for (;;) {
                _cleanup_json_ json_t *page = NULL;
                _cleanup_arena_ struct arena arena = { 0 };
                const char *next;
                json_t *items;

                if (remote_call(call, "GET", at.data, NULL, &page, err) < 0 ||
                    json_get_text(page, "next", NULL, &next, err) < 0)
                        return -1;
                items = json_object_get(page, "items");
                if (!json_is_array(items))
                        return err_set(err, ERR_GARBLED, "the server's answer is no list");
                json_array_extend(all, items);
                if (!next || (max && json_array_size(all) >= max))
                        break;
                buf_clear(&at);
                buf_str(&at, path);
                remote_query(&at, "cursor", next);
        }
        while (max && json_array_size(all) > max)
                json_array_remove(all, json_array_size(all) - 1);
        *ret = TAKE(all);
        return 0;
}

int remote_print(struct call *call, const char *path, const char *const *headings,
                 const char *const *columns) {
        _cleanup_json_ json_t *all = NULL;
        struct err err;

        if (remote_list(call, path, 0, &all, &err) < 0)
                return output_fail(call, &err);
        return output_items(call, all, all, headings, columns);
}

/* A refusal's body is kept for its message, everything else is printed. */
struct stream {
        int status;
        struct buf refusal;
};

static bool to_stdout(void *arg, const char *data, size_t n) {
        struct stream *s = arg;

        if (s->status < 400)
                return fwrite(data, 1, n, stdout) == n && fflush(stdout) == 0;
        buf_add(&s->refusal, data, n);
        return s->refusal.len < PROBLEM_MAX;
}

int remote_stream(const struct call *call, const char *path, bool endless, struct err *err) {
        _cleanup_buf_ struct buf url = { 0 };
        struct stream s = { 0 };
        struct client_request request = {
                .method = "GET",
                .token = from(call->options[OPTION_TOKEN], "BERTH_TOKEN", NULL),
                .timeout_ms = endless ? ENDLESS_MS : REMOTE_TIMEOUT_MS,
                .max_bytes = SIZE_MAX / 2,
        };
        int r;

        url_of(call, path, &url);
        request.url = url.data;
        r = client_do(&request, to_stdout, &s, &s.status, NULL, err);
        if (r == 0 && s.status >= 400)
                r = problem(s.status, s.refusal.data ? s.refusal.data : "", s.refusal.len, err);
        buf_done(&s.refusal);
        return r;
}

const char *remote_escape(const char *text, struct arena *arena) {
        char *out = arena_alloc(arena, 3 * strlen(text) + 1), *at = out;

        for (; *text; text++) {
                unsigned char c = (unsigned char)*text;

                if (isalnum(c) || strchr("-._~", c))
                        *at++ = (char)c;
                else
                        at += snprintf(at, 4, "%%%02X", c);
        }
        *at = '\0';
        return out;
}

void remote_query(struct buf *path, const char *key, const char *value) {
        _cleanup_arena_ struct arena arena = { 0 };

        if (value)
                buf_printf(path, "%c%s=%s", strchr(path->data, '?') ? '&' : '?', key,
                           remote_escape(value, &arena));
}
