/* The Docker runtime: calls, and what needs no more than one. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/json.h"
#include "base/str.h"
#include "runtime/docker.h"

struct docker *docker(struct runtime *rt) {
        return container_of(rt, struct docker, base);
}

/* Opening. */

static void docker_free(struct runtime *rt) {
        struct docker *d = docker(rt);

        docker_http_free(d->http);
        docker_net_done(&d->net);
        pthread_cond_destroy(&d->idle);
        pthread_mutex_destroy(&d->lock);
        arena_done(&d->arena);
        free(d);
}

static int docker_open(const char *rest, const struct runtime_config *config, struct runtime **ret,
                       struct err *err) {
        struct docker_http *http;
        struct docker *d;
        const char *host;

        if (docker_http_new(rest, &http, err) < 0)
                return -1;
        d = calloc(1, sizeof(*d));
        if (!d)
                abort();
        host = docker_http_host(http);
        d->http = http;
        pthread_mutex_init(&d->lock, NULL);
        pthread_cond_init(&d->idle, NULL);
        docker_net_init(&d->net, config, !host);
        d->install = arena_printf(&d->arena, "%s", config->install);
        d->allowed = runtime_copy_texts(&d->arena, config->allowed_images);
        d->publish = config->publish_ports;
        if (config->publish_ports)
                d->published_host = arena_printf(&d->arena, "%s",
                                                 config->publish_host ? config->publish_host :
                                                 host                 ? host :
                                                                        "127.0.0.1");
        *ret = &d->base;
        return 0;
}

static bool docker_remote(const struct runtime *rt) {
        const struct docker *d = (const struct docker *)rt; /* base is its first member */

        return docker_http_host(d->http) != NULL;
}

/* Calls. */

/* What the text of a status of 400 and above means. */
static int refused(int status, const struct buf *answer, struct err *err) {
        char message[200];

        docker_json_message(answer->data, answer->len, message);
        return docker_refusal(status, message, err);
}

static int raw_call(struct docker *d, const struct docker_request *request, struct buf *answer,
                    struct err *err) {
        int status = 0;

        buf_clear(answer);
        if (fault_here("docker.http", err) ||
            docker_http_call(d->http, request, &status, answer, err) < 0 ||
            fault_here("docker.answer", err))
                return -1;
        if (status < 200)
                return err_set(err, ERR_GARBLED, "the engine answers with status %d", status);
        return status >= 400 ? refused(status, answer, err) : 0;
}

static int ask_version(struct docker *d, int timeout_ms, struct docker_version *ret,
                       struct err *err) {
        const struct docker_request request = { .method = "GET",
                                                .path = "/version",
                                                .timeout_ms = timeout_ms };
        _cleanup_buf_ struct buf answer = { 0 };

        if (raw_call(d, &request, &answer, err) < 0 ||
            docker_json_version(answer.data, answer.len, ret, err) < 0)
                return -1;
        pthread_mutex_lock(&d->lock);
        d->version = *ret;
        pthread_mutex_unlock(&d->lock);
        return 0;
}

int docker_negotiate(struct docker *d, struct docker_version *ret, struct err *err) {
        pthread_mutex_lock(&d->lock);
        *ret = d->version;
        pthread_mutex_unlock(&d->lock);
        return ret->api[0] ? 0 : ask_version(d, INSPECT_MS, ret, err);
}

/* The engine may come back as another version. */
static void forget_version(struct docker *d, const struct err *err) {
        if (err->kind != ERR_UNAVAILABLE && !strstr(err->msg, "API version"))
                return;
        pthread_mutex_lock(&d->lock);
        d->version = (struct docker_version){ 0 };
        pthread_mutex_unlock(&d->lock);
}

static int call_as(struct docker *d, const struct docker_request *request, struct buf *answer,
                   struct err *err) {
        struct docker_request versioned = *request;
        _cleanup_arena_ struct arena arena = { 0 };
        struct docker_version version;

        if (docker_negotiate(d, &version, err) < 0)
                return -1;
        versioned.path = arena_printf(&arena, "/v%s%s", version.api, request->path);
        if (raw_call(d, &versioned, answer, err) < 0) {
                forget_version(d, err);
                return -1;
        }
        return 0;
}

int docker_call(struct docker *d, const char *method, const char *path, const struct buf *body,
                int timeout_ms, struct buf *answer, struct err *err) {
        struct docker_request request = {
                .method = method,
                .path = path,
                .body = body ? body->data : NULL,
                .body_bytes = body ? body->len : 0,
                .timeout_ms = timeout_ms,
        };

        return call_as(d, &request, answer, err);
}

int docker_upload(struct docker *d, const char *name, const char *dir, const struct buf *tar,
                  struct err *err) {
        _cleanup_buf_ struct buf path = { 0 }, answer = { 0 };
        struct docker_request request = {
                .method = "PUT",
                .type = "application/x-tar",
                .body = tar->data,
                .body_bytes = tar->len,
                .timeout_ms = CREATE_MS,
        };

        buf_printf(&path, "/containers/%s/archive?path=", name);
        docker_escape(&path, dir);
        request.path = path.data;
        return call_as(d, &request, &answer, err);
}

int docker_follow(struct docker *d, const struct docker_request *request,
                  const struct docker_taker *taker, struct err *err) {
        struct docker_request versioned = *request;
        _cleanup_arena_ struct arena arena = { 0 };
        _cleanup_buf_ struct buf answer = { 0 };
        struct docker_version version;
        int status = 0;

        if (docker_negotiate(d, &version, err) < 0)
                return -1;
        versioned.path = arena_printf(&arena, "/v%s%s", version.api, request->path);
        if (fault_here("docker.stream", err) ||
            docker_http_stream(d->http, &versioned, taker, &status, &answer, err) < 0) {
                forget_version(d, err);
                return -1;
        }
        return status >= 400 ? refused(status, &answer, err) : 0;
}

void docker_escape(struct buf *b, const char *text) {
        for (; *text; text++)
                if (isalnum((unsigned char)*text) || strchr("-._~/", *text))
                        buf_char(b, *text);
                else
                        buf_printf(b, "%%%02X", (unsigned char)*text);
}

/* Looking. */

int docker_get(struct docker *d, const char *name, struct docker_container *ret, struct err *err) {
        _cleanup_buf_ struct buf answer = { 0 };
        char path[128];

        snprintf(path, sizeof(path), "/containers/%s/json", name);
        if (docker_call(d, "GET", path, NULL, INSPECT_MS, &answer, err) < 0)
                return -1;
        return docker_json_container(answer.data, answer.len, d->published_host, ret, err);
}

int docker_get_ours(struct docker *d, const char *name, struct docker_container *ret,
                    struct err *err) {
        if (docker_get(d, name, ret, err) < 0)
                return -1;
        if (strcmp(ret->install, d->install) != 0)
                return err_set(err, ERR_NOT_FOUND, "%s is another install's", name);
        return 0;
}

void docker_holder_name(const char *name, char ret[HOLDER_NAME_MAX]) {
        snprintf(ret, HOLDER_NAME_MAX, "%s.flag", name);
}

/* A flag's holder that a crash has left is shown as the half-made instance it was for, so that
 * who removes orphans removes it. */
static void show_holder(struct docker_container *c) {
        str_copy(c->instance.name, sizeof(c->instance.name), c->holder_of);
}

static bool has_instance(const struct docker_container *all, size_t n, const char *name) {
        for (size_t i = 0; i < n; i++)
                if (!all[i].holder_of[0] && strcmp(all[i].instance.name, name) == 0)
                        return true;
        return false;
}

static int docker_inspect(struct runtime *rt, const char *name, struct instance *ret,
                          struct err *err) {
        struct docker *d = docker(rt);
        struct docker_container c;
        char holder[HOLDER_NAME_MAX];
        struct err why;

        if (docker_get_ours(d, name, &c, err) == 0) {
                *ret = c.instance;
                return 0;
        }
        docker_holder_name(name, holder);
        if (err->kind != ERR_NOT_FOUND || docker_get_ours(d, holder, &c, &why) < 0)
                return -1;
        show_holder(&c);
        *ret = c.instance;
        return 0;
}

static int docker_list(struct runtime *rt, struct arena *arena, struct instance **ret, size_t *n,
                       struct err *err) {
        _cleanup_buf_ struct buf path = { 0 }, filter = { 0 }, answer = { 0 };
        _cleanup_arena_ struct arena scratch = { 0 };
        struct docker *d = docker(rt);
        struct docker_container *all;
        struct instance *shown;
        size_t n_all, n_shown = 0;

        buf_printf(&filter, "{\"label\":[\"" LABEL_INSTALL "=%s\"]}", d->install);
        buf_str(&path, "/containers/json?all=1&filters=");
        docker_escape(&path, filter.data);
        if (docker_call(d, "GET", path.data, NULL, REMOVE_MS, &answer, err) < 0 ||
            docker_json_list(answer.data, answer.len, d->published_host, &scratch, &all, &n_all,
                             err) < 0)
                return -1;
        shown = arena_alloc(arena, (n_all + 1) * sizeof(*shown));
        for (size_t i = 0; i < n_all; i++) {
                if (all[i].holder_of[0] && has_instance(all, n_all, all[i].holder_of))
                        continue;
                if (all[i].holder_of[0])
                        show_holder(&all[i]);
                shown[n_shown++] = all[i].instance;
        }
        *ret = shown;
        *n = n_shown;
        return 0;
}

static int docker_stats(struct runtime *rt, const char *name, struct usage *ret, struct err *err) {
        _cleanup_buf_ struct buf answer = { 0 };
        struct docker *d = docker(rt);
        struct docker_container c;
        char path[128];

        if (docker_get_ours(d, name, &c, err) < 0)
                return -1;
        snprintf(path, sizeof(path), "/containers/%s/stats?stream=false&one-shot=true", name);
        if (docker_call(d, "GET", path, NULL, INSPECT_MS, &answer, err) < 0)
                return -1;
        return docker_json_usage(answer.data, answer.len, ret, err);
}

static int ask_info(struct docker *d, char *problem, size_t room, struct err *err) {
        _cleanup_buf_ struct buf answer = { 0 };

        if (docker_call(d, "GET", "/info", NULL, HEALTH_MS, &answer, err) < 0)
                return -1;
        return docker_json_info(answer.data, answer.len, problem, room, err);
}

static void docker_health(struct runtime *rt, struct runtime_health *ret) {
        struct docker *d = docker(rt);
        struct docker_version version;
        struct err err;

        if (ask_version(d, HEALTH_MS, &version, &err) < 0 ||
            ask_info(d, ret->problem, sizeof(ret->problem), &err) < 0) {
                str_copy(ret->problem, sizeof(ret->problem), err.msg);
        } else {
                ret->up = true;
                str_copy(ret->version, sizeof(ret->version), version.version);
        }
        docker_net_health(d, ret);
}

const struct runtime_driver runtime_docker = {
        .scheme = "docker",
        .open = docker_open,
        .free = docker_free,
        .remote = docker_remote,
        .pull = docker_pull,
        .has_image = docker_has_image,
        .start = docker_start,
        .stop = docker_stop,
        .inspect = docker_inspect,
        .list = docker_list,
        .stats = docker_stats,
        .exec = docker_exec,
        .logs = docker_logs,
        .events = docker_events,
        .health = docker_health,
};
